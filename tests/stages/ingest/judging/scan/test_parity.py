"""Every compiled expectation is held to Great Expectations' own answer, on frames and arguments nobody thought of."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from loopwright.stages.ingest.judging.gx import judge
from loopwright.stages.ingest.judging.judgement import Judgement
from loopwright.stages.ingest.judging.scan.compiling import COMPILED
from loopwright.stages.ingest.judging.scan.source import Source, table
from loopwright.stages.ingest.judging.scanning import judge_in_place
from loopwright.stages.ingest.judging.suite import Suite

# Of a column with infinities, mean and spread are NaN on both sides; only pandas says so aloud.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning:pandas.core.nanops")

NUMBERS, TEXTS, TIMES = ("i", "n", "f", "g"), ("s", "w"), ("t", "z")
COLUMNS = (*NUMBERS, *TEXTS, "b", *TIMES)
REGEXES = [
    "^a",
    "b$",
    "^[a-z]+$",
    r"^\d+$",
    "é",
    r"a.b",
    "(?i)A",
    "a|b",
    "^$",
    r"\s",
    r"[^a]",
    "x{2,}",
    r"(?=a)",
    r"^\w*$",
]
WORDS = ["a", "b", "ab", "aab", "B", "", "é", "1", " a", "xx"]

whole = st.integers(-50, 50)
moments = st.datetimes(pd.Timestamp(1999, 1, 1).to_pydatetime(), pd.Timestamp(2030, 1, 1).to_pydatetime())
floats = st.one_of(
    st.floats(-60, 60, width=16), st.sampled_from([math.nan, math.inf, -math.inf, -0.0, 0.0, 1e-300, 1e15, 0.1])
)
texts = st.one_of(st.sampled_from(WORDS), st.text(max_size=4), st.text("ab1\n 'é\"🦆\u0661", max_size=5))


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(st.integers(0, 12))

    def column(values: st.SearchStrategy[Any], nulls: bool = False) -> list[Any]:
        drawn = st.one_of(st.none(), values) if nulls else values
        return draw(st.lists(drawn, min_size=rows, max_size=rows))

    times = pd.to_datetime(pd.Series(column(moments, nulls=True), dtype="datetime64[us]"))
    return pd.DataFrame(
        {
            "i": np.array(column(whole), dtype="int64"),
            "n": np.array(column(whole, nulls=True), dtype="float64"),
            "f": np.array(column(floats, nulls=True), dtype="float64"),
            "g": np.array(column(st.floats(-5, 5, width=16)), dtype="float64"),
            "s": pd.Series(column(texts, nulls=True), dtype="str"),
            "w": pd.Series(column(st.sampled_from(WORDS)), dtype="str"),
            "b": np.array(column(st.booleans()), dtype="bool"),
            "t": times,
            "z": times.dt.tz_localize("UTC"),
        }
    )


def seen(frame: pd.DataFrame, *, nan: bool) -> Source:
    """Return the frame as DuckDB sees a staged one (or, with ``nan``, somebody's Parquet, in which NaN is a value)."""
    columns = {name: pa.array(frame[name], from_pandas=True) for name in frame.columns}
    if nan:
        columns |= {name: pa.array(frame[name].to_numpy(), from_pandas=False) for name in ("f", "g")}
    columns["n"] = columns["n"].cast(pa.int64())
    return table(pa.table({**columns, "_row": pa.array(frame.index, pa.int64())}))


def shares(draw: st.DrawFn) -> dict[str, Any]:
    return draw(st.sampled_from([{}, {"mostly": 0.5}, {"mostly": 0.9}, {"mostly": 0}, {"mostly": 1.0}]))


def bounds(draw: st.DrawFn, values: st.SearchStrategy[Any]) -> dict[str, Any]:
    found = {
        name: draw(values)
        for name in draw(st.sampled_from([("min_value",), ("max_value",), ("min_value", "max_value")]))
    }
    if len(found) == 2:
        found["min_value"], found["max_value"] = sorted(found.values())
    flags = draw(
        st.sampled_from([{}, {"strict_min": True}, {"strict_max": True}, {"strict_min": True, "strict_max": True}])
    )
    return found | flags


def sets(draw: st.DrawFn, column: str) -> list[Any]:
    values = st.sampled_from(WORDS) if column in TEXTS else st.one_of(whole, st.sampled_from([0.5, -2.0, 1e15]))
    return draw(st.lists(values, min_size=1, max_size=6))


def one_of(draw: st.DrawFn, columns: tuple[str, ...]) -> str:
    return draw(st.sampled_from(columns))


def pair(draw: st.DrawFn) -> dict[str, Any]:
    first = one_of(draw, COLUMNS)
    kin = next(kind for kind in (NUMBERS, TEXTS, ("b",), ("t",), ("z",)) if first in kind)
    ignored = draw(
        st.sampled_from(
            [
                {},
                {"ignore_row_if": "both_values_are_missing"},
                {"ignore_row_if": "either_value_is_missing"},
                {"ignore_row_if": "neither"},
            ]
        )
    )
    return {"column_A": first, "column_B": one_of(draw, kin), **ignored, **shares(draw)}


def several(draw: st.DrawFn, columns: tuple[str, ...]) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(columns), min_size=2, max_size=3, unique=True))
    ignored = draw(
        st.sampled_from(
            [
                {},
                {"ignore_row_if": "all_values_are_missing"},
                {"ignore_row_if": "any_value_is_missing"},
                {"ignore_row_if": "never"},
            ]
        )
    )
    return {"column_list": names, **ignored, **shares(draw)}


