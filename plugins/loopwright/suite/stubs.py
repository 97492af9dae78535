"""One DAG file a declaration and stage: the stage's own text, marked with the one declaration that it is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from loopwright.errors import DeclarationError
from loopwright.suite.selection import Selection

if TYPE_CHECKING:
    from loopwright.declaration import Project

OF_PROJECT = ("ci", "clean")
OF_DATASETS = ("ingest",)
OF_MODELS = ("train", "release", "score", "monitor")


def stubs(
    project: Project, bundle: str = "loopwright", taken: Mapping[tuple[str, str], str] | None = None
) -> Iterator[tuple[str, str]]:
    """Yield each stub's file name and text.

    :param project: the project.
    :param bundle: the DAG bundle's name.
    :param taken: declarations, as (kind, name), that may have no DAG here, and why.
    """
    for stage in OF_PROJECT:
        yield f"{stage}.py", _stub(stage, Selection(str(project.path), bundle=bundle))
    refused = taken or {}
    for name in project.dataset_names():
        selection = _selection(project, name, project.dataset_folder(name) / "dataset.yaml")
        why = refused.get(("dataset", name))
        yield from ((f"{stage}__{name}.py", _stub(stage, selection, why)) for stage in OF_DATASETS)
    for name in project.model_names():
        selection = _selection(project, name, project.model_folder(name) / "model.yaml")
        why = refused.get(("model", name))
        yield from ((f"{stage}__{name}.py", _stub(stage, selection, why)) for stage in OF_MODELS)


def dags_folder() -> Path:
    """Return where the suite's DAG files are: inside an installed package, or beside it in a checkout.

    :raises DeclarationError: if they are in neither.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "dags", package.parents[1] / "dags"):
        if (folder / "ingest.py").is_file():
            return folder
    raise DeclarationError(
        "The suite's DAG files are not there.", where=package, mend="Install loopwright again, as a wheel."
    )


def _selection(project: Project, name: str, declaration: Path) -> Selection:
    found = declaration.stat()
    return Selection(str(project.path), only=name, stamp=f"{found.st_size}:{found.st_mtime_ns}")


def _stub(stage: str, selection: Selection, refused: str | None = None) -> str:
    text = (dags_folder() / f"{stage}.py").read_text(encoding="utf-8")
    if refused:
        text = f"from loopwright.errors import DeclarationError\n\nraise DeclarationError({refused!r})\n"
    return f"{selection.comment()}\n{text}"
