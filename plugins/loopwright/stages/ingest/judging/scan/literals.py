"""Values of a suite as SQL literals, where they mean the same to DuckDB as to pandas; else they are refused."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
from pandas.api.typing import NaTType

from loopwright.stages.ingest.judging.scan.columns import NUMBERS, TIMES, Column

_INT64_ENDS = 2**63
_EXACT_IN_DOUBLE = 2**53


class NotCompiled(Exception):
    """This expectation, as it is asked of this batch, is left to Great Expectations."""


def literal(value: Any, column: Column) -> str:
    """Return a value that is compared with a column.

    :param value: as YAML gives it.
    :param column: what it is compared with.
    :raises NotCompiled: if the comparison might mean something else in SQL.
    """
    if column.kind in NUMBERS:
        return number(value)
    if column.kind == "string":
        return text(value)
    if column.kind in TIMES:
        return moment(value, zoned=column.kind == "timestamp")
    raise NotCompiled


def number(value: Any) -> str:
    """Return a number.

    :raises NotCompiled: for what is none, ``NaN`` and truth values included.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise NotCompiled
    if isinstance(value, int):
        if not -_INT64_ENDS < value < _INT64_ENDS:
            raise NotCompiled
        return f"({value})::BIGINT"
    return f"'{value!r}'::DOUBLE"  # a bare 2.5 would be a decimal, which rounds by other rules


def text(value: Any) -> str:
    """Return text.

    :raises NotCompiled: for what is none, or holds what a statement cannot.
    """
    if not isinstance(value, str) or "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise NotCompiled
    return "'" + value.replace("'", "''") + "'"


def moment(value: Any, *, zoned: bool) -> str:
    """Return a moment as microseconds since 1970.

    :param zoned: whether the column's moments are of a zone, and so the same instant everywhere.
    :raises NotCompiled: for what is none, or finer than a microsecond.
    """
    if not isinstance(value, str | dt.date):
        raise NotCompiled
    found = pd.to_datetime(value, errors="coerce")
    if isinstance(found, NaTType) or found.nanosecond:
        raise NotCompiled
    if zoned:
        found = found.tz_convert("UTC") if found.tz else found.tz_localize("UTC")
    elif found.tz:
        found = found.tz_convert(None)
    return f"({microseconds(found)})::BIGINT"


def microseconds(moment: pd.Timestamp) -> int:
    """Return a moment as microseconds since 1970."""
    return int(moment.as_unit("us").asm8.astype("int64"))


def members(values: Any, column: Column) -> list[str]:
    """Return the values of a set.

    :param values: as the suite has them.
    :param column: what is looked up among them.
    :raises NotCompiled: for no values, and for sets of which pandas makes a type of its own.
    """
    if not isinstance(values, list | tuple) or not values:
        raise NotCompiled
    if column.kind in NUMBERS:
        _require_exact(values)
        return [number(value) for value in values]
    if column.kind == "string":
        return [text(value) for value in values]
    raise NotCompiled


def _require_exact(values: Sequence[Any]) -> None:
    """Refuse numbers that change when pandas puts them, mixed, into one array of floats."""
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise NotCompiled
        if abs(value) > _EXACT_IN_DOUBLE:
            raise NotCompiled
