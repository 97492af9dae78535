from __future__ import annotations

import datetime as dt

import pandas as pd
import pyarrow as pa
import pytest

from loopwright.lake.columns import columns_of
from loopwright.lake.schema import ColumnConflict, Settled, settle, widen

DAY = dt.date(2024, 1, 31)


def settled(values: object, has: str | None, dtype: object = None) -> Settled:
    columns = columns_of(pd.DataFrame({"x": pd.Series(values, dtype=dtype)}))
    return settle(columns, {} if has is None else {"x": has}, where="the lake")


@pytest.mark.parametrize(
    ("values", "dtype", "has", "becomes", "widened"),
    [
        ([1, 2], None, None, pa.int64(), {}),
        ([1, 2], None, "long", pa.int64(), {}),
        ([1.0, None], "float64", "long", pa.int64(), {}),  # what pandas makes of whole numbers with nulls
        ([1.5, None], "float64", "long", pa.float64(), {"x": "double"}),
        ([float("inf")], "float64", "long", pa.float64(), {"x": "double"}),
        ([1e300], "float64", "long", pa.float64(), {"x": "double"}),
        ([1, 2], "int64", "double", pa.float64(), {}),
        ([DAY], object, "timestamp_ntz", pa.timestamp("us"), {}),
        (["2024-01-31"], "datetime64[s]", "date", pa.date32(), {}),
        (["2024-01-31 05:00"], "datetime64[s]", "date", pa.timestamp("us"), {"x": "timestamp_ntz"}),
    ],
)
def test_types_that_can_be_reconciled(values, dtype, has, becomes, widened):
    outcome = settled(values, has, dtype)
    assert outcome.own["x"].type == becomes
    assert outcome.widened == widened


@pytest.mark.parametrize(
    ("values", "has", "brought"),
    [
        (["a", "b"], "double", "string"),
        (["1", "2"], "long", "string"),
        ([1, 2], "string", "long"),
        ([True, False], "long", "boolean"),
        ([1.5], "timestamp_ntz", "double"),
        ([2**53 + 1], "double", "long"),  # has no double of its own
        (pd.to_datetime(["2024"], utc=True), "timestamp_ntz", "timestamp"),
    ],
)
def test_types_that_cannot(values, has, brought):
    with pytest.raises(ColumnConflict, match=r"column x does not fit the table's") as caught:
        settled(values, has)
    assert (caught.value.where, caught.value.got, caught.value.allowed) == ("the lake: x", brought, has)


def test_every_conflict_is_named():
    columns = columns_of(pd.DataFrame({"a": ["x"], "b": ["x"], "c": ["x"]}))
    with pytest.raises(ColumnConflict, match=r"column a does not fit the table's \(so do c\)"):
        settle(columns, {"a": "long", "b": "string", "c": "double"}, where="the lake")


def test_a_column_without_values_fits_any_type():
    assert settled([None, None], "long", object) == Settled({}, {})


@pytest.mark.parametrize("values", [[1], [None]])
def test_a_spelling_that_differs_in_case_only_is_a_conflict(values):
    columns = columns_of(pd.DataFrame({"Fare": values}))
    with pytest.raises(ColumnConflict, match="Fare differs from the table's fare in upper and lower case only"):
        settle(columns, {"fare": "long"}, where="the lake")


def test_widening_keeps_the_column_where_it_was():
    table = pa.table({"a": ["x"], "b": pa.array([3], pa.int64()), "c": ["y"]})
    wide = widen(table, {"b": "double"}, where="the lake")
    assert wide.column_names == ["a", "b", "c"]
    assert wide["b"].type == pa.float64()


def test_widening_never_costs_digits():
    table = pa.table({"id": pa.array([2**53 + 1], pa.int64())})
    with pytest.raises(ColumnConflict, match="column id does not fit"):
        widen(table, {"id": "double"}, where="the lake")
