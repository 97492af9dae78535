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
@setting_options
def command(model: str, version: str | None, why: str, setting: Setting) -> int:
    """Return MODEL to an earlier champion. It is rehearsed in a fresh process first.

    With --json: one document, the release.
    """
    from loopwright.stages.release import roll_back

    spec = setting.project.model(model)
    released = roll_back(setting.workspace, spec, to_version=version, reason=why, actor=person())
    if setting.as_json:
        as_document(released.to_dict())
    else:
        click.echo(f"{coloured('pass')} version {released.version} of {model} is champion again")
    return 0
