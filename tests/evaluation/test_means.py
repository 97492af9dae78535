"""Means of losses: Hall's transformation undone, Student's t where nothing leans, and coverage where something does."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from loopwright.evaluation.means import _unskewed, mean


@pytest.mark.parametrize("skewness", [-4.0, -0.3, 0.5, 6.0])
@pytest.mark.parametrize("x", [-0.1, 0.0, 0.02, 0.2])
def test_the_inverse_undoes_halls_transformation(skewness, x) -> None:
    """Hall (1992): g(T) = T + s T²/3 + s² T³/27 + s/(6n), T the studentised distance over the root of n."""
    n, t = 150, _unskewed(x, skewness, 150)
    assert t + skewness * t**2 / 3 + skewness**2 * t**3 / 27 + skewness / (6 * n) == pytest.approx(x, abs=1e-12)


def test_without_skewness_it_is_students_interval() -> None:
    values = np.concatenate([np.arange(50.0), -np.arange(50.0)])
    low, high = mean(values).bounds(0.975)
    reference = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (low, high) == pytest.approx((reference.low, reference.high))


def test_each_bound_of_a_skewed_mean_holds_about_as_often_as_it_says() -> None:
    """Where Student's t misses on the one side 3 and on the other 9 times in a hundred."""
    rng = np.random.default_rng(0)
    samples = rng.lognormal(0, 1, (2000, 150))
    true = math.exp(0.5)
    found = [mean(sample).bounds(0.95) for sample in samples]
    below, above = np.mean([low <= true for low, _ in found]), np.mean([high >= true for _, high in found])
    plain = samples.mean(axis=1) + 1.655 * samples.std(axis=1, ddof=1) / math.sqrt(150)
    assert below == pytest.approx(0.95, abs=0.03)
    assert above == pytest.approx(0.95, abs=0.045)
    assert above > np.mean(plain >= true) + 0.02


def test_a_loss_that_is_always_the_same_is_known_exactly() -> None:
    assert mean(np.full(100, 0.3)).bounds(0.95) == pytest.approx((0.3, 0.3))
    assert not mean(np.array([1.0])).known
