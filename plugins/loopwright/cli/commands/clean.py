"""``loopwright clean``: what nothing refers to goes; champions and what they rest on stay."""

from __future__ import annotations

import click

from loopwright.cli.answer import as_document, coloured
from loopwright.cli.options import Setting, setting_options
from loopwright.cli.person import person


@click.command("clean")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@setting_options
def command(dry_run: bool, setting: Setting) -> int:
    """Remove versions that were never champion, as release.keep says, and the lake's files that nothing refers to.

    With --json: one document, {"versions": {model: […]}, "files": {dataset: n}, "kept_versions", "dry_run",
    "unnamed": {table: n}}, the last being files that a killed writer left.
    """
    from loopwright.loop.clean import clean

    done = clean(setting.workspace, actor=person(), dry_run=dry_run)
    if setting.as_json:
        as_document(done.to_dict())
        return 0
    for sentence in done.said():
        click.echo(sentence)
    if not done.said():
        click.echo(f"{coloured('pass')} nothing is there that nothing refers to")
    return 0
