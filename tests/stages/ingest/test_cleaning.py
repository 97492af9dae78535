"""Cleaning: each step does what it says, counts what it changed, and leaves every row its number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopwright.declaration.dataset import DatasetSpec
from loopwright.errors import DeclarationError, UserCodeFailed
from loopwright.stages.ingest.cleaning import Cleaned, CleaningFailed, clean

NOWHERE = Path("nowhere")


def cleaned(frame: pd.DataFrame, *steps: dict[str, object], folder: Path = NOWHERE) -> Cleaned:
    spec = DatasetSpec.model_validate(
        {"name": "d", "owner": "o", "arrivals": "*", "clean": list(steps), "on_bad_rows": {"set_aside_up_to": "100%"}}
    )
    return clean(frame, spec.clean, folder)


def values(found: Cleaned, column: str) -> list[object]:
    return [None if pd.isna(value) else value for value in found.frame[column]]


def test_rows_keep_their_numbers_and_each_step_its_count() -> None:
    frame = pd.DataFrame({"k": [1, 1, 2, 3], "x": [1.0, 1.0, None, 5.0]})
    found = cleaned(frame, {"step": "drop_duplicates"}, {"step": "drop_rows", "missing": ["x"]})
    assert list(found.frame.index) == [0, 3]
    assert found.changed == {"clean[0].drop_duplicates": 1, "clean[1].drop_rows": 1}
    assert len(frame) == 4


def test_drop_duplicates_by_columns_keeps_the_first() -> None:
    frame = pd.DataFrame({"k": [1, 1], "x": ["first", "second"]})
    assert values(cleaned(frame, {"step": "drop_duplicates", "columns": ["k"]}), "x") == ["first"]


def test_drop_columns_that_are_gone_already_is_fine() -> None:
    found = cleaned(pd.DataFrame({"a": [1], "b": [1]}), {"step": "drop_columns", "columns": ["b", "c"]})
    assert list(found.frame) == ["a"]
    assert found.changed == {"clean[0].drop_columns": 1}


def test_rename_is_not_needed_by_a_source_that_did_it_itself() -> None:
    step = {"step": "rename", "columns": {"Fare": "fare"}}
    assert list(cleaned(pd.DataFrame({"Fare": [1]}), step).frame) == ["fare"]
    assert cleaned(pd.DataFrame({"fare": [1]}), step).changed == {"clean[0].rename": 0}
    with pytest.raises(CleaningFailed, match="two columns one name"):
        cleaned(pd.DataFrame({"Fare": [1], "fare": [2]}), step)


def test_convert_counts_what_it_lost_only() -> None:
    frame = pd.DataFrame({"n": ["1", "x", None], "t": ["2024-01-01", "?", None], "b": ["y", "n", None]})
    step = {"step": "convert", "columns": {"n": "integer", "t": "timestamp", "b": "boolean"}}
    found = cleaned(frame, step)
    assert found.changed == {"clean[0].convert": 2}
    assert values(found, "n") == [1, None, None]
    assert values(found, "b") == [True, False, None]


def test_convert_of_numbers_to_timestamps_without_a_unit_says_so() -> None:
    with pytest.raises(CleaningFailed, match=r"clean\[0\].convert[\s\S]*only with a unit"):
        cleaned(pd.DataFrame({"t": [1]}), {"step": "convert", "columns": {"t": "timestamp"}})


@pytest.mark.parametrize(
    ("before", "wanted", "after"),
    [
        (["Y", "yes", "N"], {"Y": "yes"}, ["yes", "yes", "N"]),
        (["Y", "N", "Y"], {"Y": True, "N": False}, [True, False, True]),
        ([99, 1, 99], {"99": None}, [None, 1, None]),
        ([99.0, np.nan, 1.5], {"99": 0.0}, [0.0, None, 1.5]),
        (pd.array([99, None, 1], dtype="Int64"), {"99": 0}, [0, None, 1]),
    ],
)
def test_replace_finds_values_as_they_are_written(before: object, wanted: dict, after: list) -> None:
    step = {"step": "replace", "column": "c", "values": wanted}
    assert values(cleaned(pd.DataFrame({"c": before}), step), "c") == after


def test_replace_keeps_what_it_does_not_find() -> None:
    frame = pd.DataFrame({"c": [1, 2]})
    found = cleaned(frame, {"step": "replace", "column": "c", "values": {"7": 8}})
    assert found.changed == {"clean[0].replace": 0}
    assert found.frame["c"].dtype == "int64"


def test_fill_fills_even_a_column_without_a_value() -> None:
    frame = pd.DataFrame({"x": [1.0, np.nan], "s": ["a", None], "e": [np.nan, np.nan]})
    found = cleaned(frame, {"step": "fill", "columns": {"x": 0, "s": "?", "e": "none"}})
    assert found.changed == {"clean[0].fill": 4}
    assert [values(found, name) for name in "xse"] == [[1.0, 0.0], ["a", "?"], ["none", "none"]]
    with pytest.raises(CleaningFailed, match="a value of another kind"):
        cleaned(frame, {"step": "fill", "columns": {"x": "none"}})
    with pytest.raises(CleaningFailed, match="a value of another kind"):
        cleaned(frame, {"step": "fill", "columns": {"s": 1}})
    with pytest.raises(CleaningFailed, match=r"does not suit the column's values[\s\S]*clean\[0\].fill"):
        cleaned(pd.DataFrame({"n": pd.array([1, None], "Int64")}), {"step": "fill", "columns": {"n": 0.5}})


def test_clip_counts_outliers_and_keeps_whole_numbers_whole() -> None:
    found = cleaned(pd.DataFrame({"n": [-5, 1, 99]}), {"step": "clip", "column": "n", "lower": 0, "upper": 10})
    assert values(found, "n") == [0, 1, 10]
    assert found.frame["n"].dtype == "int64"
    assert found.changed == {"clean[0].clip": 2}
    found = cleaned(pd.DataFrame({"n": [np.nan, 99.0]}), {"step": "clip", "column": "n", "upper": 10})
    assert (values(found, "n"), found.changed) == ([None, 10.0], {"clean[0].clip": 1})
    with pytest.raises(CleaningFailed, match="Only numbers can be clipped"):
        cleaned(pd.DataFrame({"n": ["a"]}), {"step": "clip", "column": "n", "upper": 10})


@pytest.mark.parametrize(
    "step",
    [
        {"step": "drop_duplicates", "columns": ["fair"]},
        {"step": "drop_rows", "missing": ["fair"]},
        {"step": "rename", "columns": {"fair": "price"}},
        {"step": "convert", "columns": {"fair": "number"}},
        {"step": "replace", "column": "fair", "values": {"a": "b"}},
        {"step": "fill", "columns": {"fair": 1}},
        {"step": "clip", "column": "fair", "lower": 1},
    ],
)
def test_a_column_that_is_not_there_is_said_with_the_nearest(step: dict[str, object]) -> None:
    with pytest.raises(CleaningFailed, match=rf"needs the column 'fair'[\s\S]*clean\[0\].{step['step']}[\s\S]*'fare'"):
        cleaned(pd.DataFrame({"fare": [1]}), step)


OWN = """
import pandas as pd
from near import LIMIT

