"""``loopwright new``: a dataset's or a model's folder to start from, which works as it stands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from loopwright.cli.answer import as_document
from loopwright.cli.options import Setting, setting_options

if TYPE_CHECKING:
    from loopwright.declaration import Project

TASKS = ["binary_classification", "multiclass_classification", "regression"]


@click.command("new")
@click.argument("kind", type=click.Choice(["dataset", "model"]))
@click.argument("name")
@click.option("--dataset", metavar="NAME", help="For a model: the dataset it learns from (else the only one there is).")
@click.option("--task", type=click.Choice(TASKS), default=TASKS[0], show_default=True, help="For a model.")
@click.option("--owner", default="my-team", show_default=True, help="The team or person to ask.")
@setting_options
def command(kind: str, name: str, dataset: str | None, task: str, owner: str, setting: Setting) -> int:
    """Write include/datasets/NAME or include/models/NAME to start from. What is there is never overwritten.

    With --json: one document, {"written": […]}.
    """
    from loopwright.cli.scaffold import ESTIMATORS, write
    from loopwright.declaration import Project

    project = Project(Path(setting.workspace.project))  # it may not hold include/ yet: this is how one starts
    values = {"name": name, "owner": owner}
    if kind == "dataset":
        written = write(kind, project.dataset_folder(name).parent, values)
    else:
        estimator, primary, bound = ESTIMATORS[task]
        values |= {"dataset": _dataset(project, dataset), "task": task}
        values |= {"estimator": estimator, "primary": primary, "bound": bound}
        written = write(kind, project.model_folder(name).parent, values)
    if setting.as_json:
        as_document({"written": [str(path) for path in written]})
        return 0
    for path in written:
        click.echo(f"wrote {path.relative_to(project.path)}")
    click.echo(f"Edit them, then: loopwright check {name}")
    return 0


def _dataset(project: Project, named: str | None) -> str:
    from loopwright.errors import DeclarationError

    if named:
        return project.dataset(named).name
    names = project.dataset_names()
    if len(names) != 1:
        raise DeclarationError(
            "Which dataset is the model to learn from?",
            allowed=", ".join(names) or "none is declared yet",
            mend="Name it with --dataset NAME." if names else "Start one first: loopwright new dataset NAME",
        )
    return names[0]
