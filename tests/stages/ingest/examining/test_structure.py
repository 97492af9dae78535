"""Structure: what the rest of the loop rests on is asked of every batch."""

from __future__ import annotations

import pandas as pd
import pytest

from loopwright.declaration.dataset import DatasetSpec
from loopwright.stages.ingest.examining import structure
from loopwright.verdict import Check, Outcome


def spec(*steps: dict[str, object]) -> DatasetSpec:
    return DatasetSpec.model_validate({"name": "d", "owner": "o", "arrivals": "*", "clean": list(steps)})


def kept(columns: list[str], known: list[str], *steps: dict[str, object], doubled: tuple[str, ...] = ()) -> Check:
    return structure.columns_kept(columns, doubled, known, spec(*steps))


def test_a_column_that_is_gone_fails_unless_cleaning_lets_it_go() -> None:
    assert kept(["a", "b"], []).outcome is Outcome.PASS
    assert kept(["a", "b"], ["a"]).outcome is Outcome.PASS
    gone = kept(["a"], ["a", "b"])
    assert (gone.outcome, gone.required) == (Outcome.FAIL, True)
    assert "are gone: b (if that is meant, add a drop_columns step for them)" in gone.why
    assert kept(["a"], ["a", "b"], {"step": "drop_columns", "columns": ["b"]}).outcome is Outcome.PASS
    assert kept(["c"], ["a"], {"step": "rename", "columns": {"a": "c"}}).outcome is Outcome.PASS


def test_doubled_and_reserved_names_fail() -> None:
    assert "come twice: a" in kept(["a", "a.1"], [], doubled=("a",)).why
    assert "names that the lake uses itself: _row" in kept(["_row", "_id"], []).why


def test_new_and_emptied_columns_are_advisory() -> None:
    columns, empty = ["a", "new", "emptied", "never"], ["emptied", "never"]
    known = {"a": "double", "emptied": "double", "never": "null"}
    notes = structure.columns_new(columns, empty, known, list(known))
    assert {note.name: note.observed for note in notes} == {"columns_new": ["new"], "columns_empty": ["emptied"]}
    assert not any(note.required for note in notes)
    assert structure.columns_new(columns, empty, {}, []) == []


def test_event_time_is_read_and_its_span_told() -> None:
    frame, check = structure.timed(pd.DataFrame({"t": ["2024-01-02", None, "2024-01-01"]}), "t")
    assert check.outcome is Outcome.PASS
    assert structure.span(frame, "t") == {
        "min": "2024-01-01T00:00:00",
        "median": "2024-01-01T00:00:00",
        "max": "2024-01-02T00:00:00",
    }
    assert structure.span(frame, None) is None
    assert structure.span(frame, "absent") is None


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"t": ["2024-01-01", "soon"]}, "1 of 2 values of 't' are no timestamps"),
        ({"t": [1400269500]}, "holds numbers: add a convert step"),
        ({"t": [None]}, "holds no value at all"),
        ({"x": [1]}, "the column 't' is not there"),
    ],
)
def test_an_event_time_that_cannot_be_trusted_fails(values: dict[str, list], why: str) -> None:
    frame, check = structure.timed(pd.DataFrame(values), "t")
    assert check.outcome is Outcome.FAIL
    assert why in check.why
    assert len(frame) == len(next(iter(values.values())))


def test_a_key_names_each_row_once() -> None:
    frame = pd.DataFrame({"a": [1, 1, 2, None], "b": [1, 2, 1, 1]})
    assert structure.keyed(frame.head(3), ["a", "b"]).outcome is Outcome.PASS
    check = structure.keyed(frame, ["a"])
    assert (check.outcome, check.observed) == (Outcome.FAIL, {"missing": 1, "repeated": 1})
    assert "not there: c" in structure.keyed(frame, ["a", "c"]).why


def test_rows_there_are() -> None:
    assert structure.has_rows(0, 0).why == "the arrival holds no rows"
    assert structure.has_rows(7, 0).why == "cleaning left none of 7 rows"
    assert structure.has_rows(7, 1).outcome is Outcome.PASS


def test_a_column_that_went_by_another_name_is_said() -> None:
    spec = DatasetSpec(name="d", owner="o", arrivals="*")
    check = structure.columns_kept(["fare_amount", "zone"], (), {"fareamount": "double", "zone": "string"}, spec)
    assert check.outcome == "fail"
    assert "perhaps renamed: fareamount to fare_amount (if so, add a rename step)" in check.why


def test_a_column_of_another_type_is_said_with_both() -> None:
    (check,) = structure.columns_retyped(
        {"n": "double", "s": "string", "e": "null"}, {"n": "long", "s": "string", "e": "long"}
    )
    assert (check.required, check.why) == (False, "columns of another type: n from long to double")
