"""What has a mean: numbers, times, dates and their like, in whatever type a column holds them, as floats and back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from loopwright.evaluation.predicted import Array

_EXACT = 2**53
"""Whole numbers beyond are no quantities but identifiers, and have no mean."""
_NUMBERS = ("integer", "floating", "mixed-integer-float")
_DAY = np.timedelta64(1, "D") // np.timedelta64(1, "us")


@dataclass(frozen=True)
class Quantities:
    """Values on a line.

    :param values: one float each, none of them missing or infinite; times in microseconds since 1970.
    :param back: from floats to values as the column holds them.
    """

    values: Array
    back: Callable[[Array], list[Any]]


def quantities(values: pd.Series) -> Quantities | None:
    """Return values as floats; ``None`` for what has no mean: text, truth values, identifiers.

    :param values: none of them missing. Infinite ones are taken for the ends of the others.
    """
    kind, holds = values.dtype, pd.api.types.infer_dtype(values)
    if pd.api.types.is_bool_dtype(kind) or isinstance(kind, pd.CategoricalDtype):
        return None
    if holds in _NUMBERS and not pd.api.types.is_complex_dtype(kind):
        return _numbers(values, whole=holds == "integer")
    if holds == "decimal":
        return _decimals(values)
    if holds in ("date", "datetime", "datetime64"):
        return _times(values, holds)
    if pd.api.types.is_timedelta64_dtype(kind):
        spans = values.to_numpy().astype("timedelta64[us]").astype(np.int64)
        return Quantities(spans.astype(float), lambda x: [pd.Timedelta(n, "us") for n in _whole(x)])
    if holds == "time":
        zero = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - a time of day has no zone either
        seconds = [(dt.datetime.combine(zero, one) - zero).total_seconds() for one in values]
        return Quantities(
            np.asarray(seconds), lambda x: [(zero + dt.timedelta(seconds=round(float(n)))).time() for n in x]
        )
    return None


def _whole(values: Array) -> list[int]:
    return [int(n) for n in np.rint(values)]


def _numbers(values: pd.Series, *, whole: bool) -> Quantities | None:
    if whole and not (int(values.min()) >= -_EXACT and int(values.max()) <= _EXACT):
        return None
    floats = values.astype(object).to_numpy().astype(float)
    there = floats[np.isfinite(floats)]
    if not len(there):
        return None
    return Quantities(np.clip(floats, there.min(), there.max()), _whole if whole else lambda x: [float(n) for n in x])


def _decimals(values: pd.Series) -> Quantities | None:
    floats = np.asarray([float(one) for one in values])
    there = floats[np.isfinite(floats)]
    if not len(there):
        return None
    exponents = [one.as_tuple().exponent for one in values if one.is_finite()]
    places = max(0, *(-int(exponent) for exponent in exponents), 0)
    return Quantities(np.clip(floats, there.min(), there.max()), lambda x: [Decimal(f"{n:.{places}f}") for n in x])


def _times(values: pd.Series, holds: str) -> Quantities | None:
    try:
        times = pd.to_datetime(values) if holds != "datetime64" else values
        zone = times.dt.tz
        plain = times.dt.tz_convert("UTC").dt.tz_localize(None) if zone is not None else times
    except (TypeError, ValueError, OverflowError):  # objects of several zones, or beyond what can be reckoned with
        return None
    ticks = plain.to_numpy().astype("datetime64[us]").astype(np.int64)
    step = _DAY if zone is None and not (ticks % _DAY).any() else 1  # a date stays one

    def back(means: Array) -> list[Any]:
        rounded = [round(float(n) / step) * step for n in means]
        found = pd.to_datetime(pd.Series(rounded, dtype="int64"), unit="us", utc=zone is not None)
        if holds == "date":
            return list(found.dt.date)
        stamps = found.dt.tz_convert(zone) if zone is not None else found
        is_object = values.dtype == object
        return [one.to_pydatetime() if is_object else one for one in stamps]

    return Quantities(ticks.astype(float), back)
