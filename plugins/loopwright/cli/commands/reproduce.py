"""``loopwright reproduce``: train a version again from what was recorded, and say whether the same comes out."""

from __future__ import annotations

import click

from loopwright.cli.answer import as_document, coloured
from loopwright.cli.options import Setting, setting_options
from loopwright.cli.person import person

_MARKS = {"identical": "pass", "within_tolerance": "pass", "different": "fail"}


@click.command("reproduce")
@click.argument("model")
@click.argument("version", required=False)
@setting_options
def command(model: str, version: str | None, setting: Setting) -> int:
    """Train VERSION of MODEL, or its champion, again from the recorded rows, code, parameters and seed.

    The exit status is 1 when another model comes out. With --json: one document, {"outcome", "differ", "reasons", …}.
    """
    from loopwright.errors import NotReady
    from loopwright.ledger.store import Ledger
    from loopwright.loop.reproduce import reproduce

    setting.project.model(model)
    champion = Ledger.of(setting.workspace).model(model).champion
    if version is None and champion is None:
        raise NotReady("There is no champion.", where=f"model/{model}", mend="Name a version.")
    chosen = version or str((champion or {})["version"])
    found = reproduce(setting.workspace, model, chosen, actor=person())
    if setting.as_json:
        as_document(found.to_dict())
    else:
        click.echo(f"{coloured(_MARKS[found.outcome])} version {chosen} of {model}: {found.why}")
    return 1 if found.outcome == "different" else 0
