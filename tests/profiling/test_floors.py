"""Floors are held against what chance really does, and against published values."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from loopwright.profiling import floors


@pytest.mark.parametrize("degrees", [1, 2, 5, 20])
@pytest.mark.parametrize("alpha", [0.05, 0.001])
def test_chi_square_quantile_is_within_two_percent_of_the_exact_one(degrees, alpha):
    exact = stats.chi2.isf(alpha, degrees)
    assert floors.chi_square_quantile(degrees, alpha) == pytest.approx(exact, rel=0.025)


def test_normal_quantile_is_the_textbook_value():
    assert floors.normal_quantile(0.025) == pytest.approx(1.959964, abs=1e-6)


@pytest.mark.parametrize("law", ["normal", "lognormal", "exponential"])
@pytest.mark.parametrize(("n", "m"), [(500, 500), (5000, 300)])
def test_the_wasserstein_floor_is_the_quantile_of_no_drift(law, n, m):
    rng = np.random.default_rng(5)

    def draw(size: int) -> np.ndarray:
        return np.clip(getattr(rng, law)(size=size), -3, 5)

    seen = [stats.wasserstein_distance(draw(n), draw(m)) for _ in range(600)]
    given = np.mean([floors.wasserstein_floor(draw(n), n, m, 0.05) for _ in range(20)])
    assert given == pytest.approx(np.quantile(seen, 0.95), rel=0.1)


def test_the_wasserstein_floor_agrees_with_the_measured_table():
    reference = np.random.default_rng(0).normal(size=3000)
    assert floors.wasserstein_floor(reference, 3000, 3000, 0.05) == pytest.approx(0.053, abs=0.006)


@pytest.mark.parametrize(("levels", "n", "m"), [(2, 400, 400), (20, 1000, 1000), (20, 20_000, 500)])
def test_the_jensen_shannon_floor_is_the_quantile_of_no_drift(levels, n, m):
    rng = np.random.default_rng(6)
    shares = np.full(levels, 1 / levels)
    seen = [_distance(rng.multinomial(n, shares), rng.multinomial(m, shares)) for _ in range(2000)]
    assert floors.jensen_shannon_floor(levels, n, m, 0.05) == pytest.approx(np.quantile(seen, 0.95), rel=0.06)


def _distance(before: np.ndarray, after: np.ndarray) -> float:
    from scipy.spatial.distance import jensenshannon

    return float(jensenshannon(before, after))


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.5])
def test_the_proportion_floor_holds_whatever_the_rate(rate):
    from loopwright.profiling.effects import cohens_h

    rng = np.random.default_rng(7)
    pairs = zip(rng.binomial(3000, rate, 4000) / 3000, rng.binomial(2000, rate, 4000) / 2000, strict=True)
    floor = floors.proportion_floor(3000, 2000, 0.05)
    assert np.mean([cohens_h(*pair) > floor for pair in pairs]) == pytest.approx(0.05, abs=0.015)


def test_the_unseen_floor_knows_what_a_sample_of_rare_levels_leaves_out():
    rng = np.random.default_rng(8)
    alarms = 0
    for _ in range(200):
        before, after = rng.zipf(1.5, 3000), rng.zipf(1.5, 1000)
        counts = np.unique(before, return_counts=True)[1]
        share = np.mean(~np.isin(after, before))
        alarms += share > floors.unseen_floor(int((counts == 1).sum()), 3000, 1000, 0.001)
    assert alarms == 0


def test_one_new_value_in_a_small_batch_is_below_the_floor_and_one_in_ten_above():
    assert floors.unseen_floor(0, 20_000, 50, 0.001) > 1 / 50
    assert floors.unseen_floor(0, 20_000, 2000, 0.001) < 0.01
