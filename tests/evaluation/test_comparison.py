"""What stands beside the comparison: McNemar's test where it is one, and how few rows carry the difference."""

from __future__ import annotations

import numpy as np
import pytest

from loopwright.declaration.gate import Gate
from loopwright.evaluation import Predicted
from loopwright.evaluation.asking import Asking
from loopwright.evaluation.comparison import carried_by, compared, cross_checks
from loopwright.evaluation.gate import _against
from loopwright.verdict import Outcome


def asking(metric: str, truth: np.ndarray, candidate: Predicted) -> Asking:
    return Asking(Gate(primary=metric, champion={"margin": 0.05}, resamples=100), candidate, truth)


@pytest.mark.parametrize(("metric", "tested"), [("accuracy", True), ("recall", True), ("precision", False)])
def test_mcnemars_test_is_asked_of_shares_of_the_same_rows_only(metric, tested) -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 400)
    ours, theirs = (Predicted(np.where(rng.random(400) < 0.8, truth, 1 - truth), None, (0, 1)) for _ in range(2))
    asked = asking(metric, truth, ours)
    assert ("mcnemar" in cross_checks(asked, theirs, asked.gain_over(theirs).at(0.95))) is tested


def test_a_difference_that_a_few_rows_carry_says_so() -> None:
    rng = np.random.default_rng(1)
    truth, theirs = np.zeros(500), Predicted(np.full(500, 5.0))
    for outliers, said in ((3, True), (0, False)):
        ours = 5 + rng.normal(0, 0.1, 500)
        ours[:outliers] = 40
        asked = asking("mean_absolute_error", truth, Predicted(ours))
        delta = asked.gain_over(theirs).at(0.95)
        check = compared(asked.gate, delta, truth, cross_checks(asked, theirs, delta))[0]
        assert ("alone make half of its spread" in check.why) is said
        assert check.observed["cross_checks"]["carried_by"] == (2 if outliers else pytest.approx(70, abs=30))


def test_too_few_groups_are_named_as_what_is_missing() -> None:
    rng = np.random.default_rng(2)
    truth, group = np.zeros(400), np.arange(400) // 40
    gate = Gate(primary="mean_absolute_error", groups="day")
    ours, theirs = Predicted(rng.normal(5, 1, 400)), Predicted(rng.normal(5, 1, 400))
    checks = _against(gate, Asking(gate, ours, truth, {"day": group}), theirs, None)
    assert checks[0].outcome is Outcome.INCONCLUSIVE
    assert "the rows come in 10 groups" in checks[0].why


def test_groups_of_rows_are_counted_as_groups() -> None:
    assert carried_by(np.array([1.0, 1.0, -1.0, -1.0]), np.array([0, 0, 1, 1])) == 1
    assert carried_by(np.zeros(4)) == 0


def test_slices_are_drawn_as_often_as_their_correction_asks() -> None:
    """One draw in 101 is no evidence at a level of 0.05 / 60; of one question alone it is."""
    asked = asking("f1", np.zeros(10), Predicted(np.zeros(10)))
    assert asked.resampled(np.ones(10, dtype=bool)).resamples == 100
    assert 1 / asked.resampled(np.ones(10, dtype=bool), among=60).resamples <= 0.05 / 60
