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

    With --json: one document, {"versions": {model: […]}, "files": {dataset: n}, "kept_versions", "dry_run"}.
    """
    from loopwright.loop.clean import clean

    done = clean(setting.workspace, actor=person(), dry_run=dry_run)
    if setting.as_json:
        as_document(done.to_dict())
        return 0
    word = "would go" if dry_run else "gone"
    for model, versions in done.versions.items():
        if versions:
            click.echo(f"{coloured(word)} {model}: version {', '.join(versions)}")
    for dataset, count in done.files.items():
        if count:
            click.echo(f"{coloured(word)} {dataset}: {count} files of older versions")
    if not any(done.versions.values()) and not any(done.files.values()):
        click.echo(f"{coloured('pass')} nothing is there that nothing refers to")
    return 0
