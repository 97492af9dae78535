"""``loopwright reproduce``: train a version again from what was recorded, and say whether the same comes out."""

from __future__ import annotations

import click

from loopwright.cli.answer import as_document, coloured
from loopwright.cli.options import Setting, setting_options
from loopwright.cli.person import person
from loopwright.cli.versions import named_or_champion

_MARKS = {"identical": "pass", "within_tolerance": "pass", "different": "fail", "erased": "inconclusive"}


@click.command("reproduce")
@click.argument("model")
@click.argument("version", required=False)
@setting_options
def command(model: str, version: str | None, setting: Setting) -> int:
    """Train VERSION of MODEL, or its champion, again from the recorded rows, code, parameters and seed.

    The exit status is 1 when another model comes out, or none can, since rows were erased on request. With --json: one
    document, {"outcome", "differ", "reasons", …}.
    """
    from loopwright.loop.reproduce import reproduce

    setting.project.model(model)
    chosen = named_or_champion(setting, model, version)
    found = reproduce(setting.workspace, model, chosen, actor=person())
    if setting.as_json:
        as_document(found.to_dict())
    else:
        click.echo(f"{coloured(_MARKS[found.outcome])} version {chosen} of {model}: {found.why}")
    return 1 if found.outcome in {"different", "erased"} else 0
