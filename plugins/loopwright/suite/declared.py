"""The declarations that a DAG file builds from: only the wanted ones, and a broken one stops nobody.

What must stay true: Airflow takes down every DAG of a file that raises, so a wrong declaration becomes a DAG of its own
that says what is wrong; and a worker, which parses the file again for each task, builds the one DAG it came for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from airflow.sdk import get_parsing_context

from loopwright.declaration import DatasetSpec, ModelSpec, Project
from loopwright.errors import DataFault
from loopwright.suite.broken import broken_dag_id, build_broken_dag
from loopwright.suite.selection import Selection

Spec = TypeVar("Spec", DatasetSpec, ModelSpec)


def declared_models(dag_file: str, *, show_broken: bool = False) -> Iterator[tuple[ModelSpec, str]]:
    """Yield each model that this file is to build a DAG for, with its project's folder.

    :param dag_file: the DAG file's ``__file__``.
    :param show_broken: build the DAGs that say what is wrong with broken declarations; one file of the suite does.
    """
    selection = Selection.of(dag_file)
    project = Project.at(selection.project)
    return _declared(selection, project.model_names(), project.model, show_broken)


def declared_datasets(dag_file: str, *, show_broken: bool = False) -> Iterator[tuple[DatasetSpec, str]]:
    """Yield each dataset that this file is to build a DAG for, with its project's folder.

    :param dag_file: the DAG file's ``__file__``.
    :param show_broken: as for :func:`declared_models`.
    """
    selection = Selection.of(dag_file)
    project = Project.at(selection.project)
    return _declared(selection, project.dataset_names(), project.dataset, show_broken)


def declared_project(dag_file: str) -> str:
    """Return the folder of the project that this file belongs to.

    :param dag_file: the DAG file's ``__file__``.
    """
    return str(Project.at(Selection.of(dag_file).project).path)


def project_dag_id(dag_file: str, stage: str) -> str:
    """Return the id of a DAG about a whole project: ``loopwright.ci``, or by the name of the bundle it comes from.

    :param dag_file: the DAG file's ``__file__``.
    :param stage: the stage's name.
    """
    return f"{Selection.of(dag_file).bundle}.{stage}"


def wanted(spec: DatasetSpec | ModelSpec, stage: str) -> bool:
    """Tell whether to build one of a declaration's DAGs, for a file that builds more than one of them.

    :param spec: the declaration.
    :param stage: the DAG's name after the declaration's.
    """
    return _wanted(spec.name, f"{spec.name}.{stage}")


def _declared(
    selection: Selection, names: list[str], read: Callable[[str], Spec], show_broken: bool
) -> Iterator[tuple[Spec, str]]:
    for name in [selection.only] if selection.only else names:
        if not _wanted(name):
            continue
        try:
            spec = read(name)
        except DataFault as fault:
            if selection.only:
                raise
            if show_broken and _wanted(name, broken_dag_id(name)):
                build_broken_dag(name, fault)
            continue
        yield spec, selection.project


def _wanted(name: str, dag_id: str | None = None) -> bool:
    """Tell whether Airflow asks for this DAG, or any of this declaration's: when it names none, it asks for all."""
    asked = get_parsing_context().dag_id
    if asked is None:
        return True
    return asked == dag_id if dag_id else asked.partition(".")[0] == name
