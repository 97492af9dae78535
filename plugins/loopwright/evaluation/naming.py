"""What a group is called in a check: by its value, unless that may be one person's. Checks are kept for ever."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from loopwright.evaluation.predicted import Array

CROWD = 10
"""Rows that share a value before it is shown."""
MISSING = "missing"


def called(column: pd.Series, named: Collection[object] | None) -> Array:
    """Return what each value is called, as text; equal ones alike.

    :param column: the values; what is missing is called so.
    :param named: the values that are called by themselves; the others get a number, the most frequent the first.
        ``None`` for all.
    """
    if pd.api.types.infer_dtype(column, skipna=True).startswith("mixed"):  # lists and the like have no hash
        column = column.where(column.isna(), column.map(str))
    names = {value: str(value) for value in column.dropna().unique()}
    if named is not None:
        unnamed = [value for value in column.value_counts().index if value not in named]
        names |= {value: f"(sensitive {number})" for number, value in enumerate(unnamed, 1)}
    return np.asarray([names.get(value, MISSING) for value in column.astype(object)], dtype=object)
