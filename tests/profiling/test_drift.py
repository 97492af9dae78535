"""A real change is found, nothing is not, and what cannot be told is said so."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from loopwright.profiling import ColumnDrift, compare, judge_columns
from loopwright.verdict import Outcome


def rows(seed: int, n: int, *, shift: float = 0.0, nulls: float = 0.02, new: float = 0.0) -> pd.DataFrame:
    """A frame of one law; ``shift``, ``nulls`` and ``new`` move columns x, y and z."""
    rng = np.random.default_rng(seed)
    level = np.where(rng.random(n) < new, "new", rng.choice(list("abcde"), n, p=[0.4, 0.3, 0.2, 0.08, 0.02]))
    return pd.DataFrame(
        {
            "x": rng.normal(shift, 1, n),
            "y": np.where(rng.random(n) < nulls, np.nan, rng.normal(size=n)),
            "z": level,
            "heavy": rng.standard_t(2, n),
            "skewed": rng.lognormal(0, 2, n),
            "count": rng.poisson(30, n),
            "flag": rng.random(n) < 0.05,
            "rare": rng.random(n) < 0.002,
            "hour": rng.integers(0, 24, n),
            "many": (rng.zipf(1.6, n) % 5000).astype(str),
            "zeros": np.where(rng.random(n) < 0.97, 0.0, rng.exponential(size=n)),
        }
    )


REFERENCE = rows(1, 8000)


def found(current: pd.DataFrame, reference: pd.DataFrame = REFERENCE, threshold: float = 0.1) -> dict[str, ColumnDrift]:
    return {column.column: column for column in compare(reference, current, threshold=threshold)}


def failed(columns: dict[str, ColumnDrift]) -> set[tuple[str, str]]:
    return {(c.column, m.name) for c in columns.values() for m in c.measures if m.outcome is Outcome.FAIL}


@pytest.mark.parametrize("n", [40, 300, 4000])
def test_no_drift_is_not_drift(n):
    for seed in range(12):
        assert failed(found(rows(100 + seed, n))) == set()


def test_with_enough_rows_no_drift_is_a_clear_no():
    columns = found(rows(99, 4000))
    assert {c.outcome for c in columns.values()} == {Outcome.PASS}


def test_a_shift_is_found_and_only_where_it_is():
    assert failed(found(rows(2, 2000, shift=0.25))) == {("x", "values")}


def test_a_tiny_shift_on_many_rows_is_no_drift():
    assert failed(found(rows(3, 60_000, shift=0.03), rows(4, 60_000))) == set()


@pytest.mark.parametrize("n", [1000, 4000])
def test_nulls_rising_from_two_to_eight_percent_are_found(n):
    assert failed(found(rows(5, n, nulls=0.08))) == {("y", "nulls")}


def test_nulls_falling_are_found_too():
    assert ("y", "nulls") in failed(found(rows(6, 4000, nulls=0.0), rows(7, 4000, nulls=0.1)))


@pytest.mark.parametrize("new", [0.02, 0.3])
def test_an_unseen_category_is_found(new):
    assert ("z", "unseen") in failed(found(rows(8, 2000, new=new)))


def test_the_same_shift_on_few_rows_cannot_be_told():
    x = found(rows(9, 60, shift=0.3))["x"]
    assert x.outcome is Outcome.INCONCLUSIVE
    assert x.comparable
    assert "chance" in x.why


def test_a_heavy_tail_does_not_hide_a_shift():
    moved = rows(10, 4000)
    moved["skewed"] *= 2
    assert ("skewed", "values") in failed(found(moved))


def test_one_absurd_value_is_no_drift():
    wild = rows(11, 2000)
    wild.loc[0, "x"] = 1e15
    assert failed(found(wild)) == set()


def pair(before: object, after: object) -> ColumnDrift:
    return compare(pd.DataFrame({"c": before}), pd.DataFrame({"c": after}), threshold=0.1)[0]


N = 500
VALUES = np.random.default_rng(12).normal(size=N)


@pytest.mark.parametrize(
    ("before", "after"),
    [([None] * N, [None] * N), ([1] * N, [1] * N), (VALUES, VALUES[:10]), ([f"i{i}" for i in range(N)],) * 2],
)
def test_without_anything_to_compare_it_is_never_no_drift(before, after):
    column = pair(before, after)
    assert column.outcome is Outcome.INCONCLUSIVE
    assert not column.comparable
    assert "compared" in column.why or "compare" in column.why or "too few" in column.why


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([None] * N, VALUES),
        (VALUES, [np.nan] * N),
        ([1.0] * N, [2.0] * N),
        ([1.0] * N, VALUES),
        (VALUES, [1.0] * N),
        (["a"] * N, ["b"] * N),
        (VALUES, ["text"] * N),
    ],
)
def test_empty_or_constant_on_one_side_is_a_finding(before, after):
    column = pair(before, after)
    assert column.outcome is Outcome.FAIL
    assert column.comparable


def test_a_column_that_is_gone_is_a_finding():
    column = compare(REFERENCE[["x"]], REFERENCE[["y"]], threshold=0.1)[0]
    assert (column.outcome, column.kind) == (Outcome.FAIL, "gone")


def test_a_batch_without_rows_is_inconclusive_throughout():
    columns = found(REFERENCE.iloc[:0])
    assert {c.outcome for c in columns.values()} == {Outcome.INCONCLUSIVE}
    assert judge_columns(list(columns.values()), 0.3).outcome is Outcome.INCONCLUSIVE


def test_time_moves_on_by_itself_but_its_nulls_count():
    days = pd.date_range("2024-01-01", periods=N)
    assert pair(days, days + pd.Timedelta(days=400)).outcome is Outcome.NOT_APPLICABLE
    assert pair(days, [None] * 250 + list(days[:250])).outcome is Outcome.FAIL


def test_results_survive_json():
    columns = found(rows(13, 300, shift=1))
    for column in columns.values():
        assert ColumnDrift.from_dict(json.loads(json.dumps(column.to_dict()))) == column


def test_the_same_samples_give_the_same_answer():
    once, again = found(rows(14, 500)), found(rows(14, 500))
    assert once == again


def test_values_drawn_over_and_over_are_worth_no_more_than_once():
    rng = np.random.default_rng(15)
    alarms = {"worth": 0, "as many": 0}
    for _ in range(40):
        few = rng.normal(size=150)
        drawn, today = pd.DataFrame({"score": rng.choice(few, 5000)}), pd.DataFrame({"score": rng.normal(size=5000)})
        for how, worth in (("worth", {"score": 145}), ("as many", None)):
            [column] = compare(drawn, today, threshold=0.1, worth=worth)
            alarms[how] += column.outcome is Outcome.FAIL
    assert alarms["worth"] == 0
    assert alarms["as many"] > 5


@pytest.mark.parametrize(("before", "after", "counts"), [(0.0, 0.01, False), (0.01, 0.0, False), (0.0, 0.05, True)])
def test_a_first_missing_value_in_a_hundred_is_no_alarm_and_one_in_twenty_is(before, after, counts):
    columns = found(rows(8, 8000, nulls=after), rows(9, 8000, nulls=before))
    assert (("y", "nulls") in failed(columns)) is counts
