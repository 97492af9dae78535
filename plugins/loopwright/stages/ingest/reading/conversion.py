"""Values to a type: what cannot be converted becomes missing, and is told apart from what was missing before.

Nothing is guessed twice: text is a timestamp if it reads as ISO 8601, else if it reads as the format of the first
value; a number is one only with its unit said. Whole numbers with gaps are ``Int64``, for a float would lose digits.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd
from pandas.api import types as kinds

Column = pd.Series  # the annotation's parameter, Any everywhere, says nothing

Unit = Literal["s", "ms", "us", "ns"]
_ZONE = r"\d[Zz]\s*$|\d:\d{2}.*[+-]\d{2}:?\d{2}\s*$"
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_LATEST = 253_402_300_799
"""The last second of the year 9999: beyond it no library at hand has dates."""

TRUE = ("true", "t", "yes", "y", "1", "1.0", "on")
FALSE = ("false", "f", "no", "n", "0", "0.0", "off")


def to_text(column: Column[Any]) -> Column[Any]:
    """Return values as text, whole numbers without a decimal point however they were stored.

    :param column: any column; what is missing stays so.
    """
    if kinds.is_string_dtype(column) and not kinds.is_object_dtype(column):
        return column
    if kinds.is_float_dtype(column) and _is_whole(column):
        column = column.astype("Int64")
    missing = column.isna()
    return column.astype(object).map(str, na_action="ignore").mask(missing).astype("str")


def to_number(column: Column[Any]) -> Column[Any]:
    """Return values as floats."""
    return pd.to_numeric(_plain(column), errors="coerce").astype("float64")


def to_integer(column: Column[Any]) -> Column[Any]:
    """Return values as whole numbers; what has a fraction, or is infinite, becomes missing."""
    numbers = _plain(column)
    if not kinds.is_numeric_dtype(numbers):  # nullable at once: long identifiers must not pass through a float
        numbers = pd.to_numeric(numbers, errors="coerce", dtype_backend="numpy_nullable")
    if kinds.is_float_dtype(numbers):
        whole = np.isfinite(numbers.astype("float64")) & (numbers % 1 == 0) & (numbers.abs() < 2.0**63)
        numbers = numbers.where(whole).astype("Int64")
    numbers = numbers.astype("Int64")
    return numbers if numbers.isna().any() else numbers.astype("int64")


def to_boolean(column: Column[Any]) -> Column[Any]:
    """Return values as truths, from the words and digits that people write for them."""
    if kinds.is_bool_dtype(column) and not kinds.is_object_dtype(column):
        return column
    words = to_text(column).str.strip().str.lower()
    truths = words.map({**dict.fromkeys(TRUE, True), **dict.fromkeys(FALSE, False)}).astype("boolean")
    return truths if truths.isna().any() else truths.astype("bool")


def to_plain_digits(column: Column[Any], decimal: str, thousands: str | None) -> Column[Any]:
    """Return numbers that are written another way, ``1.234,5``, as text that any reader of numbers takes.

    :param column: numbers are left as they are.
    :param decimal: the mark before the fraction.
    :param thousands: the mark between thousands.
    """
    if (decimal == "." and thousands is None) or kinds.is_numeric_dtype(column):
        return column
    texts = to_text(column)
    if thousands:
        texts = texts.str.replace(thousands, "", regex=False)
    return texts if decimal == "." else texts.str.replace(decimal, ".", regex=False)


def to_timestamp(
    column: Column[Any], unit: Unit | None = None, formats: Sequence[str] = (), zone: str | None = None
) -> Column[Any]:
    """Return values as timestamps; with a zone they become UTC.

    :param column: timestamps already, text, or numbers.
    :param unit: what numbers count since 1970.
    :param formats: of text, tried in this order; what none of them reads is read as without them.
    :param zone: where clocks show what has no zone of its own; an hour that is shown twice, or never, is missing.
    :raises ValueError: for numbers without a unit, or for a zone that there is not.
    """
    return _placed(_of_the_calendar(_timestamps(column, unit, formats)), zone)


def to_date(times: Column[Any]) -> Column[Any]:
    """Return the days of timestamps."""
    days: Column[Any] = times.dt.date.astype(object).mask(times.isna(), None)
    return days


def _of_the_calendar(times: Column[Any]) -> Column[Any]:
    """Return moments without those before the year 1 or after 9999, which pandas has and nothing else at hand."""
    known = times.dropna()
    if known.empty or (known.min().year >= 1 and known.max().year <= 9999):
        return times
    return times.where(times.dt.year.between(1, 9999))


def _placed(times: Column[Any], zone: str | None) -> Column[Any]:
    if zone is None or getattr(times.dtype, "tz", None) is not None:
        return times
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"there is no time zone called {zone!r}") from error
    placed: Column[Any] = times.dt.tz_localize(zone, ambiguous="NaT", nonexistent="NaT").dt.tz_convert("UTC")
    return placed


def _timestamps(column: Column[Any], unit: Unit | None, formats: Sequence[str]) -> Column[Any]:
    if kinds.is_datetime64_any_dtype(column):
        return column
    if column.isna().all():
        return pd.Series(pd.NaT, index=column.index, dtype="datetime64[us]")
    if formats:
        return _by_formats(to_text(column).astype(object), formats)
    if kinds.is_numeric_dtype(column):
        return _counted(column, unit)
    words = column.astype(object)
    if unit and (numbers := pd.to_numeric(words, errors="coerce")).notna().sum() > 0:
        return _counted(numbers, unit)
    return _read(words)


def _by_formats(words: Column[Any], formats: Sequence[str]) -> Column[Any]:
    """Read each text by the first format that fits it; all as moments in UTC if one of the formats has a zone."""
    zoned = any("%z" in wanted or "%Z" in wanted for wanted in formats)
    found: Column[Any] = pd.Series(
        pd.NaT, index=words.index, dtype="datetime64[us, UTC]" if zoned else "datetime64[us]"
    )
    for wanted in formats:
        read = pd.to_datetime(words.where(found.isna()), format=wanted, errors="coerce", utc=zoned).dt.as_unit("us")
        found = found.fillna(read)
    rest = words.where(found.isna())
    if rest.isna().all():
        return found
    iso = pd.to_datetime(rest, format="ISO8601", errors="coerce", utc=zoned or _has_zone(rest)).dt.as_unit("us")
    return found.fillna(iso) if iso.dtype == found.dtype else found


def _counted(numbers: Column[Any], unit: Unit | None) -> Column[Any]:
    if unit is None:
        raise ValueError("numbers are timestamps only with a unit")
    possible = numbers.where(numbers.abs() * _SECONDS[unit] <= _LATEST)
    times: Column[Any] = pd.to_datetime(possible, unit=unit, errors="coerce")
    found: Column[Any] = times.dt.as_unit("us")
    return found


def _read(words: Column[Any]) -> Column[Any]:
    """Read text as ISO 8601 and, where that leaves gaps, as the first value's format; keep what reads more."""
    zoned = _has_zone(words)
    iso = pd.to_datetime(words, format="ISO8601", errors="coerce", utc=zoned).dt.as_unit("us")
    if iso.notna().sum() == words.notna().sum():
        return iso
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that the format cannot be guessed: the gaps say so
        guessed = pd.to_datetime(words, errors="coerce", utc=zoned).dt.as_unit("us")
    return guessed if guessed.notna().sum() > iso.notna().sum() else iso


def is_iso(column: Column[Any]) -> bool:
    """Whether all of a column of text reads as ISO 8601, so that what a value is depends on no other but for its zone.

    :param column: any column.
    """
    if not isinstance(column.dtype, pd.StringDtype):
        return False
    words = column.astype(object)
    iso = pd.to_datetime(words, format="ISO8601", errors="coerce", utc=_has_zone(words))
    return bool(iso.notna().sum() == words.notna().sum())


def _has_zone(words: Column[Any]) -> bool:
    return bool(words.dropna().astype(str).str.contains(_ZONE, regex=True).any())


def _plain(column: Column[Any]) -> Column[Any]:
    """Return text without the blanks around it, which ``to_numeric`` would stumble over in some dtypes."""
    return column.str.strip() if isinstance(column.dtype, pd.StringDtype) else column


def _is_whole(column: Column[Any]) -> bool:
    found = column.dropna()
    return bool(np.isfinite(found).all() and (found % 1 == 0).all() and (found.abs() < 2.0**63).all())
