"""Cleaning steps about whole columns: forgotten or renamed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.errors import shown_names
from loopwright.stages.ingest.cleaning.done import CleaningFailed, Done, require

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from loopwright.declaration import cleaning as steps


def drop_columns(frame: pd.DataFrame, step: steps.DropColumns, _: Path) -> Done:
    """Forget the named columns; one that is absent already is fine."""
    there = [name for name in step.columns if name in frame.columns]
    return Done(frame.drop(columns=there), len(there))


def drop_constant_columns(frame: pd.DataFrame, step: steps.DropConstantColumns, _: Path) -> Done:
    """Forget columns with one value at the most; what is missing counts as none."""
    looked_at = [name for name in (step.columns or frame.columns) if name in frame.columns and name not in step.keep]
    constant = [name for name in looked_at if _at_most_one(frame[name])]
    return Done(frame.drop(columns=constant), len(constant))


def _at_most_one(column: pd.Series) -> bool:
    found = column.dropna()
    return found.empty or (len(found) == len(column) and bool((found == found.iloc[0]).all()))


def rename(frame: pd.DataFrame, step: steps.Rename, _: Path) -> Done:
    """Rename what is there; a source that has come to use the wanted name itself needs it no more."""
    require(frame, [old for old, new in step.columns.items() if new not in frame.columns])
    old_to_new = {old: new for old, new in step.columns.items() if old in frame.columns}
    renamed = frame.rename(columns=old_to_new)
    if not renamed.columns.is_unique:
        twice = sorted(set(renamed.columns[renamed.columns.duplicated()]))
        raise CleaningFailed("Renaming would give two columns one name.", got=shown_names(twice))
    return Done(renamed, len(old_to_new))
