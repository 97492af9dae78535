"""Samples that show nobody: where rows are kept beside a model, columns about people hold a crowd's values only.

Such samples are in MLflow, where no erasure reaches them. A value that ten rows share stays. Rarer numbers and dates
become the mean of at least ten neighbours: univariate microaggregation (J. Domingo-Ferrer and J. M. Mateo-Sanz,
"Practical data-oriented microaggregation for statistical disclosure control", IEEE Transactions on Knowledge and Data
Engineering 14, 2002); rarer text becomes the commonest. Then each column is shuffled by itself, so that no row is
anybody's. A column's distribution, which drift is about, hardly changes; how columns go together is lost.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from loopwright.evaluation.predicted import Array

CROWD = 10
"""Rows that share a value before it is shown."""
_EXACT = 2**53
"""Whole numbers beyond are no quantities but identifiers, and have no mean."""


def crowded(
    frame: pd.DataFrame, names: Collection[str], *, seed: int, known: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return a sample whose sensitive columns hold no single row's value; all others are as they were.

    :param frame: rows, any number.
    :param names: its columns about people.
    :param seed: of the shuffling.
    :param known: a sample that was treated before: its values may be shown.
    """
    rng = np.random.default_rng(seed)
    treated = {}
    for name in [column for column in frame if column in set(names)]:
        shown = set(known[name].dropna().unique()) if known is not None and name in known else set()
        column = _crowd(frame[name], shown)
        treated[name] = column.iloc[rng.permutation(len(column))].set_axis(frame.index)
    return frame.assign(**treated)


def nobodys(column: pd.Series) -> Any:
    """Return a value of a column's type that is nobody's."""
    kind = column.dtype
    if pd.api.types.is_datetime64_any_dtype(kind):
        return pd.Timestamp(0, tz=getattr(kind, "tz", None))
    if pd.api.types.is_timedelta64_dtype(kind):
        return pd.Timedelta(0)
    if pd.api.types.is_bool_dtype(kind):
        return False
    return 0 if pd.api.types.is_numeric_dtype(kind) else "(sensitive)"


def filled(column: pd.Series, value: Any) -> pd.Series:
    """Return a column like this one that holds one value only; none, where its categories do not have it."""
    return pd.Series([value] * len(column), index=column.index, name=column.name).astype(column.dtype)


def _crowd(column: pd.Series, shown: Collection[Any]) -> pd.Series:
    """Return the column with every value that fewer rows share replaced by one that stands for many."""
    there = column.notna()
    counts = column[there].value_counts()
    rare = there & ~column.isin([*counts.index[counts >= CROWD], *shown])
    if not rare.any():
        return column
    if _has_mean(column) and rare.sum() >= CROWD:
        return column.mask(rare, _means(column[rare]))
    if counts.iloc[0] >= CROWD:
        return column.mask(rare, counts.index[0])
    return filled(column, _shape(column[rare]) if _is_text(column) else nobodys(column)).where(there)


def _has_mean(column: pd.Series) -> bool:
    kind = column.dtype
    if pd.api.types.is_bool_dtype(kind) or isinstance(kind, pd.CategoricalDtype):
        return False
    if pd.api.types.is_integer_dtype(kind):
        return bool(column.min() >= -_EXACT and column.max() <= _EXACT)
    return any(
        test(kind)
        for test in (
            pd.api.types.is_float_dtype,
            pd.api.types.is_datetime64_any_dtype,
            pd.api.types.is_timedelta64_dtype,
        )
    )


def _means(rare: pd.Series) -> pd.Series:
    """Return, for each value, the mean of the group of neighbours that it is in: ten of them, or up to nineteen."""
    groups: Array = np.empty(len(rare), dtype=int)
    groups[np.argsort(rare.to_numpy(), kind="stable")] = np.minimum(
        np.arange(len(rare)) // CROWD, len(rare) // CROWD - 1
    )
    means = rare.groupby(groups).transform("mean")
    return means.round().astype(rare.dtype) if pd.api.types.is_integer_dtype(rare.dtype) else means.astype(rare.dtype)


def _is_text(column: pd.Series) -> bool:
    return pd.api.types.infer_dtype(column, skipna=True) == "string"


def _shape(texts: pd.Series) -> str:
    """Return what most of these texts look like (``1111-11-11``), for code that reads them; if it is no one's own."""
    shapes = texts.map(lambda text: re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "1", str(text)))).value_counts()
    return str(shapes.index[0]) if shapes.iloc[0] >= CROWD else str(nobodys(texts))
