"""``loopwright rollback``: the champion before is in production again, rehearsed first."""

from __future__ import annotations

import click

from loopwright.cli.answer import as_document, coloured
from loopwright.cli.options import Setting, setting_options
from loopwright.cli.person import person


@click.command("rollback")
@click.argument("model")
@click.option("--to", "version", metavar="VERSION", help="An earlier champion; else the one before.")
@click.option("--why", required=True, help="Recorded with your name.")
@click.option("--dry-run", is_flag=True, help="Only rehearse it, and say what would come of it.")
@setting_options
def command(model: str, version: str | None, why: str, dry_run: bool, setting: Setting) -> int:
    """Return MODEL to an earlier champion. It is rehearsed in a fresh process first.

    With --json: one document, the release, and "dry_run".
    """
    from loopwright.ledger.store import Ledger
    from loopwright.stages.release import roll_back, undelivered

    spec, workspace = setting.project.model(model), setting.workspace
    if dry_run:
        Ledger.of(workspace).require_there()  # else looking would make an empty one
    released = roll_back(workspace, spec, to_version=version, reason=why, actor=person(), dry_run=dry_run)
    if setting.as_json:
        as_document({**released.to_dict(), "dry_run": dry_run})
    elif released.status == "unchanged":
        click.echo(f"{coloured('pass')} version {released.version} of {model} is champion already")
    elif dry_run:
        said = f"version {released.version} of {model} passes its rehearsal, and would be champion again"
        click.echo(f"{coloured('pass')} {said}; nothing was recorded (--dry-run)")
        if released.withdrew:
            click.echo(f"{coloured('notice')} would withdraw {released.withdrew}")
    else:
        click.echo(f"{coloured('pass')} version {released.version} of {model} is champion again")
        if released.withdrew:
            click.echo(f"{coloured('notice')} {released.withdrew}")
        for said in undelivered(Ledger.of(workspace).model(model)):
            click.echo(f"{coloured('waiting')} not told yet, and tried again each run: {said}")
    return 0