def tidy(frame):
    frame["x"] = frame["x"].clip(upper=LIMIT)
    return frame

def fewer(frame): return frame[frame["x"] < 4]
def more(frame): return pd.concat([frame, frame])
def widen(frame): return frame.assign(y=1)
def broken(frame): return frame["nope"]
def nothing(frame): frame["x"] = 1
def twins(frame): return pd.concat([frame, frame], axis=1)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "own.py").write_text(OWN)
    (tmp_path / "near.py").write_text("LIMIT = 3\n")
    return tmp_path


def applied(folder: Path, function: str) -> Cleaned:
    frame = pd.DataFrame({"x": [1, 4, 5], "s": ["a", None, "c"]})
    found = cleaned(frame, {"step": "apply", "function": f"own:{function}"}, folder=folder)
    assert values(Cleaned(frame, {}), "x") == [1, 4, 5], "the function worked on the frame itself"
    return found


@pytest.mark.parametrize(
    ("function", "changed", "numbers"),
    [("tidy", 2, [0, 1, 2]), ("fewer", 2, [0]), ("more", 3, [0, 1, 2, 3, 4, 5]), ("widen", 3, [0, 1, 2])],
)
def test_apply_counts_rows_and_keeps_their_numbers_where_it_can(folder, function, changed, numbers) -> None:
    found = applied(folder, function)
    assert found.changed == {"clean[0].apply": changed}
    assert list(found.frame.index) == numbers


