"""Several files as one batch: their rows one after the other, in the order of the files' names."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from loopwright.errors import ArrivalUnreadable, shown_names
from loopwright.stages.ingest.reading.conversion import to_text
from loopwright.stages.ingest.reading.frames import Reading, read

if TYPE_CHECKING:
    from pathlib import Path

    from loopwright.declaration.dataset import DatasetSpec


def read_all(paths: Sequence[Path], dataset: DatasetSpec, *, text: Collection[str] = ()) -> Reading:
    """Read every file of a batch.

    :param paths: in the order that their rows shall have.
    :param dataset: as for :func:`loopwright.stages.ingest.reading.frames.read`.
    :param text: likewise.
    :raises ArrivalUnreadable: if one of them cannot be read, or they have not the same columns.
    """
    readings = [read(path, dataset, text=text) for path in paths]
    if len(readings) == 1:
        return readings[0]
    _require_alike(paths, readings)
    mixed = _mixed(readings)
    if _lost(readings, mixed):
        readings = [read(path, dataset, text={*text, *mixed}) for path in paths]
    first = readings[0].frame
    frames = [first, *(reading.frame[first.columns] for reading in readings[1:])]
    frames = [frame.assign(**{name: to_text(frame[name]) for name in mixed}) for frame in frames]
    doubled = dict.fromkeys(name for reading in readings for name in reading.doubled)
    return Reading(pd.concat(frames, ignore_index=True), tuple(doubled))


def _mixed(readings: Sequence[Reading]) -> list[str]:
    """Return the columns that are text in one file, and something else in another."""
    names = map(str, readings[0].frame)
    return [name for name in names if len({_is_text(reading.frame[name]) for reading in readings}) > 1]


def _lost(readings: Sequence[Reading], mixed: Sequence[str]) -> bool:
    """Whether a file holds digits alone where another has words: ``007`` must not have become 7."""
    columns = [reading.frame[name] for reading in readings for name in mixed]
    return any(column.notna().any() and not _is_text(column) for column in columns)


def _require_alike(paths: Sequence[Path], readings: Sequence[Reading]) -> None:
    first, *others = (reading.frame for reading in readings)
    for path, frame in zip(paths[1:], others, strict=True):
        odd = sorted(set(map(str, first.columns)) ^ set(map(str, frame.columns)))
        if odd:
            raise ArrivalUnreadable(
                "The files of the batch have not the same columns.",
                where=path.name,
                got=f"only one of them has {shown_names(odd)}",
                mend="Ask the source for files alike, or make each a batch of its own.",
            )


def _is_text(column: pd.Series) -> bool:
    return isinstance(column.dtype, pd.StringDtype) and bool(column.notna().any())