def asked(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """Draw arguments for an expectation."""
    if kind.endswith("_null"):
        return {"column": one_of(draw, COLUMNS), **shares(draw)}
    if kind == "expect_column_values_to_be_between":
        column = one_of(draw, NUMBERS + TIMES)
        values = (
            st.one_of(whole, st.floats(-9, 9, width=16))
            if column in NUMBERS
            else st.one_of(moments, st.dates(dt.date(2000, 1, 1), dt.date(2030, 1, 1)).map(str))
        )
        found = bounds(draw, values if column in NUMBERS else draw(st.sampled_from([moments, moments.map(str)])))
        return {"column": column, **found, **shares(draw)}
    if kind in ("expect_column_values_to_be_in_set", "expect_column_values_to_not_be_in_set"):
        column = one_of(draw, NUMBERS + TEXTS)
        return {"column": column, "value_set": sets(draw, column), **shares(draw)}
    if kind.endswith("_regex"):
        return {"column": one_of(draw, TEXTS), "regex": draw(st.sampled_from(REGEXES)), **shares(draw)}
    if kind.endswith("_regex_list"):
        match = draw(st.sampled_from([{}, {"match_on": "all"}, {"match_on": "any"}])) if "not" not in kind else {}
        found = draw(st.lists(st.sampled_from(REGEXES), min_size=1, max_size=3))
        return {"column": one_of(draw, TEXTS), "regex_list": found, **match, **shares(draw)}
    if kind == "expect_column_value_lengths_to_be_between":
        return {"column": one_of(draw, TEXTS), **bounds(draw, st.integers(0, 4)), **shares(draw)}
    if kind == "expect_column_value_lengths_to_equal":
        return {"column": one_of(draw, TEXTS), "value": draw(st.integers(0, 3)), **shares(draw)}
    if kind == "expect_column_values_to_be_unique":
        return {"column": one_of(draw, COLUMNS), **shares(draw)}
    if kind == "expect_compound_columns_to_be_unique":
        return several(draw, COLUMNS)
    if kind == "expect_select_column_values_to_be_unique_within_record":
        return several(draw, draw(st.sampled_from([("n", "f", "g"), TEXTS])))
    if kind == "expect_multicolumn_sum_to_equal":
        return {**several(draw, NUMBERS), "sum_total": draw(whole)}
    if kind == "expect_column_pair_values_a_to_be_greater_than_b":
        return {**pair(draw), **draw(st.sampled_from([{}, {"or_equal": True}, {"or_equal": False}]))}
    if kind == "expect_column_pair_values_to_be_equal":
        return pair(draw)
    if kind == "expect_column_pair_values_to_be_in_set":
        pairs = st.tuples(whole, st.sampled_from(WORDS)).map(list)
        return {
            **pair(draw),
            "column_A": "n",
            "column_B": "s",
            "value_pairs_set": draw(st.lists(pairs, min_size=1, max_size=4)),
        }
    if kind in ("expect_column_min_to_be_between", "expect_column_max_to_be_between"):
        column = one_of(draw, NUMBERS + TIMES)
        return {"column": column, **bounds(draw, whole if column in NUMBERS else moments)}
    if kind.endswith(("mean_to_be_between", "median_to_be_between", "stdev_to_be_between", "sum_to_be_between")):
        return {"column": one_of(draw, NUMBERS), **bounds(draw, st.floats(-40, 40).map(lambda value: value + 0.0137))}
    if kind == "expect_column_quantile_values_to_be_between":
        wanted = draw(st.lists(st.sampled_from([0, 0.05, 0.25, 0.5, 0.75, 0.9, 1]), min_size=1, max_size=3))
        ranges = [
            draw(st.tuples(st.one_of(st.none(), st.just(-9.3)), st.one_of(st.none(), st.just(8.7)))) for _ in wanted
        ]
        return {
            "column": one_of(draw, NUMBERS),
            "quantile_ranges": {"quantiles": wanted, "value_ranges": [list(each) for each in ranges]},
        }
    if "unique_value_count" in kind:
        return {"column": one_of(draw, COLUMNS), **bounds(draw, st.integers(0, 12))}
    if "proportion" in kind:
        return {"column": one_of(draw, COLUMNS), **bounds(draw, st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.0]))}
    if "distinct_values" in kind:
        column = one_of(draw, NUMBERS + TEXTS)
        return {"column": column, "value_set": sets(draw, column)}
    if kind == "expect_column_most_common_value_to_be_in_set":
        column = one_of(draw, ("i", "g", *TEXTS))
        return {"column": column, "value_set": sets(draw, column), **draw(st.sampled_from([{}, {"ties_okay": True}]))}
    if kind.endswith("count_to_be_between"):
        found = bounds(draw, st.integers(0, 12))
        return {name: value for name, value in found.items() if "column_count" not in kind or "strict" not in name}
    if kind.endswith("count_to_equal"):
        return {"value": draw(st.integers(0, 12))}
    if kind == "expect_column_to_exist":
        return {
            "column": draw(st.sampled_from([*COLUMNS, "gone"])),
            **draw(st.sampled_from([{}, {"column_index": 0}, {"column_index": 2}, {"column_index": 99}])),
        }
    names = draw(st.sampled_from([COLUMNS, COLUMNS[:3], (*COLUMNS, "gone"), COLUMNS[::-1]]))
    if kind == "expect_table_columns_to_match_set":
        return {"column_set": list(names), **draw(st.sampled_from([{}, {"exact_match": False}, {"exact_match": True}]))}
    assert kind == "expect_table_columns_to_match_ordered_list", kind
    return {"column_list": list(names)}


