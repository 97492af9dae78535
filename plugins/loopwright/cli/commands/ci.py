"""``loopwright ci``: says whether this code may go anywhere."""

from __future__ import annotations

from pathlib import Path

import click

from loopwright.cli.answer import as_document
from loopwright.cli.checks import tell_check
from loopwright.cli.options import Setting, setting_options
from loopwright.cli.person import person


@click.command("ci")
@click.argument("model", required=False)
@click.option(
    "--against",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Another checkout of the project: its models are the champions on the declared samples.",
)
@click.option(
    "--markdown", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Also write it as Markdown."
)
@click.option(
    "--allow-inconclusive", is_flag=True, help="Leave with status 0 also where the sample is too small to tell."
)
@setting_options
def command(
    model: str | None, against: Path | None, markdown: Path | None, allow_inconclusive: bool, setting: Setting
) -> int:
    """Judge MODEL and its dataset (else the whole project), and record the verdict.

    Declarations, expectations, the folders' own tests, a training on a sample of real rows, and, where a model declares
    a sample under ci, the gate. With --json: one document, the verdict. Exit status 1 unless it is pass.
    """
    from loopwright.declaration import Project
    from loopwright.loop.ci import check_project
    from loopwright.loop.markdown import as_markdown
    from loopwright.verdict import Outcome

    other = Project.at(against) if against else None
    if setting.as_json:
        verdict = check_project(setting.workspace, model, against=other, actor=person())
        as_document(verdict.to_dict())
    else:
        verdict = check_project(setting.workspace, model, against=other, actor=person(), on_check=tell_check)
        click.echo(f"\n{click.style(verdict.why(), bold=True)}")
    if markdown:
        markdown.write_text(as_markdown(verdict), encoding="utf-8")
    passed = (Outcome.PASS, Outcome.INCONCLUSIVE) if allow_inconclusive else (Outcome.PASS,)
    return 0 if verdict.outcome in passed else 1
