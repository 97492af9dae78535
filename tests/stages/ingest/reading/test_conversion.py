"""Conversion: what cannot be converted becomes missing, and nothing else changes."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from loopwright.stages.ingest.reading.conversion import to_boolean, to_integer, to_number, to_text, to_timestamp


def listed(column: pd.Series) -> list[object]:
    return [None if pd.isna(value) else value for value in column]


def times(column: pd.Series) -> list[str | None]:
    return [None if pd.isna(value) else value.isoformat() for value in column]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([1.0, np.nan], ["1", None]),
        ([1.5, np.nan], ["1.5", None]),
        ([True, None], ["True", None]),
        (["007", None], ["007", None]),
        ([None, None], [None, None]),
        ([dt.date(2024, 1, 2)], ["2024-01-02"]),
    ],
)
def test_to_text(values: list[object], text: list[object]) -> None:
    column = to_text(pd.Series(values))
    assert listed(column) == text
    assert column.dtype == "str"


def test_to_number() -> None:
    assert listed(to_number(pd.Series(["1", " 2.5 ", "x", None]))) == [1.0, 2.5, None, None]
    assert listed(to_number(pd.Series([True, False]))) == [1.0, 0.0]


def test_to_integer_refuses_fractions_and_keeps_every_digit() -> None:
    long = 2**53 + 1
    assert listed(to_integer(pd.Series(["2.0", "2.5", "inf", "x", None]))) == [2, None, None, None, None]
    assert listed(to_integer(pd.Series([str(long), None]))) == [long, None]
    assert to_integer(pd.Series(["1", "2"])).dtype == "int64"
    assert to_integer(pd.Series([1.0, np.nan])).dtype == "Int64"


def test_to_boolean_reads_the_words_that_people_write() -> None:
    assert listed(to_boolean(pd.Series(["Y", " no", "TRUE", "?", None]))) == [True, False, True, None, None]
    assert to_boolean(pd.Series([1, 0])).dtype == "bool"
    assert listed(to_boolean(pd.Series([1.0, np.nan]))) == [True, None]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["2018-01-11 18:24:44", None], ["2018-01-11T18:24:44", None]),
        (["2024-01-01", "2024-01-01 10:00:00.5"], ["2024-01-01T00:00:00", "2024-01-01T10:00:00.500000"]),
        (["13/01/2018 10:00", "14/01/2018 11:00"], ["2018-01-13T10:00:00", "2018-01-14T11:00:00"]),
        (["13-01-2018", "14-01-2018"], ["2018-01-13T00:00:00", "2018-01-14T00:00:00"]),  # -2018 is no time zone
        (["2024-01-01T00:00:00Z", "2024-01-01T02:00:00+02:00"], ["2024-01-01T00:00:00+00:00"] * 2),
        (["2024-01-01", "garbage"], ["2024-01-01T00:00:00", None]),
        (["9999-12-31"], ["9999-12-31T00:00:00"]),
        ([None, None], [None, None]),
        ([dt.date(2024, 1, 1), None], ["2024-01-01T00:00:00", None]),
    ],
)
def test_to_timestamp_of_text(values: list[object], found: list[object]) -> None:
    assert times(to_timestamp(pd.Series(values))) == found


def test_to_timestamp_of_numbers_needs_a_unit() -> None:
    assert times(to_timestamp(pd.Series([1400269500, 1e300]), "s")) == ["2014-05-16T19:45:00", None]
    assert times(to_timestamp(pd.Series(["1400269500000", "x"]), "ms")) == ["2014-05-16T19:45:00", None]
    with pytest.raises(ValueError, match="only with a unit"):
        to_timestamp(pd.Series([1400269500]))


def test_every_timestamp_comes_in_microseconds() -> None:
    units = {
        to_timestamp(pd.Series([text])).dt.unit for text in ("2024-01-01", "2024-01-01 10:00:00.123456", "1/2/2024")
    }
    assert units == {"us"}
