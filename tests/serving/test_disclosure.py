"""Samples that show nobody: a crowd's values only, in the distribution that they had."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopwright.evaluation.naming import CROWD
from loopwright.profiling import compare
from loopwright.serving.disclosure import crowded
from loopwright.verdict import Outcome

RNG = np.random.default_rng(7)
ROWS = 3000
SOME = {
    "float": RNG.lognormal(3, 1, ROWS),
    "int": RNG.integers(0, 10**12, ROWS),
    "nullable": pd.array(RNG.integers(0, 10**12, ROWS), dtype="Int64"),
    "identifier": RNG.integers(2**60, 2**63 - 1, ROWS),
    "time": pd.Timestamp("2024-01-01") + pd.to_timedelta(RNG.integers(0, 10**8, ROWS), unit="s"),
    "zoned": pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(RNG.integers(0, 10**8, ROWS), unit="s"),
    "span": pd.to_timedelta(RNG.integers(0, 10**8, ROWS), unit="s"),
    "email": [f"person{n:04}@example.org" for n in range(ROWS)],
    "category": pd.Categorical([f"p{n}" for n in range(ROWS)]),
    "birthdate": [dt.date(1900, 1, 1) + dt.timedelta(days=13 * n) for n in range(ROWS)],
    "price": [Decimal(n * 7919) / 100 for n in range(1, ROWS + 1)],
    "bytes": [b"p-%d" % n for n in range(ROWS)],
    "whole objects": pd.Series([n * 7919 + 10**9 for n in range(ROWS)], dtype=object),
    "mixed": [n if n % 2 else f"p{n}" for n in range(ROWS)],
}


@pytest.mark.parametrize("kind", SOME)
@pytest.mark.parametrize("rows", [ROWS, CROWD, CROWD - 1, 1])
def test_no_value_of_one_row_is_shown(kind, rows):
    frame = pd.DataFrame({"shy": SOME[kind][:rows], "open": range(rows)})
    shown = crowded(frame, ["shy"], seed=1)
    assert not set(shown["shy"].astype(str)) & set(frame["shy"].astype(str))
    if kind == "category":  # nor in what a file keeps beside the values
        assert set(shown["shy"].cat.categories) == set(shown["shy"])
    assert {type(one) for one in shown["shy"]} <= {type(one) for one in frame["shy"]}
    assert all(shown["shy"].value_counts().loc[lambda n: n > 0] >= min(CROWD, rows))
    assert shown["open"].tolist() == frame["open"].tolist()
    assert kind == "category" or shown["shy"].dtype == frame["shy"].dtype


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "c", "d", "e", None]), max_size=60), st.integers(0, 9))
def test_text_that_fewer_share_becomes_the_commonest_where_nearly_all_is_shared(values, seed):
    frame = pd.DataFrame({"shy": pd.Series(values, dtype=object)})
    before, after = frame["shy"].value_counts(), crowded(frame, ["shy"], seed=seed)["shy"].value_counts()
    common = before[before >= CROWD]
    nearly = common.sum() >= 0.9 * before.sum()
    assert set(after.index) <= ({*common.index} if nearly else {"(sensitive)"})
    assert after.sum() == before.sum()


def test_what_many_share_stays_and_goes_with_nobody():
    frame = pd.DataFrame({"age": RNG.integers(18, 80, ROWS), "sex": RNG.choice(["f", "m"], ROWS)})
    frame["again"] = frame["age"]
    shown = crowded(frame, ["age", "sex"], seed=1)
    assert shown["age"].value_counts().to_dict() == frame["age"].value_counts().to_dict()
    assert shown["sex"].value_counts().to_dict() == frame["sex"].value_counts().to_dict()
    assert abs(np.corrcoef(shown["age"], shown["again"])[0, 1]) < 0.1


def test_one_person_of_many_rows_is_no_crowd():
    mails = [*["jane@x.org"] * 12, *[f"p{n}@x.org" for n in range(500)]]
    incomes = [*[85_123.17] * 12, *RNG.lognormal(10, 1, 500)]
    shown = crowded(pd.DataFrame({"mail": mails, "income": incomes}), ["mail", "income"], seed=1)
    assert set(shown["mail"]) == {"a1@a.aaa", "a11@a.aaa", "a111@a.aaa"}
    assert 85_123.17 not in set(shown["income"])


def test_one_extreme_value_does_not_show():
    frame = pd.DataFrame({"income": [*RNG.normal(50, 5, 30), 1e9, np.inf, -np.inf]})
    assert crowded(frame, ["income"], seed=1)["income"].between(30, 70).all()


def test_a_date_stays_a_date_for_code_that_reads_it():
    born = pd.Timestamp("1950-01-01") + pd.to_timedelta(RNG.integers(0, 18_000, 500), unit="D")
    frame = pd.DataFrame({"born": born, "as_date": born.date})
    shown = crowded(frame, ["born", "as_date"], seed=1)
    assert (shown["born"] == shown["born"].dt.normalize()).all()
    days = (pd.Timestamp("2024-06-01") - pd.to_datetime(shown["as_date"])).dt.days
    assert abs(days.mean() - (pd.Timestamp("2024-06-01") - frame["born"]).dt.days.mean()) < 30


@pytest.mark.parametrize(
    "values", [[[n] for n in range(30)], pd.period_range("2020-01", periods=30, freq="M"), [1j * n for n in range(30)]]
)
def test_what_cannot_be_reckoned_with_is_not_shown(values):
    frame = pd.DataFrame({"shy": values})
    assert crowded(frame, ["shy"], seed=1)["shy"].nunique() <= 1


def test_rare_text_looks_as_most_of_it_does_for_code_that_reads_it():
    frame = pd.DataFrame({"born": pd.date_range("1950-01-01", periods=500).strftime("%Y-%m-%d")})
    assert set(crowded(frame, ["born"], seed=1)["born"]) == {"1111-11-11"}


def test_missing_ones_are_as_many():
    frame = pd.DataFrame({"shy": [*RNG.normal(size=50), *[np.nan] * 7], "text": [*map(str, range(50)), *[None] * 7]})
    shown = crowded(frame, ["shy", "text"], seed=1)
    assert shown.isna().sum().tolist() == [7, 7]


def test_drift_is_what_it_was():
    names = ["income", "zone"]
    drawn = lambda scale, n: pd.DataFrame(  # noqa: E731
        {"income": RNG.lognormal(scale, 1, n), "zone": RNG.zipf(3.0, n).clip(max=400).astype(str)}
    )
    reference = crowded(drawn(3, 5000), names, seed=1)
    same = crowded(drawn(3, 900), names, seed=1, known=reference)
    other = crowded(drawn(4, 900).assign(zone="new"), names, seed=1, known=reference)
    assert set(same["zone"]) <= set(reference["zone"])
    told = lambda current: {c.column: c.outcome for c in compare(reference, current, threshold=0.1)}  # noqa: E731
    assert Outcome.FAIL not in told(same).values()
    assert told(other) == {"income": Outcome.FAIL, "zone": Outcome.FAIL}


@pytest.mark.parametrize("rows", [120, 400, 20_000])
def test_a_new_value_of_one_row_is_no_drift(rows):
    zips, often = np.array([f"{10_000 + n}" for n in range(500)]), RNG.dirichlet(np.ones(500) * 5)
    drawn = lambda n: pd.DataFrame(  # noqa: E731
        {
            "zip": RNG.choice(zips, n, p=often),
            "born": RNG.integers(1940, 2006, n),
            "sort": RNG.choice(["a", "b", "c"], n, p=[0.5, 0.45, 0.05]),
            "visits": RNG.zipf(2.0, n),
        }
    )
    names, today = ["zip", "born", "sort", "visits"], drawn(rows)
    today.loc[0, :] = ["99-9999", 1831, "z", 10**7]
    reference = crowded(drawn(20_000), names, seed=1)
    treated = crowded(today, names, seed=1, known=reference)
    assert all(set(treated[name]) <= set(reference[name]) for name in names)
    told = {one.column: one.outcome for one in compare(reference, treated, threshold=0.1)}
    assert Outcome.FAIL not in told.values()


def test_what_is_new_in_many_rows_is_drift():
    names = ["mail", "sort", "code"]
    drawn = lambda n: pd.DataFrame(  # noqa: E731
        {
            "mail": [f"p{one}@x.org" for one in RNG.integers(0, 10**6, n)],
            "sort": RNG.choice(["a", "b"], n),
            "code": RNG.integers(1, 6, n),
        }
    )
    today = drawn(500)
    today.loc[:49, "mail"] = [f"+49 151 {n:05}" for n in range(50)]
    today.loc[:49, ["sort", "code"]] = ["new", 9]
    reference = crowded(drawn(5000), names, seed=1)
    treated = crowded(today, names, seed=1, known=reference)
    assert {one.column: one.outcome for one in compare(reference, treated, threshold=0.1)} == dict.fromkeys(
        names, Outcome.FAIL
    )
    assert not set(treated["mail"]) & set(today["mail"])


def test_text_in_the_place_of_numbers_is_told_as_such():
    reference = crowded(pd.DataFrame({"age": RNG.integers(18, 80, 2000)}), ["age"], seed=1)
    today = pd.DataFrame({"age": pd.Series([f"p{n}" for n in range(200)], dtype=object)})
    treated = crowded(today, ["age"], seed=1, known=reference)
    assert [one.kind for one in compare(reference, treated, threshold=0.1)] == ["retyped"]
