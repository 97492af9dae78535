"""Cleaning: each step does what it says, counts what it changed, and leaves every row its number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from loopwright.declaration.dataset import DatasetSpec
from loopwright.errors import DeclarationError, UserCodeFailed
from loopwright.stages.ingest.cleaning import Cleaned, CleaningFailed, clean

NOWHERE = Path("nowhere")


def cleaned(frame: pd.DataFrame, *steps: dict[str, object], folder: Path = NOWHERE) -> Cleaned:
    spec = DatasetSpec.model_validate({"name": "d", "owner": "o", "arrivals": "*", "clean": list(steps)})
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
    with pytest.raises(UserCodeFailed, match=r"own:broken raised KeyError\.[\s\S]*clean\[0\].apply"):
        applied(folder, "broken")
    with pytest.raises(UserCodeFailed, match="returned no frame"):
        applied(folder, "nothing")
    with pytest.raises(UserCodeFailed, match="columns without a name of their own"):
        applied(folder, "twins")
    with pytest.raises(DeclarationError, match="has no function 'absent'"):
        applied(folder, "absent")