def test_apply_says_what_is_wrong_with_the_function(folder: Path) -> None:
    with pytest.raises(
        UserCodeFailed, match=r"own:broken raised KeyError in own\.py, line \d+, in broken\.[\s\S]*clean\[0\].apply"
    ):
        applied(folder, "broken")
    with pytest.raises(UserCodeFailed, match="returned no frame"):
        applied(folder, "nothing")
    with pytest.raises(UserCodeFailed, match="columns without a name of their own"):
        applied(folder, "twins")
    with pytest.raises(DeclarationError, match="has no function 'absent'"):
        applied(folder, "absent")


def test_drop_duplicates_may_keep_the_last() -> None:
    frame = pd.DataFrame({"k": [1, 1], "x": ["first", "second"]})
    assert values(cleaned(frame, {"step": "drop_duplicates", "columns": ["k"], "keep": "last"}), "x") == ["second"]


def test_constant_columns_go_and_those_with_gaps_or_leave_to_stay_do_not() -> None:
    frame = pd.DataFrame({"one": [1, 1], "none": [None, None], "gap": [1.0, None], "kept": ["a", "a"], "two": [1, 2]})
    found = cleaned(frame, {"step": "drop_constant_columns", "keep": ["kept"]})
    assert list(found.frame) == ["gap", "kept", "two"]
    assert (found.changed, found.let_go) == ({"clean[0].drop_constant_columns": 2}, {"one", "none"})
    named = cleaned(frame, {"step": "drop_constant_columns", "columns": ["kept", "absent"]})
    assert list(named.frame) == ["one", "none", "gap", "two"]


def test_spell_brings_texts_to_one_spelling() -> None:
    frame = pd.DataFrame({"c": [" Yes", "Y", "TRUE", "no", "N/A", "New   York ", None]})
    step = {"step": "spell", "columns": ["c"], "words": {"yes": ["y", "true"]}, "missing": ["n/a"]}
    found = cleaned(frame, step)
    assert values(found, "c") == ["yes", "yes", "yes", "no", None, "New York", None]
    assert found.changed == {"clean[0].spell": 5}
    again = cleaned(found.frame, step)
    assert again.changed == {"clean[0].spell": 0}, "done twice, it leaves what it left when done once"
    assert values(cleaned(frame.head(1), {**step, "case": "upper", "words": {}}), "c") == ["YES"]


@pytest.mark.parametrize(
    ("by", "expected"),
    [("mean", [1, 2, 3]), ("median", [1, 2, 3]), ("previous", [1, 1, 3]), ("next", [1, 3, 3]), ("mode", [1, 1, 3])],
)
def test_impute_takes_what_the_batch_suggests(by: str, expected: list[float]) -> None:
    found = cleaned(pd.DataFrame({"x": [1.0, None, 3.0]}), {"step": "impute", "columns": {"x": by}})
    assert (values(found, "x"), found.changed) == (expected, {"clean[0].impute": 1})


