"""Whether the words of what a team's own code raised may be repeated: they quote values, and some are a person's.

Messages go to the ledger, which nothing erases, and to logs and pages. Where a model's dataset has sensitive columns,
type, file and line are told, and the exception itself goes no further: a traceback prints what it was raised from.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from loopwright.declaration.project import Project
from loopwright.errors import LoopwrightError

if TYPE_CHECKING:
    from loopwright.declaration.dataset import DatasetSpec

UNSAID = "(not repeated: it may quote a value of a sensitive column)"
_originals: dict[Path, Path] = {}


def copied(copy: Path, original: Path) -> None:
    """Treat the words of a copy of a model's code as those of the project's: its rows are of the same dataset.

    :param copy: a folder, such as an artifact's.
    :param original: the model's folder in the project.
    """
    _originals[copy.resolve()] = original.resolve()


def forgotten(copy: Path) -> None:
    """Forget a copy that is gone."""
    _originals.pop(copy, None)


def dataset_of(folder: Path) -> DatasetSpec | None:
    """Return the dataset that a model's code is about; ``None`` for a folder that is none of a project's models.

    :param folder: a model's folder, or a copy of it.
    :raises LoopwrightError: if the declaration cannot be read.
    """
    original = _originals.get(folder.resolve(), folder.resolve())
    if original.parts[-3:-1] != ("include", "models"):
        return None
    project = Project(original.parents[2])
    return project.dataset(project.model(original.name).dataset, with_expectations=False)


def quotable(folder: Path) -> bool:
    """Return whether what a folder's code raised may be quoted; not, where it cannot be told.

    :param folder: a dataset's or a model's folder, or a copy of it. What a dataset's code raised, ingest itself says
        without values; a folder of no project meets no rows but samples.
    """
    try:
        dataset = dataset_of(folder)
    except LoopwrightError:
        return False
    return dataset is None or not dataset.sensitive


def said(error: BaseException, folder: Path) -> BaseException | str:
    """Return what an error says of what was got: the exception, or that it is not repeated.

    :param error: what a folder's code raised.
    :param folder: the folder.
    """
    return error if quotable(folder) else UNSAID


def cause(error: BaseException, folder: Path) -> BaseException | None:
    """Return what an error may be raised ``from``: the exception, or nothing.

    :param error: what a folder's code raised.
    :param folder: the folder.
    """
    return error if quotable(folder) else None
