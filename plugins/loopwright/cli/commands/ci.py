"""``loopwright ci``: says whether this code may go anywhere."""

from __future__ import annotations

import click

from loopwright.cli.answer import as_document
from loopwright.cli.checks import tell_check
from loopwright.cli.options import Setting, setting_options
from loopwright.cli.person import person


@click.command("ci")
@click.argument("model", required=False)
@setting_options
def command(model: str | None, setting: Setting) -> int:
    """Judge MODEL and its dataset (else the whole project), and record the verdict.

    Declarations, expectations, the folders' own tests, and a training on a sample of real rows. With --json: one
    document, the verdict. Exit status 1 when it is fail.
    """
    from loopwright.loop.ci import check_project
    from loopwright.verdict import Outcome

    if setting.as_json:
        verdict = check_project(setting.workspace, model, actor=person())
        as_document(verdict.to_dict())
    else:
        verdict = check_project(setting.workspace, model, actor=person(), on_check=tell_check)
        click.echo(f"\n{click.style(verdict.why(), bold=True)}")
    return 1 if verdict.outcome is Outcome.FAIL else 0
