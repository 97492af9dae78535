"""A column on two sides, made comparable: numbers on one scale, or a bounded set of levels, or nothing to compare.

What must stay true: an integer column that gained a missing value (and became floating) is still the same column, a few
wild values cannot outweigh the rest, and a value of a user's data is never a label that we rely on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from pandas.api import types

MINIMUM_ROWS = 30
"""Values below which a column's shape is not judged: the floors are asymptotic."""
FEW_LEVELS = 10
"""A numeric column with so few distinct values is a set of levels: flags, codes, small counts."""
MOST_LEVELS = 20
"""Levels kept apart at the most; the rest is pooled, since rare levels make every distance large."""
RARE = 5
"""Expected rows below which a level is pooled, as is usual for chi-square statistics."""
TAIL = 0.005
"""Share beyond which values are brought to the bound on either side: one outlier is no drift, and no yardstick."""
OTHER = "(other)"

Kind = Literal["number", "category", "time", "empty", "constant", "few", "scattered", "retyped", "gone"]
COMPARED: tuple[Kind, ...] = ("number", "category")


@dataclass(frozen=True)
class Sides:
    """One column as the reference and as today have it, missing values left out.

    :param column: its name.
    :param kind: how it is compared, or why its values are not.
    :param reference: values in the reference, comparable with ``current``.
    :param current: values of today.
    :param rows: rows of both sides, missing values included.
    :param nulls: share of missing values on both sides.
    :param levels: today's raw levels and the known ones, for categories.
    """

    column: str
    kind: Kind
    reference: pd.Series
    current: pd.Series
    rows: tuple[int, int]
    nulls: tuple[float, float]
    levels: tuple[pd.Series, pd.Series] | None = None


def sides(column: str, reference: pd.DataFrame, current: pd.DataFrame) -> Sides:
    """Return a column made comparable.

    :param column: a column of the reference.
    :param reference: the reference's frame.
    :param current: today's frame, which may lack the column.
    """
    if column not in current:
        nothing = reference[column].iloc[:0]
        kind: Kind = "gone" if len(current) else "empty"
        return Sides(column, kind, nothing, nothing, (len(reference), len(current)), (_nulls(reference[column]), 1.0))
    before, after = _typed(reference[column]), _typed(current[column])
    rows, nulls = (len(before), len(after)), (_nulls(before), _nulls(after))
    before, after = before.dropna(), after.dropna()
    kind = _kind(before, after)
    if kind == "number":
        return Sides(column, kind, *_on_one_scale(before, after), rows, nulls)
    if kind == "category":
        before, after = _levels(before), _levels(after)
        pooled = _pooled(before, after)
        told_apart = pd.concat(pooled).nunique() > 1
        return Sides(column, "category" if told_apart else "scattered", *pooled, rows, nulls, (before, after))
    return Sides(column, kind, before, after, rows, nulls)


def _typed(values: pd.Series) -> pd.Series:
    """Return numbers (and booleans) as floats whose infinities are missing, times as they are, the rest as text."""
    holds = types.infer_dtype(values, skipna=True)
    if holds in ("date", "datetime", "datetime64"):
        return pd.to_datetime(values, errors="coerce")
    if types.is_timedelta64_dtype(values):
        return pd.Series(values.to_numpy() / np.timedelta64(1, "s"), name=values.name)
    numeric = types.is_numeric_dtype(values) or holds in _NUMERIC_OBJECTS
    if numeric and not types.is_complex_dtype(values):
        floats = values.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
        return pd.Series(np.where(np.isfinite(floats), floats, np.nan), name=values.name)
    plain = values.astype(object)
    return plain if holds == "string" else plain.where(plain.isna(), plain.map(str))


_NUMERIC_OBJECTS = ("boolean", "integer", "floating", "mixed-integer-float", "decimal")


def _nulls(values: pd.Series) -> float:
    return float(values.isna().mean()) if len(values) else 0.0


def _kind(before: pd.Series, after: pd.Series) -> Kind:
    if before.empty or after.empty:
        return "empty"
    if types.is_datetime64_any_dtype(before) and types.is_datetime64_any_dtype(after):
        return "time"
    numbers = types.is_numeric_dtype(before), types.is_numeric_dtype(after)
    if numbers[0] != numbers[1]:
        return "retyped"
    if min(len(before), len(after)) < MINIMUM_ROWS:
        return "few"
    levels = before.unique()
    if len(levels) == 1 and set(after.unique()) == set(levels):
        return "constant"
    few = len(levels) <= FEW_LEVELS
    return "number" if all(numbers) and not few and _bounds(before)[0] < _bounds(before)[1] else "category"


def _bounds(values: pd.Series) -> tuple[float, float]:
    low, high = np.quantile(values.to_numpy(), [TAIL, 1 - TAIL])
    return float(low), float(high)


def _on_one_scale(before: pd.Series, after: pd.Series) -> tuple[pd.Series, pd.Series]:
    low, high = _bounds(before)
    clipped = before.clip(low, high)
    # Evidently divides by the reference's deviation but never by less than 0.001: on this scale it is one.
    middle, scale = float(clipped.mean()), float(clipped.std(ddof=0))
    return (clipped - middle) / scale, (after.clip(low, high) - middle) / scale


def _levels(values: pd.Series) -> pd.Series:
    return values.map(str) if types.is_numeric_dtype(values) else values


def _pooled(before: pd.Series, after: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return both sides over the most frequent levels and a pool of the others.

    Frequent on both sides together: choosing by one side's counts would make that side differ by the choice alone. What
    is new goes to the pool, since a question of its own asks for it, with a floor of its own.
    """
    counts = pd.concat([before, after]).value_counts()
    expected = counts * (min(len(before), len(after)) / (len(before) + len(after)))
    known = set(before.unique())
    kept = {level for level in expected[expected >= RARE].index[:MOST_LEVELS] if level in known}
    return before.where(before.isin(kept), OTHER), after.where(after.isin(kept), OTHER)
