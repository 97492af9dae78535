"""Cleaning steps that leave rows out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.stages.ingest.cleaning.done import Done, require

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from loopwright.declaration import cleaning as steps


def drop_duplicates(frame: pd.DataFrame, step: steps.DropDuplicates, _: Path) -> Done:
    """Keep one of rows that repeat."""
    require(frame, step.columns or [])
    kept = frame[~frame.duplicated(step.columns, keep=step.keep)]
    return Done(kept, len(frame) - len(kept))


def drop_rows(frame: pd.DataFrame, step: steps.DropRows, _: Path) -> Done:
    """Leave out rows that lack a value."""
    require(frame, step.missing)
    kept = frame.dropna(subset=step.missing)
    return Done(kept, len(frame) - len(kept))