def test_impute_keeps_whole_numbers_where_it_can_and_leaves_an_empty_column_alone() -> None:
    whole = pd.DataFrame({"n": pd.array([2, None, 4], "Int64"), "e": [None, None, None]})
    found = cleaned(whole, {"step": "impute", "columns": {"n": "mean", "e": "median"}})
    assert (values(found, "n"), str(found.frame["n"].dtype)) == ([2, 3, 4], "Int64")
    assert found.changed == {"clean[0].impute": 1}
    half = pd.DataFrame({"n": pd.array([2, None, 3], "Int64")})
    assert values(cleaned(half, {"step": "impute", "columns": {"n": "mean"}}), "n") == [2.0, 2.5, 3.0]
    with pytest.raises(CleaningFailed, match="Only numbers can be averaged"):
        cleaned(pd.DataFrame({"s": ["a", None]}), {"step": "impute", "columns": {"s": "mean"}})


def test_numbers_and_dates_are_read_as_they_are_written_where_that_is_declared() -> None:
    frame = pd.DataFrame({"n": ["1.234,5", "-7", "x"], "t": ["31.12.2024", "2024/01/02", "2024-03-04"]})
    number = {"step": "convert", "columns": {"n": "number"}, "decimal": ",", "thousands": "."}
    assert values(cleaned(frame, number), "n") == [1234.5, -7.0, None]
    moment = {"step": "convert", "columns": {"t": "timestamp"}, "formats": ["%d.%m.%Y", "%Y/%m/%d"]}
    found = cleaned(frame, moment)
    assert [value.isoformat()[:10] for value in values(found, "t")] == ["2024-12-31", "2024-01-02", "2024-03-04"]
    days = cleaned(frame, {**moment, "columns": {"t": "date"}})
    assert [str(value) for value in values(days, "t")] == ["2024-12-31", "2024-01-02", "2024-03-04"]


def test_clocks_without_a_zone_are_placed_and_an_hour_shown_twice_is_missing() -> None:
    frame = pd.DataFrame({"t": ["2024-07-01 12:00", "2024-10-27 02:30"]})
    step = {"step": "convert", "columns": {"t": "timestamp"}, "timezone": "Europe/Vienna"}
    found = cleaned(frame, step)
    assert [None if v is None else v.isoformat() for v in values(found, "t")] == ["2024-07-01T10:00:00+00:00", None]
    assert found.changed == {"clean[0].convert": 1}
    with pytest.raises(CleaningFailed, match="no time zone called 'Europe/Wien'"):
        cleaned(frame, {**step, "timezone": "Europe/Wien"})


SPREAD = [1.0, 2.0, 3.0, 4.0, 5.0, 1000.0, None]


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({"by": "bounds", "lower": 2, "upper": 5}, [2, 2, 3, 4, 5, 5, None]),
        ({"by": "iqr"}, [1, 2, 3, 4, 5, 8.5, None]),
        ({"by": "quantile", "above": "80%"}, [1, 2, 3, 4, 5, 5, None]),
    ],
)
def test_outliers_are_brought_to_the_bound_or_made_missing(how: dict[str, object], expected: list[object]) -> None:
    frame = pd.DataFrame({"x": SPREAD})
    step = {"step": "outliers", "columns": ["x"], **how}
    clipped = cleaned(frame, {**step, "then": "clip"})
    assert values(clipped, "x") == expected
    far = sum(1 for was, became in zip(SPREAD, expected, strict=True) if was != became)
    assert clipped.changed == {"clean[0].outliers": far}
    nulled = cleaned(frame, {**step, "then": "null"})
    assert values(nulled, "x") == [v if v == e else None for v, e in zip(SPREAD, expected, strict=True)]
    dropped = cleaned(frame, {**step, "then": "drop"})
    assert (len(dropped.frame), dropped.dropped) == (7 - far, {"clean[0].outliers": far})


