"""``loopwright card``: a version's model card, as things stand."""

from __future__ import annotations

import click

from loopwright.cli.answer import as_document
from loopwright.cli.options import Setting, setting_options
from loopwright.cli.versions import named_or_champion


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
    from loopwright.stages.release import card_for

    spec = setting.project.model(model)
    chosen = named_or_champion(setting, model, version)
    card = card_for(setting.workspace, spec, chosen)
    if setting.as_json:
        as_document({"model": model, "version": chosen, "markdown": card.markdown(), "html": card.html()})
    else:
        click.echo(card.html() if as_html else card.markdown())
    return 0
