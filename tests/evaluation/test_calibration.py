"""Calibration: nothing found where nothing is wrong, and what is wrong found at its size."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.calibration import calibration_curve

from loopwright.evaluation import Predicted
from loopwright.evaluation.calibration import curve, expected_error


def world(seed: int, n: int, bold: float = 1.0) -> tuple[np.ndarray, Predicted]:
    rng = np.random.default_rng(seed)
    chance = expit(rng.normal(0, 1.5, n))
    score = expit(bold * logit(chance))
    return (rng.random(n) < chance).astype(int), Predicted((score > 0.5).astype(int), score, (0, 1))


def test_the_curve_is_scikit_learns() -> None:
    truth, predicted = world(0, 3000)
    seen, said = calibration_curve(truth, predicted.score, n_bins=10, strategy="quantile")
    found = curve(truth, predicted, 10)
    assert found.said == pytest.approx(said, abs=2e-3)
    assert found.seen == pytest.approx(seen, abs=5e-3)


def test_the_noise_of_a_calibrated_model_is_taken_off() -> None:
    found = [expected_error(curve(*world(seed, 500))).point for seed in range(100)]
    raw = [(np.abs(c.said - c.seen) * c.n / c.n.sum()).sum() for c in (curve(*world(s, 500)) for s in range(100))]
    assert np.mean(found) < 0.4 * np.mean(raw)


@pytest.mark.parametrize("n", [500, 4000])
def test_a_calibrated_model_is_seldom_refused_and_its_bound_holds(n) -> None:
    """The truth is 0 here: the upper bound is above it always, the lower one nearly always at or below 0.02."""
    lows = [expected_error(curve(*world(seed, n))).at(0.95).low for seed in range(100)]
    assert np.mean([low > 0.02 for low in lows]) <= 0.05


def test_the_error_of_a_bold_model_is_found_at_its_size() -> None:
    truth, predicted = world(0, 400_000, bold=2.0)
    exact = curve(truth, predicted)
    true = float((np.abs(exact.said - exact.seen) * exact.n).sum() / exact.n.sum())
    found = [expected_error(curve(*world(seed, 2000, bold=2.0))) for seed in range(1, 101)]
    assert np.mean([f.point for f in found]) == pytest.approx(true, abs=0.006)
    held = np.mean([f.bounds(0.95)[0] <= true <= f.bounds(0.95)[1] for f in found])
    assert held >= 0.85


def test_several_classes_are_asked_about_the_one_they_say() -> None:
    rng = np.random.default_rng(3)
    score = rng.dirichlet([1, 1, 1], 3000)
    truth = np.array([rng.choice(3, p=p) for p in score])
    found = expected_error(curve(truth, Predicted(score.argmax(axis=1), score, (0, 1, 2))))
    assert found.at(0.95).low < 0.01


def test_without_probabilities_there_is_no_curve() -> None:
    assert curve(np.array([0, 1]), Predicted(np.array([0, 1]), None, (0, 1))) is None
