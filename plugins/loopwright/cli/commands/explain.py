"""``loopwright explain``: why single rows got their answers."""

from __future__ import annotations

import click

from loopwright.cli.answer import as_document
from loopwright.cli.options import Setting, setting_options


@click.command("explain")
@click.argument("model")
@click.option("--batch", metavar="ID", help="A published batch; the newest else.")
@click.option("--row", "rows", type=int, multiple=True, metavar="N", help="A row's number in it; the first three else.")
@click.option("--version", metavar="V", help="A registered version; the champion else.")
@click.option("--top", type=click.IntRange(min=1), default=5, show_default=True, help="Reasons for each row.")
@setting_options
def command(
    model: str, batch: str | None, rows: tuple[int, ...], version: str | None, top: int, setting: Setting
) -> int:
    """Say why rows get their answers from MODEL: what each feature did to them, beside a typical row.

    With --json: one document, {"model", "version", "batch_id", "of", "typical", "rows": […]}.
    """
    from loopwright.stages.score.explaining import explain_rows

    spec = setting.project.model(model)
    found = explain_rows(setting.workspace, spec, batch, rows or None, version=version, top=top)
    if setting.as_json:
        as_document(found)
        return 0
    typical = f"{found['of']}; typically {found['typical']:.4g}"
    click.echo(f"{found['model']} version {found['version']}, batch {found['batch_id']}: {typical}")
    for row in found["rows"]:
        number = click.style(f"row {row['row']}", bold=True)
        click.echo(f"{number}  {row['answer']:.4g}")
        for why in row["reasons"]:
            click.echo(f"  {why['effect']:+10.4g}  {why['feature']} = {why['value']}")
    return 0
