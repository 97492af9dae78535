"""Judging: Great Expectations' answers as checks, in order, and never a pass for what could not be asked."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from loopwright.errors import DeclarationError
from loopwright.stages.ingest.judging.gx import Judgement, judge
from loopwright.stages.ingest.judging.suite import Suite
from loopwright.verdict import Check, Outcome


def judged(frame: pd.DataFrame, *expectations: dict[str, object]) -> Judgement:
    return judge(frame, Suite.model_validate({"expectations": list(expectations)}))


def check(frame: pd.DataFrame, kind: str, **kwargs: object) -> Check:
    return judged(frame, {"type": kind, "kwargs": kwargs}).checks[0]


def between(column: str, **kwargs: object) -> dict[str, object]:
    return {"type": "expect_column_values_to_be_between", "kwargs": {"column": column, **kwargs}}


FRAME = pd.DataFrame(
    {
        "x": [1.0, 2.0, np.nan, 500.0],
        "s": ["a", "b", "z", None],
        "empty": [None] * 4,
        "n": pd.array([1, 2, None, 4], dtype="Int64"),
        "t": pd.to_datetime(["2024-01-01", "2024-02-01", None, "2025-01-01"]),
        "z": pd.to_datetime(["2024-01-01", "2024-02-01", None, "2025-01-01"], utc=True),
    }
)


def test_a_failed_expectation_tells_count_and_bounds() -> None:
    found = check(FRAME, "expect_column_values_to_be_between", column="x", min_value=0, max_value=100)
    assert (found.outcome, found.n, found.required) == (Outcome.FAIL, 4, True)
    assert found.observed == {"unexpected_count": 1, "unexpected_percent": pytest.approx(100 / 3), "missing_count": 1}
    assert found.asked == {"column": "x", "min_value": 0, "max_value": 100}
    name = "expect_column_values_to_be_between(x)"
    assert found.why == f"{name}: 1 of 4 values are outside what is expected of min_value 0, max_value 100"


def test_an_aggregate_tells_what_it_observed() -> None:
    found = check(FRAME, "expect_column_mean_to_be_between", column="n", min_value=3, max_value=4)
    assert found.outcome is Outcome.FAIL
    assert found.observed == pytest.approx(7 / 3)
    assert "observed 2.33" in found.why
    assert check(FRAME, "expect_table_row_count_to_be_between", min_value=4).outcome is Outcome.PASS


def test_answers_come_in_the_order_asked_and_repeats_are_answered_twice() -> None:
    asked = [
        between("s", max_value=1),
        between("x", max_value=10),
        between("n", max_value=1),
        between("x", max_value=10),
    ]
    asked.append({**between("x", max_value=10), "severity": "warning"})
    found = judged(FRAME, *asked)
    assert [one.name.partition("(")[2] for one in found.checks] == ["s)", "x)", "n)", "x)#2", "x)#3"]
    assert [one.observed and one.observed["unexpected_count"] for one in found.checks] == [None, 1, 2, 1, 1]
    assert [one.required for one in found.checks] == [True, True, True, True, False]
    assert found.results[1]["expectation_config"]["kwargs"]["column"] == "x"


@pytest.mark.parametrize(
    ("column", "why", "theirs"),
    [
        ("absent", "the batch does not have the column 'absent'; where the source renamed it", "does not exist"),
        ("s", "its arguments do not fit the values that came: convert the column", "None or of the same type"),
    ],
)
def test_what_cannot_be_asked_fails_and_is_said_in_our_words_before_theirs(column: str, why: str, theirs: str) -> None:
    found = check(FRAME, "expect_column_values_to_be_between", column=column, min_value=0)
    assert found.outcome is Outcome.FAIL
    ours, _, detail = found.why.partition("(Great Expectations: ")
    assert f"could not be asked: {why}" in ours
    assert theirs in detail


def test_a_description_is_said_when_it_fails() -> None:
    found = judged(FRAME, {**between("x", max_value=100), "description": "no ride is longer"})
    assert "(no ride is longer)" in found.checks[0].why


def test_an_empty_column_breaks_nothing_it_is_not_asked_about() -> None:
    assert check(FRAME, "expect_column_values_to_be_between", column="empty", min_value=0).outcome is Outcome.PASS
    assert check(FRAME, "expect_column_values_to_not_be_null", column="empty").outcome is Outcome.FAIL
    found = check(FRAME, "expect_column_mean_to_be_between", column="empty", min_value=0)
    assert found.outcome is Outcome.FAIL
    json.dumps(found.to_dict(), allow_nan=False)


@pytest.mark.parametrize("column", ["t", "z"])
@pytest.mark.parametrize("latest", ["2024-06-01", pd.Timestamp("2024-06-01").date(), pd.Timestamp("2024-06-01T00:00Z")])
def test_timestamps_are_compared_with_dates_as_yaml_writes_them(column: str, latest: object) -> None:
    found = check(FRAME, "expect_column_values_to_be_between", column=column, max_value=latest)
    assert found.observed["unexpected_count"] == 1
    json.dumps(found.to_dict(), allow_nan=False)


def test_results_are_plain_json_and_bounded() -> None:
    frame = pd.DataFrame({"s": [f"value-{n}" * 5 for n in range(20_000)]})
    found = judged(
        frame,
        {"type": "expect_column_distinct_values_to_be_in_set", "kwargs": {"column": "s", "value_set": ["a"]}},
        {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "s", "value_set": ["a"]}},
    )
    assert len(json.dumps([*found.results, *(one.to_dict() for one in found.checks)], allow_nan=False)) < 20_000
    assert found.checks[0].outcome is Outcome.FAIL


def test_judging_leaves_the_frame_and_the_folder_as_they_were(tmp_path: Path, monkeypatch, capfd) -> None:
    monkeypatch.chdir(tmp_path)
    before = FRAME.copy()
    judged(FRAME, between("x", max_value=10), between("n", max_value=10))
    pd.testing.assert_frame_equal(FRAME, before)
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_a_suite_of_nothing_asks_nothing_and_a_wrong_one_is_refused() -> None:
    assert judged(FRAME).checks == ()
    with pytest.raises(DeclarationError, match="knows no expectation"):
        judged(FRAME, {"type": "expect_miracles"})


def test_every_row_that_fails_is_named_and_none_that_mostly_allows() -> None:
    frame = pd.DataFrame({"n": [1, 1, *range(2, 500)], "s": ["a"] * 490 + [None] * 10}, index=range(0, 1000, 2))
    found = judged(
        frame,
        between("n", max_value=9),
        {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "n"}},
        {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "s", "mostly": 0.9}},
        {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "s"}, "severity": "warning"},
        {"type": "expect_column_mean_to_be_between", "kwargs": {"column": "n", "max_value": 1}},
        between("gone", max_value=1),
    )
    over, unique, missing = (found.expectations[place].name for place in (0, 1, 3))
    assert found.failing.names == (over, unique, missing)
    reasons = found.failing.reasons()
    assert len(reasons) == 490 + 2
    assert [reasons[0], reasons[2], reasons[22], reasons[998]] == [[unique], [unique], [over], [over, missing]]
    assert found.failing.reasons([missing]) == {number: [missing] for number in range(980, 1000, 2)}
    assert [answer.by_row for answer in found.expectations] == [True] * 4 + [False] * 2


def test_an_answer_goes_into_a_report_as_plain_values() -> None:
    found = judged(FRAME, {**between("x", max_value=100), "severity": "warning"}).expectations[0]
    said = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert said["kwargs"] == {"column": "x", "max_value": 100}
    assert {key: said[key] for key in ("type", "severity", "success", "unexpected_count", "element_count")} == {
        "type": "expect_column_values_to_be_between",
        "severity": "warning",
        "success": False,
        "unexpected_count": 1,
        "element_count": 4,
    }
