"""Groups of unequal size: the jackknife's variance, and how many groups of one size they are worth."""

from __future__ import annotations

import numpy as np
import pytest

from loopwright.evaluation import Predicted
from loopwright.evaluation.bootstrap import Resampling
from loopwright.evaluation.calibration import curve
from loopwright.evaluation.comparison import carried_by
from loopwright.evaluation.disparity import rates_of
from loopwright.evaluation.grouped import effective, leaving_out
from loopwright.evaluation.intervals import difference

GIANT = np.repeat(np.arange(40), [780, *[20] * 39])
"""Of forty customers one has half of the rows."""


def test_groups_are_worth_as_many_of_one_size() -> None:
    """Kish (1965): the square of the sum over the sum of the squares."""
    assert effective(np.array([20] * 30)) == pytest.approx(30)
    assert effective(np.array([780, *[20] * 39])) == pytest.approx(1560**2 / (780**2 + 39 * 20**2))
    assert effective(np.array([5, 0, 5])) == pytest.approx(2)
    assert effective(np.array([0, 0])) == 0


def test_groups_of_one_size_are_worth_what_they_were_and_one_alone_says_nothing() -> None:
    assert leaving_out(np.array([20] * 30)) == pytest.approx(np.ones(30))
    assert leaving_out(np.array([7])).tolist() == [1]


def test_the_error_of_a_mean_over_unequal_groups_is_the_jackknifes() -> None:
    """Leave each group out in turn: (G - 1) / G times the sum of squares of what that moves."""
    rng = np.random.default_rng(0)
    loss = rng.normal(0, 0.5, 40)[GIANT] + rng.normal(0, 1, len(GIANT))
    found = difference(
        "mean_absolute_error", np.zeros(len(loss)), Predicted(9 + loss), Predicted(np.full(len(loss), 9.0)),
        Resampling(200, 1, GIANT),
    )  # fmt: skip
    moved = [loss[group != GIANT].mean() - loss.mean() for group in range(40)]
    assert found.error == pytest.approx(np.sqrt(39 / 40 * np.square(moved).sum()))


def test_a_candidate_that_is_worse_for_a_giant_gets_through_no_more_often_than_granted() -> None:
    """By exactly the margin: taken for one of forty groups, the giant let through one in seven, not in twenty."""
    rng = np.random.default_rng(1)
    passed = []
    for turn in range(300):
        moved = 0.05 + rng.normal(0, 0.3, 40)[GIANT] + rng.normal(0, 0.4, len(GIANT))
        champion, candidate = Predicted(np.full(len(GIANT), 5.0)), Predicted(5 + moved)
        drawn = Resampling(100, turn, GIANT)
        passed.append(
            difference("mean_absolute_error", np.zeros(len(GIANT)), candidate, champion, drawn).at(0.95).low >= -0.05
        )
    assert np.mean(passed) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)


def test_a_customer_with_nearly_all_rows_leaves_as_much_open_as_one_push_does_and_is_named() -> None:
    """Student's t of one degree of freedom reaches 6.3 errors at 0.95."""
    rng = np.random.default_rng(6)
    most = np.repeat(np.arange(40), [3120, *[20] * 39])
    moved = rng.normal(0, 0.3, 40)[most] + rng.normal(0, 0.4, len(most))
    champion, drawn = Predicted(np.full(len(most), 5.0)), Resampling(200, 1, most)
    found = difference("mean_absolute_error", np.zeros(len(most)), Predicted(5 - moved), champion, drawn)
    bounds = found.at(0.95)
    assert (bounds.point - bounds.low) / found.error == pytest.approx(6.314, abs=0.001)
    assert carried_by(moved - moved.mean(), most) == 1


def test_a_giant_widens_calibration_and_fairness_too() -> None:
    rng = np.random.default_rng(2)
    alike = np.arange(len(GIANT)) % 40
    score = rng.uniform(0.1, 0.9, len(GIANT))
    truth = (rng.random(len(GIANT)) < score).astype(int)
    predicted = Predicted((score > 0.5).astype(int), score, (0, 1))
    assert curve(truth, predicted, groups=alike).groups == pytest.approx(40)
    assert curve(truth, predicted, groups=GIANT).groups < 4
    who = rng.integers(0, 2, len(GIANT))

    def width(unit: np.ndarray) -> float:
        rates = rates_of("demographic_parity_difference", truth == 1, score > 0.5, who, Resampling(200, 3, unit))
        found = rates.of_group(0, 0).at(0.95)
        return found.high - found.low

    assert width(GIANT) > 1.3 * width(alike)
