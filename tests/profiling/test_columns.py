"""What a column is compared as, on frames as real sources give them."""

from __future__ import annotations

import datetime as dt
import decimal

import numpy as np
import pandas as pd
import pytest

from loopwright.profiling.columns import MOST_LEVELS, OTHER, sides

N = 200
RNG = np.random.default_rng(11)
NORMAL = RNG.normal(size=N)


def _sides(before: object, after: object):
    return sides("x", pd.DataFrame({"x": before}), pd.DataFrame({"x": after}))


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (NORMAL, NORMAL, "number"),
        (np.arange(N), np.arange(N, dtype=float), "number"),
        (np.arange(N) % 3, np.arange(N) % 3, "category"),
        (np.arange(N) % 2 == 0, [True, None] * (N // 2), "category"),
        ([decimal.Decimal(i) for i in range(N)], NORMAL, "number"),
        (pd.array(range(N), dtype="Int64"), NORMAL, "number"),
        (pd.to_timedelta(range(N), unit="s"), pd.to_timedelta(range(N), unit="s"), "number"),
        (list("abcd") * 50, list("abce") * 50, "category"),
        (pd.Categorical(list("abcd") * 50), list("abcd") * 50, "category"),
        (NORMAL, list("abcd") * 50, "retyped"),
        ([1.0] * N, [1] * N, "constant"),
        ([1.0] * N, [2.0] * N, "category"),
        ([1.0] * N, NORMAL, "category"),
        ([None] * N, [None] * N, "empty"),
        (NORMAL, [None] * N, "empty"),
        ([np.nan] * N, list("ab") * 100, "empty"),
        (NORMAL, [], "empty"),
        (NORMAL, NORMAL[:29], "few"),
        (pd.date_range("2024", periods=N), pd.date_range("2025", periods=N), "time"),
        ([dt.date(2024, 1, 1)] * N, [dt.date(2025, 1, 1)] * N, "time"),
        ([f"id{i}" for i in range(N)], [f"id{i}" for i in range(N, 2 * N)], "scattered"),
        ([[1], [2]] * 100, [[1], [2]] * 100, "category"),
    ],
)
def test_kinds(before, after, kind):
    assert _sides(before, after).kind == kind


def test_a_column_that_is_gone():
    gone = sides("x", pd.DataFrame({"x": [1.0, None]}), pd.DataFrame({"y": [1]}))
    assert (gone.kind, gone.nulls, gone.rows) == ("gone", (0.5, 1.0), (2, 1))


def test_an_integer_column_that_gained_nulls_has_the_same_levels():
    same = _sides([1, 2] * 100, [1.0, 2.0, None, 1.0] * 50)
    assert set(same.reference) == set(same.current) == {"1.0", "2.0"}
    assert same.nulls == (0.0, 0.25)


def test_infinite_counts_as_missing():
    assert _sides(NORMAL, [*NORMAL[:150], *[np.inf] * 50]).nulls == (0.0, 0.25)


def test_one_wild_value_is_no_yardstick():
    wild = np.append(NORMAL, 1e12)
    tame, other = _sides(NORMAL, NORMAL), _sides(wild, NORMAL)
    assert other.reference.std(ddof=0) == pytest.approx(1)
    assert other.current.abs().max() < 6
    assert tame.current.mean() == pytest.approx(0, abs=1e-9)


def test_a_tiny_scale_is_still_a_scale():
    assert _sides(NORMAL * 1e-9, NORMAL * 1e-9).reference.std(ddof=0) == pytest.approx(1)


def test_levels_are_bounded_and_rare_ones_pooled():
    levels = [f"v{i % 40}" for i in range(2000)]
    pooled = _sides(levels, [*levels, "new"])
    kept = set(pooled.reference) | set(pooled.current)
    assert len(kept) == MOST_LEVELS + 1
    assert OTHER in kept
    assert "new" not in kept
