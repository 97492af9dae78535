"""``loopwright card``: a version's model card, as things stand."""

from __future__ import annotations

import click

from loopwright.cli.answer import as_document
from loopwright.cli.options import Setting, setting_options


@click.command("card")
@click.argument("model")
@click.argument("version", required=False)
@click.option("--html", "as_html", is_flag=True, help="A page, instead of Markdown.")
@setting_options
def command(model: str, version: str | None, as_html: bool, setting: Setting) -> int:
    """Print the card of VERSION of MODEL, or of its champion: purpose, data, verdicts, limits, lineage, decisions.

    The same is kept in MLflow, beside the version, at its rehearsal and at its release. With --json: one document,
    {"model", "version", "markdown", "html"}.
    """
    from loopwright.errors import NotReady
    from loopwright.ledger.store import Ledger
    from loopwright.stages.release import card_for

    spec = setting.project.model(model)
    champion = Ledger.of(setting.workspace).model(model).champion
    if version is None and champion is None:
        raise NotReady("There is no champion.", where=f"model/{model}", mend="Name a version.")
    chosen = version or str((champion or {})["version"])
    card = card_for(setting.workspace, spec, chosen)
    if setting.as_json:
        as_document({"model": model, "version": chosen, "markdown": card.markdown(), "html": card.html()})
    else:
        click.echo(card.html() if as_html else card.markdown())
    return 0
