"""Mended rows in place of those that were set aside: a whole file, or only some rows, told by their number.

The numbers are in the column ``_row``, which the rows carry when they are written to a file to be mended. What must
stay true: a row that is not in the file stays as it came, and a row of no such number is refused.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import pandas as pd
from pandas.api import types as kinds

from loopwright.declaration.sensitive import lacking, treatments
from loopwright.errors import DataFault, shown_names
from loopwright.lake.rows import ROW
from loopwright.stages.ingest.examining.setting_aside import REASONS
from loopwright.stages.ingest.reading.conversion import to_text
from loopwright.stages.ingest.reading.frames import Reading, read
from loopwright.stages.ingest.sensitive import protected

if TYPE_CHECKING:
    from pathlib import Path

    from loopwright.declaration.dataset import DatasetSpec


class MendedUnfit(DataFault):
    """A file of mended rows that are not rows of the batch."""


def mended(dataset: DatasetSpec, held: Reading | None, file: Path, secret: str = "") -> Reading:
    """Return a batch as it is with the rows of a mended file.

    :param dataset: says how delimited text is read; the format goes by the file's ending.
    :param held: the batch as it came, if it could be read.
    :param file: all its rows, or those with a number in ``_row``; of these, sensitive columns stay as they are.
    :param secret: by which sensitive columns are hashed.
    :raises ArrivalUnreadable: if the file cannot be read.
    :raises MendedUnfit: if it holds rows or columns that the batch has not.
    """
    if not file.is_file():
        raise MendedUnfit("The file with the mended rows is not there.", where=file)
    types = {} if held is None else held.frame.dtypes.to_dict()
    texts = [str(name) for name, dtype in types.items() if isinstance(dtype, pd.StringDtype)]
    found = read(file, dataset.model_copy(update={"format": "auto"}), text=texts)
    rows = found.frame.drop(columns=[REASONS], errors="ignore")
    if ROW not in rows:
        if absent := lacking(rows.columns, dataset):
            raise MendedUnfit(
                f"The file lacks columns that are declared sensitive: {shown_names(absent)}.",
                where=file,
                mend="Give them, empty or not, so that it is sure which columns are to be dropped, hashed or hidden.",
            )
        return protected(Reading(rows, found.doubled), dataset, secret)
    if held is None:
        raise MendedUnfit("The batch could not be read, so that it has no rows with a number.", where=file,
                          mend="Give the whole batch, without the column _row.")  # fmt: skip
    rows = rows.drop(columns=list(treatments(rows.columns, dataset)))
    return Reading(_laid_over(held.frame, rows, file), held.doubled)


def _laid_over(frame: pd.DataFrame, rows: pd.DataFrame, file: Path) -> pd.DataFrame:
    _require_fit(frame, rows, file)
    rows = rows.set_index(rows[ROW].astype("int64")).drop(columns=[ROW])
    return frame.assign(**{str(name): _with(frame[name], rows[name]) for name in rows})


def _with(column: pd.Series[Any], mended: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column with some values mended, in its own type if they are of it, else in the one they come to."""
    values = column.astype(object)
    values.loc[mended.index] = mended.astype(object).where(mended.notna(), None)
    if isinstance(column.dtype, pd.StringDtype):
        return _as_read(to_text(values))
    try:
        return values.astype(column.dtype)
    except (TypeError, ValueError):  # of another type than before, or with a gap that it has no room for
        return values.infer_objects()


def _as_read(texts: pd.Series[Any]) -> pd.Series[Any]:
    """Return text as numbers where all of it is: what a reader of delimited text would have made of the mended file."""
    padded = texts.str.match(r"^[+-]?0\d").fillna(False).any()
    numbers = pd.to_numeric(texts, errors="coerce")
    return numbers if not padded and numbers.notna().sum() == texts.notna().sum() > 0 else texts


def _require_fit(frame: pd.DataFrame, rows: pd.DataFrame, file: Path) -> None:
    unknown = [str(name) for name in rows if name != ROW and name not in frame]
    if unknown:
        near = get_close_matches(unknown[0], list(frame.columns), n=1)
        raise MendedUnfit(
            f"The batch has no column {unknown[0]!r}.",
            where=file,
            allowed=shown_names(list(frame.columns)),
            mend=f"Did you mean {near[0]!r}?" if near else "Leave it out, or give the whole batch without _row.",
        )
    numbers = rows[ROW]
    if not kinds.is_integer_dtype(numbers) or numbers.duplicated().any():
        raise MendedUnfit("The column _row must give each row's number, once.", where=file, got=str(numbers.dtype))
    strange = sorted(set(numbers.tolist()) - set(frame.index.tolist()))
    if strange:
        raise MendedUnfit(
            "The batch has no rows of these numbers.",
            where=file,
            got=shown_names([str(number) for number in strange]),
            allowed=f"0 to {len(frame) - 1}",
            mend="Keep the column _row as it was written; a row cannot be added this way.",
        )
