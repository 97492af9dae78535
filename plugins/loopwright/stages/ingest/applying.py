"""A cleaning function of the team's own: called on a copy, its answer looked at before it is believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from loopwright.declaration.code import code_of, load_function
from loopwright.errors import UserCodeFailed, shown_names

if TYPE_CHECKING:
    from pathlib import Path


def applied(frame: pd.DataFrame, function: str, folder: Path) -> tuple[pd.DataFrame, int]:
    """Return what the team's function makes of a frame, and how many rows it changed, added or left out.

    :param frame: left as it is.
    :param function: ``module:function``.
    :param folder: the dataset's folder.
    :raises UserCodeFailed: if it raises, or returns no frame.
    :raises DeclarationError: if there is no such function.
    """
    with code_of(folder):
        clean = load_function(function, folder)
        try:
            after = clean(frame.copy())
        except Exception as error:
            raise UserCodeFailed(
                f"The cleaning function {function} raised {type(error).__name__}.", got=error
            ) from error
    if not isinstance(after, pd.DataFrame):
        raise UserCodeFailed(
            f"The cleaning function {function} returned no frame.",
            got=type(after).__name__,
            allowed="pandas.DataFrame",
            mend="End it with `return frame`.",
        )
    _require_named(after, function)
    return _numbered(after, frame), _difference(frame, after)


def _require_named(after: pd.DataFrame, function: str) -> None:
    odd = [name for name in after.columns if not isinstance(name, str)]
    odd += list(after.columns[after.columns.duplicated()])
    if odd:
        raise UserCodeFailed(
            f"The cleaning function {function} returned columns without a name of their own.",
            got=shown_names([str(name) for name in odd]),
            allowed="columns named by text, each differently",
            mend="Name them in the function.",
        )


def _numbered(after: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Keep the labels if they still are the arrival's row numbers; else count anew, so that they stay unique."""
    if after.index.is_unique and after.index.isin(before.index).all():
        return after
    return after.reset_index(drop=True)


def _difference(before: pd.DataFrame, after: pd.DataFrame) -> int:
    if len(before) != len(after):
        return abs(len(before) - len(after))
    if list(before.columns) != list(after.columns):
        return len(after)
    differs = pd.Series(False, index=range(len(after)))
    for name in before.columns:
        was, became = (each[name].reset_index(drop=True) for each in (before, after))
        if not was.equals(became):
            was, became = was.astype(object), became.astype(object)
            differs |= was.ne(became) & ~(was.isna() & became.isna())
    return int(differs.sum())
