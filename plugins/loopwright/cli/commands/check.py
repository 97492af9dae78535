"""``loopwright check``: says whether what is declared is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from loopwright.cli.answer import as_document
from loopwright.cli.checks import tell_check
from loopwright.cli.options import Setting, setting_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loopwright.declaration import Project, Workspace
    from loopwright.verdict import Check


@click.command("check")
@click.argument("name", required=False)
@setting_options
def command(name: str | None, setting: Setting) -> int:
    """Check the declaration of NAME (else all): keys, expectations, functions, columns. Nothing is recorded.

    Where a batch has arrived, a model's label and features are called on a few of its rows. Nothing is trained and no
    test is run: `loopwright ci` does that.

    With --json: one document, the verdict. Exit status 1 when a check failed.
    """
    from loopwright.loop.checks import declared
    from loopwright.verdict import Outcome, Verdict

    project, checks = setting.project, []
    for kind, one in declared(project, name):
        for check in _checks(setting.workspace, project, kind, one):
            checks.append(check)
            if not setting.as_json:
                tell_check(check)
    verdict = Verdict("check", name or "project", tuple(checks))
    if setting.as_json:
        as_document(verdict.to_dict())
    elif not checks:
        click.echo("Nothing is declared yet; `loopwright new dataset NAME` starts a dataset.")
    return 1 if verdict.outcome is Outcome.FAIL else 0


def _checks(workspace: Workspace, project: Project, kind: str, name: str) -> Iterator[Check]:
    from loopwright.loop.checks import declaration_checks
    from loopwright.verdict import Outcome

    sound = True
    for check in declaration_checks(workspace, project, kind, name):
        sound = sound and check.outcome is not Outcome.FAIL
        yield check
    if sound and kind == "model":
        from loopwright.loop.smoke import tried_check

        yield tried_check(workspace, project, name)
