"""``loopwright check``: says whether what is declared is right."""

from __future__ import annotations

import click

from loopwright.cli.answer import as_document
from loopwright.cli.checks import tell_check
from loopwright.cli.options import Setting, setting_options


@click.command("check")
@click.argument("name", required=False)
@setting_options
def command(name: str | None, setting: Setting) -> int:
    """Check the declaration of NAME (else all): keys, expectations, functions, columns. Nothing is recorded.

    With --json: one document, the verdict. Exit status 1 when a check failed.
    """
    from loopwright.loop.checks import declaration_checks, declared
    from loopwright.verdict import Outcome, Verdict

    project, checks = setting.project, []
    for kind, one in declared(project, name):
        for check in declaration_checks(setting.workspace, project, kind, one):
            checks.append(check)
            if not setting.as_json:
                tell_check(check)
    verdict = Verdict("check", name or "project", tuple(checks))
    if setting.as_json:
        as_document(verdict.to_dict())
    elif not checks:
        click.echo("Nothing is declared yet; `loopwright new dataset NAME` starts a dataset.")
    return 1 if verdict.outcome is Outcome.FAIL else 0
