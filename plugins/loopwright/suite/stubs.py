"""One DAG file a declaration and stage: the stage's own text, marked with the one declaration that it is for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from loopwright.errors import DeclarationError
from loopwright.suite.selection import Selection

if TYPE_CHECKING:
    from loopwright.declaration import Project

OF_PROJECT = ("ci",)
OF_DATASETS = ("ingest",)
OF_MODELS = ("train", "release", "score", "monitor")


def stubs(project: Project) -> Iterator[tuple[str, str]]:
    """Yield each stub's file name and text.

    :param project: the project.
    """
    for stage in OF_PROJECT:
        yield f"{stage}.py", _stub(stage, Selection(str(project.path)))
    for name in project.dataset_names():
        selection = _selection(project, name, project.dataset_folder(name) / "dataset.yaml")
        yield from ((f"{stage}__{name}.py", _stub(stage, selection)) for stage in OF_DATASETS)
    for name in project.model_names():
        selection = _selection(project, name, project.model_folder(name) / "model.yaml")
        yield from ((f"{stage}__{name}.py", _stub(stage, selection)) for stage in OF_MODELS)


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


def _stub(stage: str, selection: Selection) -> str:
    return f"{selection.comment()}\n{(dags_folder() / f'{stage}.py').read_text(encoding='utf-8')}"