def test_outliers_set_aside_are_kept_whole_with_what_was_allowed() -> None:
    frame = pd.DataFrame({"x": [1.0, -3.0, 5.0], "y": [1, 1, 99], "s": ["a", "b", "c"]}, index=[4, 7, 9])
    step = {"step": "outliers", "columns": ["x", "y"], "by": "bounds", "lower": 0, "upper": 10, "then": "quarantine"}
    found = cleaned(frame, step)
    (aside,) = found.aside
    assert (list(found.frame.index), list(aside.rows.index), list(aside.rows["s"])) == ([4], [7, 9], ["b", "c"])
    assert aside.reason == "an outlier by bounds: allowed is x 0 to 10, y 0 to 10"
    assert (aside.place, found.dropped) == ("clean[0].outliers", {})
    spared = clean(
        frame,
        DatasetSpec.model_validate({**PLAIN, "clean": [step], "on_bad_rows": {"set_aside_up_to": "100%"}}).clean,
        NOWHERE,
        spare=True,
    )
    assert (len(spared.frame), spared.aside, spared.changed) == (3, (), {"clean[0].outliers": 0})


PLAIN = {"name": "d", "owner": "o", "arrivals": "*"}


@pytest.mark.parametrize(
    ("how", "complaint"),
    [
        ({"by": "bounds"}, "need `lower`, `upper` or both"),
        ({"by": "quantile"}, "need `below`, `above` or both"),
        ({"by": "iqr", "lower": 1}, "`lower` says nothing to outliers by iqr"),
        ({"by": "bounds", "lower": 3, "upper": 1}, "must be less than the upper"),
    ],
)
def test_outliers_are_declared_with_bounds_of_their_own_kind(how: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        cleaned(pd.DataFrame({"x": [1]}), {"step": "outliers", "columns": ["x"], "then": "clip", **how})


@pytest.mark.parametrize("values_of", [[True, False], ["a", "b"]])
def test_only_numbers_lie_far_out(values_of: list[object]) -> None:
    step = {"step": "outliers", "columns": ["x"], "by": "iqr", "then": "clip"}
    with pytest.raises(CleaningFailed, match="Only numbers can be judged as outliers"):
        cleaned(pd.DataFrame({"x": values_of}), step)


cells = st.one_of(st.none(), st.floats(-1e6, 1e6, width=32))
frames = st.lists(st.tuples(cells, st.sampled_from(["a", "A ", "b", None]), st.integers(0, 3)), min_size=1, max_size=25)
ANY_STEPS: list[dict[str, object]] = [
    {"step": "drop_duplicates"},
    {"step": "drop_duplicates", "columns": ["k"], "keep": "last"},
    {"step": "drop_rows", "missing": ["x"]},
    {"step": "spell", "columns": ["s"], "words": {"a": ["b"]}},
    {"step": "impute", "columns": {"x": "median"}},
    {"step": "outliers", "columns": ["x"], "by": "iqr", "then": "drop"},
    {"step": "outliers", "columns": ["x"], "by": "quantile", "below": "10%", "above": "90%", "then": "quarantine"},
    {"step": "outliers", "columns": ["x", "k"], "by": "bounds", "upper": 2, "then": "quarantine"},
]


@settings(max_examples=60, deadline=None)
@given(rows=frames, steps=st.lists(st.sampled_from(ANY_STEPS), max_size=5))
def test_every_row_is_left_or_set_aside_or_left_out_by_a_named_step(rows: list, steps: list) -> None:
    frame = pd.DataFrame(rows, columns=["x", "s", "k"]).astype({"x": "float64"})
    found = cleaned(frame, *steps)
    aside = sum(len(one.rows) for one in found.aside)
    assert len(frame) == len(found.frame) + aside + sum(found.dropped.values())
    labels = [*found.frame.index, *(label for one in found.aside for label in one.rows.index)]
    assert len(set(labels)) == len(labels)
    assert set(labels) <= set(frame.index)
