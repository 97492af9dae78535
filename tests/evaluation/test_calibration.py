"""Calibration: nothing found where nothing is wrong, and what is wrong found at its size."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit, logit
from sklearn.calibration import calibration_curve

from loopwright.declaration.gate import Gate
from loopwright.evaluation import Predicted
from loopwright.evaluation.asking import Asking
from loopwright.evaluation.calibration import calibration_check, curve, expected_error
from loopwright.verdict import Outcome


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


def off_by(shift: float, rng: np.random.Generator, n: int, group: np.ndarray | None = None):
    """A model that says too much by the shift everywhere; the rows of a group are lucky together."""
    score = rng.uniform(0.1, 0.9, n)
    true = score - shift
    luck = 0.0 if group is None else rng.uniform(-0.1, 0.1, group.max() + 1)[group]
    return (rng.random(n) < true + luck).astype(int), Predicted((score > 0.5).astype(int), score, (0, 1))


def rate(held: list[bool]) -> float:
    """How often, less three Monte-Carlo standard errors of one in twenty."""
    return float(np.mean(held)) - 3 * np.sqrt(0.05 * 0.95 / len(held))


@pytest.mark.parametrize("n", [500, 2000])
def test_a_model_off_by_the_limit_seldom_gets_through(n) -> None:
    """The debiased error's own bound let one in four through."""
    rng = np.random.default_rng(5)
    found = [expected_error(curve(*off_by(0.05, rng, n))).at(0.95) for _ in range(300)]
    assert rate([interval.high <= 0.05 for interval in found]) <= 0.05
    assert rate([interval.low > 0.05 for interval in found]) <= 0.05


def test_a_model_off_in_one_bin_by_the_limit_is_seldom_refused() -> None:
    """Nine bins of mere noise beside one of truth: what noise adds must not count."""
    rng = np.random.default_rng(6)
    lows = []
    for _ in range(300):
        score = rng.uniform(0, 1, 2000)
        top = np.argsort(score)[-200:]
        true = score.copy()
        true[top] -= 0.2
        truth = (rng.random(2000) < true).astype(int)
        lows.append(expected_error(curve(truth, Predicted((score > 0.5).astype(int), score, (0, 1)))).at(0.95).low)
    assert rate([low > 0.02 for low in lows]) <= 0.05


def test_rows_of_a_group_are_not_worth_rows_of_their_own() -> None:
    """Forty groups that are lucky together: at the limit, taking rows for independent lets too many through."""
    rng = np.random.default_rng(7)
    group = np.arange(8000) // 200
    passed, blind = [], []
    for _ in range(300):
        truth, predicted = off_by(0.05, rng, 8000, group)
        passed.append(expected_error(curve(truth, predicted, groups=group)).at(0.95).high <= 0.05)
        blind.append(expected_error(curve(truth, predicted)).at(0.95).high <= 0.05)
    assert rate(passed) <= 0.05
    assert rate(blind) > 0.05


def test_the_covariance_of_grouped_gaps_is_statsmodels() -> None:
    """Gaps are coefficients of a regression on the bins: the cluster-robust covariance of groups of one size (CR0)."""
    rng = np.random.default_rng(8)
    group = rng.permutation(1500) // 25
    truth, predicted = off_by(0.05, rng, 1500, group)
    found = curve(truth, predicted, 5, group)
    bins = np.empty(1500, dtype=int)
    for number, rows in enumerate(np.array_split(np.argsort(predicted.score, kind="stable"), 5)):
        bins[rows] = number
    fitted = sm.OLS(predicted.score - truth, np.eye(5)[bins]).fit(
        cov_type="cluster", cov_kwds={"groups": group, "use_correction": False}
    )
    assert fitted.params == pytest.approx(found.said - found.seen)
    assert found.together == pytest.approx(fitted.cov_params() * 60 / 59)


def test_a_few_groups_cannot_tell_whether_a_model_is_calibrated() -> None:
    truth, predicted = world(0, 2000)
    gate = Gate(primary="log_loss", groups="day", calibration={"at_most": 0.2})
    (check,) = calibration_check(Asking(gate, predicted, truth, {"day": np.arange(2000) // 200}))
    assert check.outcome is Outcome.INCONCLUSIVE
    assert "10 groups" in check.why


def test_several_classes_are_asked_about_the_one_they_say() -> None:
    rng = np.random.default_rng(3)
    score = rng.dirichlet([1, 1, 1], 3000)
    truth = np.array([rng.choice(3, p=p) for p in score])
    found = expected_error(curve(truth, Predicted(score.argmax(axis=1), score, (0, 1, 2))))
    assert found.at(0.95).low < 0.01


def test_without_probabilities_there_is_no_curve() -> None:
    assert curve(np.array([0, 1]), Predicted(np.array([0, 1]), None, (0, 1))) is None
