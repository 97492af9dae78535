from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from loopwright.lake.columns import ARROW, Columns, ColumnUnfit, columns_of

DAY = dt.date(2024, 1, 31)
MOMENT = dt.datetime(2024, 1, 31, 5)  # noqa: DTZ001 - a column without a zone


def column(values: object, dtype: object = None) -> Columns:
    return columns_of(pd.DataFrame({"x": pd.Series(values, dtype=dtype)}))


@pytest.mark.parametrize(
    ("values", "dtype", "type_"),
    [
        ([1, 2], "int8", "long"),
        ([1, 2], "uint32", "long"),
        ([1, None], "Int16", "long"),
        ([1.5, 2], "float32", "double"),
        ([1, 2.5], object, "double"),
        ([Decimal("1.10"), None], object, "double"),
        ([True, None], object, "boolean"),
        (["a", None], "str", "string"),
        (["a", np.nan], object, "string"),
        (["a", "b"], "category", "string"),
        ([b"a", None], object, "binary"),
        ([DAY, None], object, "date"),
        ([MOMENT, None], object, "timestamp_ntz"),
        (["2024-01-31", None], "datetime64[ns]", "timestamp_ntz"),
        (["2024-01-31", None], "datetime64[ns, Europe/Paris]", "timestamp"),
    ],
)
def test_few_types_whatever_pandas_had(values, dtype, type_):
    columns = column(values, dtype)
    assert columns.types == {"x": type_}
    assert columns.typed["x"].type == ARROW[type_]
    assert columns.untyped == {}


@pytest.mark.parametrize(
    ("values", "dtype", "seems"),
    [
        ([None, None], object, "double"),
        ([np.nan, np.nan], "float64", "double"),
        ([None, None], "str", "string"),
        ([None, None], "datetime64[us]", "timestamp_ntz"),
        ([None, None], "Int64", "long"),
        ([], "int64", "long"),
    ],
)
def test_a_column_without_a_value_has_no_type_but_a_seeming_one(values, dtype, seems):
    columns = column(values, dtype)
    assert columns.typed == {}
    assert columns.untyped == {"x": seems}


def test_values_survive():
    columns = columns_of(
        pd.DataFrame(
            {
                "whole": [2**63 - 1, -(2**63)],
                "part": [np.inf, -0.1],
                "at": pd.to_datetime(["2024-01-31 05:00:00.123456789", "1677-09-22"], format="ISO8601"),
                "zoned": pd.to_datetime(["2024-07-01 02:00", "2024-01-01 01:00"]).tz_localize("Europe/Paris"),
                "kind": pd.Categorical(["b", "a"]),
            }
        )
    )
    assert columns.typed["whole"].to_pylist() == [2**63 - 1, -(2**63)]
    assert columns.typed["part"].to_pylist() == [np.inf, -0.1]
    assert columns.typed["at"].cast(pa.string()).to_pylist() == [
        "2024-01-31 05:00:00.123456",
        "1677-09-22 00:00:00.000000",
    ]
    assert columns.typed["zoned"].cast(pa.string()).to_pylist() == [
        "2024-07-01 00:00:00.000000Z",
        "2024-01-01 00:00:00.000000Z",
    ]
    assert columns.typed["kind"].to_pylist() == ["b", "a"]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([1, "a", "b"], "str × 2, int × 1"),
        ([True, 1], "bool × 1, int × 1"),
        ([1 + 2j], "complex × 1"),
        ([2**70], "int × 1"),
        ([DAY, MOMENT], "date × 1, datetime × 1"),
        ([b"a", "a"], "bytes × 1, str × 1"),
        ([pd.Timestamp("2024", tz="UTC"), pd.Timestamp("2024")], "Timestamp × 2"),
    ],
)
def test_mixed_values_are_refused_even_where_arrow_would_cut_them(values, found):
    with pytest.raises(ColumnUnfit, match=r"cannot be given one type(.|\n)*where: column x") as caught:
        column(values, object)
    assert caught.value.got == found


def test_values_are_not_repeated_in_the_message():
    with pytest.raises(ColumnUnfit, match="cannot be given one type") as caught:
        column(["the secret", 1], object)
    assert "the secret" not in str(caught.value)


@pytest.mark.parametrize("values", [[[1], [2]], [{"a": 1}], [dt.timedelta(1)], [dt.time(1)], [pd.Interval(0, 1)]])
def test_types_that_no_table_keeps_are_refused(values):
    with pytest.raises(ColumnUnfit, match="of a type that the lake does not keep"):
        column(values)


def test_whole_numbers_beyond_64_bits_are_refused():
    with pytest.raises(ColumnUnfit, match="beyond 64 signed bits"):
        column([2**63], "uint64")


def test_names_must_differ_in_more_than_case():
    with pytest.raises(ColumnUnfit, match=r"must differ(.|\n)*got: fare"):
        columns_of(pd.DataFrame([[1, 2]], columns=["fare", "Fare"]))
    with pytest.raises(ColumnUnfit, match=r"must differ(.|\n)*got: fare"):
        columns_of(pd.DataFrame([[1, 2]], columns=["fare", "fare"]))


def test_names_must_be_text():
    with pytest.raises(ColumnUnfit, match=r"named by text(.|\n)*got: 0, 1"):
        columns_of(pd.DataFrame([[1, 2]]))
