"""What one feature knows by itself: any shape is found, an identifier knows nothing."""

from __future__ import annotations

import numpy as np
import pytest

from loopwright.declaration.gate import Leakage
from loopwright.evaluation.leakage import leakage_check, told_alone
from loopwright.verdict import Outcome

N = 3000


@pytest.fixture(scope="module")
def x() -> np.ndarray:
    return np.random.default_rng(0).normal(0, 1, N)


def test_a_shape_that_no_line_follows_is_found(x) -> None:
    assert told_alone("binary_classification", x, (np.abs(x) > 1).astype(int)) > 0.99
    assert told_alone("regression", x, x**2) > 0.9


@pytest.mark.parametrize(("task", "nothing"), [("binary_classification", 0.5), ("regression", 0.0)])
def test_an_identifier_says_nothing(task, nothing, x) -> None:
    ids = np.array([f"row-{i}" for i in range(N)], dtype=object)
    truth = (x > 0).astype(int) if task != "regression" else x
    assert told_alone(task, ids, truth) == pytest.approx(nothing, abs=0.05)


def test_a_column_of_words_may_leak_too(x) -> None:
    truth = np.where(x > 0.5, "late", np.where(x < -0.5, "early", "fair"))
    seen = np.where(truth == "late", "refunded", np.where(truth == "early", "thanked", None)).astype(object)
    assert told_alone("multiclass_classification", seen, truth) == pytest.approx(1)


def test_a_feature_that_may_know_is_let_pass(x) -> None:
    truth = (x > 0).astype(int)
    assert leakage_check(Leakage(), "binary_classification", {"x": x}, truth).outcome is Outcome.FAIL
    assert leakage_check(Leakage(known=["x"]), "binary_classification", {"x": x}, truth).outcome is Outcome.PASS


def test_few_rows_are_not_asked(x) -> None:
    check = leakage_check(Leakage(), "binary_classification", {"x": x[:50]}, (x[:50] > 0).astype(int))
    assert check.outcome is Outcome.NOT_APPLICABLE