@st.composite
def suites(draw: st.DrawFn) -> Suite:
    expectations = [{"type": kind, "kwargs": asked(draw, kind)} for kind in COMPILED]
    return Suite.model_validate({"expectations": expectations})


def agree(ours: Any, theirs: Any) -> bool:
    """Whether two results say the same: floats to the rounding of another order of summation."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(agree(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(agree, ours, theirs))
    if ours is None or theirs is None:
        return ours in (None, "NaT") and theirs in (None, "NaT")
    if isinstance(ours, float | int) and isinstance(theirs, float | int):
        return math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-9)
    return bool(ours == theirs)


def compared(frame: pd.DataFrame, suite: Suite, *, nan: bool) -> tuple[Judgement, Judgement]:
    theirs = judge(frame, suite)
    ours = judge_in_place(seen(frame, nan=nan), suite, lambda names: frame if names is None else frame[list(names)])
    for our, their, result, expected in zip(
        ours.expectations, theirs.expectations, ours.results, theirs.results, strict=True
    ):
        about = f"{our.name} {our.kwargs}\nours   {result}\ntheirs {expected}"
        assert our.success == their.success, about
        if our.engine == "scan":
            assert their.raised is None, about
            assert agree(_comparable(result), _comparable(expected)), about
    return ours, theirs


def _comparable(result: Any) -> Any:
    found = dict(result["result"])
    if "partial_missing_list" in found:  # theirs comes in the order of a set
        found["partial_missing_list"] = sorted(found["partial_missing_list"], key=str)
    return found


quick = settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],  # to shrink a suite of forty takes minutes, and the message names the one
)


@settings(quick, max_examples=25)
@given(frame=frames(), suite=suites(), nan=st.booleans())
def test_the_scan_answers_as_great_expectations_does(frame: pd.DataFrame, suite: Suite, nan: bool) -> None:
    compared(frame, suite, nan=nan)


@settings(quick, max_examples=3)
@given(frame=frames(), suite=suites())
def test_the_very_rows_that_fail_are_the_same(frame: pd.DataFrame, suite: Suite) -> None:
    frame = pd.concat([frame, frame.head(3)], ignore_index=True).set_axis(
        range(0, 3 * len(frame) + 3 * len(frame.head(3)), 3)
    )
    ours, theirs = compared(frame, suite, nan=False)
    assert set(ours.failing.names) == set(theirs.failing.names)
    for name in theirs.failing.names:
        found, expected = (np.concatenate([*side.failing.of(name)]).tolist() for side in (ours, theirs))
        assert found == expected, name


@pytest.mark.full
@settings(quick, max_examples=600)
@given(frame=frames(), suite=suites(), nan=st.booleans())
def test_the_scan_answers_as_great_expectations_does_at_length(frame: pd.DataFrame, suite: Suite, nan: bool) -> None:
    compared(frame, suite, nan=nan)
