"""Intervals against scipy's bootstrap, DeLong's variance and their own promise of coverage."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from loopwright.evaluation import Predicted, interval, paired_difference
from loopwright.evaluation.intervals import MINIMUM_PER_CLASS, MINIMUM_ROWS


def two_models(seed: int, n: int = 1500, *, ours: float = 1.0, theirs: float = 1.0):
    """Two correlated scorers of the same rows; a greater strength tells the classes apart better."""
    rng = np.random.default_rng(seed)
    truth = (rng.random(n) < 0.4).astype(int)
    shared = rng.normal(0, 1, n)
    scores = [
        stats.norm.cdf((strength * truth + 0.7 * shared + 0.7 * rng.normal(0, 1, n)) - strength / 2)
        for strength in (ours, theirs)
    ]
    return truth, *[Predicted((score > 0.5).astype(int), score, (0, 1)) for score in scores]


def delong_error_of_difference(truth: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    """The standard error of a difference of two AUCs on the same rows: DeLong, DeLong & Clarke-Pearson (1988)."""
    parts = []
    for score in (a, b):
        pairs = np.sign(score[truth == 1][:, None] - score[truth == 0][None, :]) / 2 + 0.5
        parts.append((pairs.mean(axis=1), pairs.mean(axis=0)))
    positive = np.cov(np.stack([parts[0][0], parts[1][0]]))
    negative = np.cov(np.stack([parts[0][1], parts[1][1]]))
    total = positive / (truth == 1).sum() + negative / (truth == 0).sum()
    return float(np.sqrt(total[0, 0] + total[1, 1] - 2 * total[0, 1]))


def test_the_interval_is_scipys() -> None:
    truth, predicted, _ = two_models(1, 400)
    ours = interval("roc_auc", truth, predicted, resamples=4000, seed=3)
    reference = stats.bootstrap(
        (truth, predicted.score), roc_auc_score, paired=True, vectorized=False, method="percentile",
        confidence_level=0.90, n_resamples=1500, rng=np.random.default_rng(4),
    ).confidence_interval  # fmt: skip
    assert ours.point == pytest.approx(roc_auc_score(truth, predicted.score))
    assert (ours.low, ours.high) == pytest.approx((reference.low, reference.high), abs=0.004)


def test_the_interval_of_a_mean_is_scipys() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(0, 1, 300)
    ours = interval("mean_absolute_error", truth, Predicted(np.zeros(300)), confidence=0.975, resamples=8000)
    reference = stats.bootstrap((np.abs(truth),), np.mean, method="percentile", n_resamples=8000, rng=1)
    assert (ours.low, ours.high) == pytest.approx(tuple(reference.confidence_interval), abs=0.005)


def test_the_paired_difference_agrees_with_delong() -> None:
    truth, ours, theirs = two_models(7, 1200, ours=1.1)
    found = paired_difference("roc_auc", truth, ours, theirs, resamples=4000)
    error = delong_error_of_difference(truth, ours.score, theirs.score)
    assert found.point == pytest.approx(roc_auc_score(truth, ours.score) - roc_auc_score(truth, theirs.score))
    assert found.low == pytest.approx(found.point - 1.645 * error, abs=0.1 * error)
    assert found.high == pytest.approx(found.point + 1.645 * error, abs=0.1 * error)


def test_pairing_narrows_the_interval() -> None:
    truth, ours, theirs = two_models(2)
    paired = paired_difference("roc_auc", truth, ours, theirs)
    alone = interval("roc_auc", truth, ours)
    assert paired.high - paired.low < 0.9 * math.sqrt(2) * (alone.high - alone.low)


def test_positive_means_the_candidate_is_better_whatever_the_direction() -> None:
    truth = np.random.default_rng(0).normal(0, 1, 100)
    close, far = Predicted(truth + 0.1), Predicted(truth + 0.5)
    found = paired_difference("mean_absolute_error", truth, close, far)
    assert found.point == pytest.approx(0.4)
    assert found.low > 0
    assert paired_difference("mean_absolute_error", truth, far, close).high < 0


def test_a_model_is_exactly_as_good_as_itself() -> None:
    truth, predicted, _ = two_models(3, 200)
    found = paired_difference("average_precision", truth, predicted, predicted)
    assert (found.point, found.low, found.high) == (0, 0, 0)


def test_the_seed_decides_the_interval() -> None:
    truth, predicted, _ = two_models(4, 300)
    first, again, other = (interval("f1", truth, predicted, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_thousand_resamples_are_the_same_in_blocks(monkeypatch) -> None:
    truth, predicted, _ = two_models(4, 300)
    whole = interval("f1", truth, predicted, resamples=150)
    monkeypatch.setattr("loopwright.evaluation.bootstrap.BLOCK", 700)
    assert interval("f1", truth, predicted, resamples=150) == whole


@pytest.mark.parametrize(
    ("truth", "metric"),
    [
        (np.arange(MINIMUM_ROWS - 1) % 2, "accuracy"),
        (np.zeros(500), "roc_auc"),
        ((np.arange(500) < MINIMUM_PER_CLASS - 1).astype(int), "roc_auc"),
        (np.array([]), "roc_auc"),
    ],
    ids=["few rows", "one class", "few of a class", "none"],
)
def test_too_little_gives_no_bounds(truth, metric) -> None:
    n = len(truth)
    predicted = Predicted(np.arange(n) % 2, np.linspace(0, 1, n), (0, 1))
    found = interval(metric, truth, predicted)
    assert not found.known
    assert not paired_difference(metric, truth, predicted, predicted).known
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["low"] is None


def test_the_smallest_sample_that_gets_bounds_gets_honest_ones() -> None:
    """At the floor (30 rows, 10 of a class) the low bound must hold about as often as it says."""
    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1], [MINIMUM_ROWS - MINIMUM_PER_CLASS, MINIMUM_PER_CLASS])
    true_auc = stats.norm.cdf(1 / math.sqrt(2))
    held = 0
    for turn in range(300):
        score = rng.normal(truth, 1)
        found = interval(
            "roc_auc", truth, Predicted((score > 0.5).astype(int), score, (0, 1)), resamples=200, seed=turn
        )
        held += found.low <= true_auc
    assert held / 300 >= 0.88


@pytest.mark.parametrize("metric", ["balanced_accuracy", "f1_macro"])
def test_a_mean_over_classes_needs_rows_of_each(metric) -> None:
    def known(rarest: int) -> bool:
        truth = np.array(["a"] * 200 + ["b"] * 200 + ["c"] * rarest)
        said = np.where(np.arange(len(truth)) % 7 == 0, "a", truth)
        return interval(metric, truth, Predicted(said, None, ("a", "b", "c"))).known

    assert not known(MINIMUM_PER_CLASS - 1)
    assert known(MINIMUM_PER_CLASS)
