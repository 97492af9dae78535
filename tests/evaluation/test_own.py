"""A team's own metric: most rows cost nothing, a few cost much, and a sample may have too few of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from loopwright.declaration.metrics import Metric, known_besides
from loopwright.errors import UserCodeFailed
from loopwright.evaluation import Predicted
from loopwright.evaluation.bootstrap import Resampling
from loopwright.evaluation.intervals import difference, estimate, interval
from loopwright.evaluation.own import own

MISS, ALARM = 100.0, 5.0


def cost(truth, prediction, score):
    return np.where((truth == 1) & (prediction == 0), MISS, np.where((truth == 0) & (prediction == 1), ALARM, 0.0))


def endless(truth, prediction, score):
    return -np.log(np.where(truth, score, 1 - score))


@pytest.fixture(autouse=True)
def known() -> Iterator[None]:
    with known_besides({"cost": Metric("cost", frozenset({"binary_classification", "own"}), False, "label", cost)}):
        yield


def said(label: np.ndarray) -> Predicted:
    return Predicted(label.astype(int), None, (0, 1))


def test_what_an_answer_may_cost_is_asked_of_the_function_and_not_of_the_luck_of_these_rows() -> None:
    truth = (np.arange(50) < 3).astype(int)
    assert own("cost", cost, truth, said(truth)).span == (0, MISS)
    sharp = Predicted(truth, truth.astype(float), (0, 1))
    assert own("log", endless, truth, sharp).span == (0, 0)


def test_no_number_for_a_row_is_the_functions_fault() -> None:
    with pytest.raises(UserCodeFailed, match="did not return a finite number for each row"):
        own("cost", lambda **_: np.zeros(3), np.zeros(40), said(np.zeros(40)))


def test_of_no_costly_row_nobody_is_sure_that_there_is_none() -> None:
    """Rows that one sees once in 3 / n times are missed one time in twenty: the rule of three, times what they cost."""
    truth = (np.arange(500) % 25 == 0).astype(int)
    found = interval("cost", truth, said(truth))
    assert (found.point, found.low) == (0, 0)
    assert found.high == pytest.approx((1 - 0.05 ** (1 / 500)) * MISS)
    grouped = interval("cost", truth, said(truth), groups=np.arange(500) // 10)
    assert grouped.high == pytest.approx((1 - 0.05 ** (1 / 50)) * MISS)


def test_models_that_cost_the_same_may_differ_elsewhere_but_one_model_does_not_differ_from_itself() -> None:
    truth = (np.arange(500) % 25 == 0).astype(int)
    one = np.where(np.arange(500) == 3, 1, truth)
    other = np.where(np.arange(500) == 4, 1, truth)
    for groups in (None, np.arange(500) // 10):
        itself = difference("cost", truth, said(one), said(one), Resampling(200, 0, groups)).at(0.95)
        assert (itself.low, itself.point, itself.high) == (0, 0, 0)
        apart = difference("cost", truth, said(one), said(other), Resampling(200, 0, groups)).at(0.95)
        assert apart.low < -0.1


def test_a_candidate_that_costs_more_by_the_margin_gets_through_no_more_often_than_granted() -> None:
    """Thirty misses in a hundred positives against twenty: plain Student's t let one in eleven through."""
    rng = np.random.default_rng(4)
    passed = []
    for _ in range(600):
        truth, luck = rng.random(500) < 0.05, rng.random(500)
        other = np.where(rng.random(500) < 0.8, luck, rng.random(500))
        champion, candidate = (np.where(truth, at >= miss, at < 0.05) for at, miss in ((luck, 0.2), (other, 0.3)))
        found = difference("cost", truth.astype(int), said(candidate), said(champion), Resampling()).at(0.95)
        passed.append(found.low >= -MISS * 0.05 * 0.1)
    assert np.mean(passed) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 600)


def test_a_cost_that_differs_from_row_to_row_is_a_mean_like_any_other() -> None:
    truth, guessed = np.random.default_rng(5).normal(0, 1, (2, 300))
    metric = Metric(
        "off",
        frozenset({"regression", "own"}),
        False,
        "label",
        lambda truth, prediction, score: abs(truth - prediction),
    )
    with known_besides({"off": metric}):
        ours = estimate("off", truth, Predicted(guessed), Resampling()).at(0.95)
    theirs = estimate("mean_absolute_error", truth, Predicted(guessed), Resampling()).at(0.95)
    assert (ours.low, ours.high) == (theirs.low, theirs.high)
