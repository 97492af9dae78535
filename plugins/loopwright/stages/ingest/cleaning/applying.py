"""A cleaning function of the team's own: called on a copy, its answer looked at before it is believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from loopwright.declaration.code import code_of, load_function, raised_by
from loopwright.errors import UserCodeFailed, shown_names
from loopwright.stages.ingest.cleaning.done import Done

if TYPE_CHECKING:
    from pathlib import Path

    from loopwright.declaration import cleaning as steps


def apply(frame: pd.DataFrame, step: steps.Apply, folder: Path) -> Done:
    """Call the team's function."""
    after, changed, traced = applied(frame, step.function, folder)
    return Done(after, changed, traced=traced)


def applied(frame: pd.DataFrame, function: str, folder: Path) -> tuple[pd.DataFrame, int, bool]:
    """Return what the team's function makes of a frame, how many rows it changed, and whether labels still tell rows.

    Rows that it added or left out count as changed. Labels that are no row's own any more are counted anew.

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
            raise raised_by(f"The cleaning function {function}", None, folder, error) from error
    if not isinstance(after, pd.DataFrame):
        raise UserCodeFailed(
            f"The cleaning function {function} returned no frame.",
            got=type(after).__name__,
            allowed="pandas.DataFrame",
            mend="End it with `return frame`.",
        )
    _require_named(after, function)
    traced = bool(after.index.is_unique and after.index.isin(frame.index).all())
    return after if traced else after.reset_index(drop=True), _difference(frame, after), traced


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
