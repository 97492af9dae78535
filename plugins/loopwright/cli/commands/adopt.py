"""``loopwright adopt``: a champion that a team already has in MLflow becomes the loop's."""

from __future__ import annotations

import click

from loopwright.cli.answer import as_document, coloured
from loopwright.cli.options import Setting, setting_options
from loopwright.cli.person import person


@click.command("adopt")
@click.argument("model")
@click.option(
    "--from", "source", required=True, metavar="URI", help="models:/NAME/3, models:/NAME@champion or runs:/ID/model."
)
@click.option("--why", required=True, help="Recorded with your name.")
@setting_options
def command(model: str, source: str, why: str, setting: Setting) -> int:
    """Take over a model that is in MLflow as the champion of MODEL, so that candidates compete with it.

    Its digest is recorded. It is loaded in a process of its own, made of declared types only (train.types), wrapped
    with the declared feature code, asked about the newest batch, and rehearsed. What is not known of it is said. With
    --json: one document, what was taken over.
    """
    from loopwright.loop.adopt import adopt

    adopted = adopt(setting.workspace, model, source, actor=person(), reason=why)
    if setting.as_json:
        as_document(adopted.to_dict())
        return 0
    taken = "had been taken over" if adopted.status == "unchanged" else "was taken over"
    click.echo(
        f"{coloured('pass')} version {adopted.version} of {model} is champion, and the alias names it; it {taken} "
        f"from {source}"
    )
    for missing in adopted.missing:
        click.echo(f"{coloured('unknown')} {missing}")
    return 0
