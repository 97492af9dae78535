"""``loopwright approve``: a person says yes to a version that waits."""

from __future__ import annotations

import click

from loopwright.cli.approval import answer
from loopwright.cli.options import Setting, setting_options


@click.command("approve")
@click.argument("model")
@click.argument("version")
@click.option("--why", required=True, help="Recorded with your name.")
@setting_options
def command(model: str, version: str, why: str, setting: Setting) -> int:
    """Say yes to VERSION of MODEL. The answer is void when the artifact or its verdict changes.

    With --json: one document, the approval as recorded.
    """
    return answer(setting, model, version, "given", why)
