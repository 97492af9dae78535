"""Samples that show nobody: a crowd's values only, in the distribution that they had."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopwright.profiling import compare
from loopwright.serving.disclosure import CROWD, crowded
from loopwright.verdict import Outcome

RNG = np.random.default_rng(7)
ROWS = 3000
SOME = {
    "float": RNG.lognormal(3, 1, ROWS),
    "int": RNG.integers(0, 10**7, ROWS),
    "nullable": pd.array(RNG.integers(0, 10**7, ROWS), dtype="Int64"),
    "identifier": RNG.integers(2**60, 2**63 - 1, ROWS),
    "time": pd.Timestamp("2024-01-01") + pd.to_timedelta(RNG.integers(0, 10**8, ROWS), unit="s"),
    "zoned": pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(RNG.integers(0, 10**8, ROWS), unit="s"),
    "span": pd.to_timedelta(RNG.integers(0, 10**8, ROWS), unit="s"),
    "email": [f"person{n:04}@example.org" for n in range(ROWS)],
    "category": pd.Categorical([f"p{n}" for n in range(ROWS)]),
    "mixed": [n if n % 2 else f"p{n}" for n in range(ROWS)],
}


@pytest.mark.parametrize("kind", SOME)
@pytest.mark.parametrize("rows", [ROWS, CROWD, CROWD - 1, 1])
def test_no_value_of_one_row_is_shown(kind, rows):
    frame = pd.DataFrame({"shy": SOME[kind][:rows], "open": range(rows)})
    shown = crowded(frame, ["shy"], seed=1)
    assert not set(shown["shy"].astype(str)) & set(frame["shy"].astype(str))
    assert all(shown["shy"].value_counts().loc[lambda n: n > 0] >= min(CROWD, rows))
    assert shown["open"].tolist() == frame["open"].tolist()
    assert shown["shy"].dtype == frame["shy"].dtype


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "c", "d", "e", None]), max_size=60), st.integers(0, 9))
def test_text_that_fewer_share_becomes_the_commonest(values, seed):
    frame = pd.DataFrame({"shy": pd.Series(values, dtype=object)})
    before, after = frame["shy"].value_counts(), crowded(frame, ["shy"], seed=seed)["shy"].value_counts()
    common = before[before >= CROWD]
    assert set(after.index) <= ({*common.index} if len(common) else {"a", "(sensitive)"} if len(values) else set())
    assert after.sum() == before.sum()


def test_what_many_share_stays_and_goes_with_nobody():
    frame = pd.DataFrame({"age": RNG.integers(18, 80, ROWS), "sex": RNG.choice(["f", "m"], ROWS)})
    frame["again"] = frame["age"]
    shown = crowded(frame, ["age", "sex"], seed=1)
    assert shown["age"].value_counts().to_dict() == frame["age"].value_counts().to_dict()
    assert shown["sex"].value_counts().to_dict() == frame["sex"].value_counts().to_dict()
    assert abs(np.corrcoef(shown["age"], shown["again"])[0, 1]) < 0.1


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
        {"income": RNG.lognormal(scale, 1, n), "zone": RNG.zipf(2.0, n).clip(max=400).astype(str)}
    )
    reference = crowded(drawn(3, 5000), names, seed=1)
    same = crowded(drawn(3, 900), names, seed=1, known=reference)
    other = crowded(drawn(4, 900).assign(zone="new"), names, seed=1, known=reference)
    assert set(same["zone"]) - set(reference["zone"]) <= {
        zone for zone, n in same["zone"].value_counts().items() if n >= CROWD
    }
    told = lambda current: {c.column: c.outcome for c in compare(reference, current, threshold=0.1)}  # noqa: E731
    assert Outcome.FAIL not in told(same).values()
    assert told(other) == {"income": Outcome.FAIL, "zone": Outcome.FAIL}
