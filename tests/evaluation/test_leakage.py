"""What one feature knows by itself: any shape is found, an identifier knows nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
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


@pytest.mark.parametrize("n", [29, 12])
def test_few_rows_cannot_tell_and_do_not_pass_by_silence(n, x) -> None:
    check = leakage_check(Leakage(), "binary_classification", {"x": x[:n]}, (np.arange(n) % 2).astype(int))
    assert check.outcome is Outcome.INCONCLUSIVE
    assert check.required
    assert f"{n} labelled rows" in check.why


def test_fifty_rows_tell_a_copy() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, 50)
    for task, label in (("binary_classification", truth), ("regression", np.exp(3 * rng.normal(0, 1, 50)))):
        noise = rng.normal(0, 1, 50)
        checks = [leakage_check(Leakage(), task, {"f": values}, label) for values in (label * 2.0 + 1, noise)]
        assert [check.outcome for check in checks] == [Outcome.FAIL, Outcome.PASS]


def test_where_every_feature_may_know_few_rows_are_no_matter(x) -> None:
    check = leakage_check(Leakage(known=["x"]), "regression", {"x": x[:9]}, x[:9])
    assert check.outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("scale", [1.0, 2.0, 3.0])
def test_a_copy_of_a_skewed_label_is_found_however_far_its_end_is(scale) -> None:
    """Log-normal amounts: a bin of the largest holds nearly all of the variance, so that its mean explains little."""
    rng = np.random.default_rng(2)
    truth = np.exp(scale * rng.normal(0, 1, N))
    for copied in (truth, -3 * truth + 1, truth.astype(str).astype(object), np.log(truth)):
        assert told_alone("regression", copied, truth) > 0.999
    assert told_alone("regression", truth * np.exp(rng.normal(0, 0.5, N)), truth) < 0.995
    assert told_alone("regression", rng.normal(0, 1, N), truth) < 0.1


def test_who_pays_nothing_is_not_how_much_is_paid() -> None:
    """Most labels are 0: a feature that tells which are not explains the ranks, and still is no copy."""
    rng = np.random.default_rng(3)
    pays = rng.random(N) < 0.05
    truth = np.where(pays, rng.exponential(100, N), 0.0)
    visits = np.where(pays, rng.integers(1, 9, N), 0).astype(float)
    assert told_alone("regression", visits, truth) < 0.9
    assert told_alone("regression", truth, truth) > 0.999


@pytest.mark.parametrize("rare", [5, 20, 100])
def test_a_copy_of_a_rare_label_is_found(rare) -> None:
    rng = np.random.default_rng(4)
    n = 40_000
    truth = (np.arange(n) % (n // rare) == 7).astype(int)
    seen = truth + rng.uniform(-0.4, 0.4, n)
    for leak in (seen, -seen, np.where(truth == 1, np.nan, rng.normal(0, 1, n))):
        check = leakage_check(Leakage(), "binary_classification", {"f": leak, "n": rng.normal(0, 1, n)}, truth)
        assert check.outcome is Outcome.FAIL, check.why
        assert next(iter(check.observed)) == "f"
    noise = {f"n{k}": rng.normal(0, 1, n) for k in range(20)}
    assert leakage_check(Leakage(), "binary_classification", noise, truth).outcome is Outcome.PASS


def test_fewer_rows_of_a_class_than_could_be_in_order_by_chance_cannot_tell(x) -> None:
    truth = (np.arange(N) < 4).astype(int)
    check = leakage_check(Leakage(), "binary_classification", {"x": x}, truth)
    assert check.outcome is Outcome.INCONCLUSIVE
    assert "4 rows of the rarer class" in check.why


def test_a_number_and_a_time_name_rare_classes_among_several() -> None:
    rng = np.random.default_rng(5)
    truth = rng.choice(["a", "b", "c", "d"], N, p=[0.94, 0.03, 0.02, 0.01])
    number = np.searchsorted(np.array(["a", "b", "c", "d"]), truth) + rng.uniform(-0.4, 0.4, N)
    time = np.datetime64("2024-01-01") + (number * 86_400).astype("timedelta64[s]")
    assert told_alone("multiclass_classification", number, truth) > 0.995
    assert told_alone("multiclass_classification", time, truth) > 0.995
    assert told_alone("multiclass_classification", rng.normal(0, 1, N), truth) < 0.1


@pytest.mark.parametrize("task", ["binary_classification", "multiclass_classification", "regression"])
def test_odd_columns_are_no_crash(task, x) -> None:
    truth = x if task == "regression" else (x > 0).astype(int)
    odd = {
        "nothing": np.full(N, None, dtype=object),
        "nan": np.full(N, np.nan),
        "one": np.ones(N),
        "flag": x > 2,
        "infinite": np.where(x > 1, np.inf, x),
        "zoned": np.asarray(pd.date_range("2024", periods=N, tz="UTC"), dtype=object),
        "mixed": np.array([1, "a", None, 2.5] * (N // 4), dtype=object),
    }
    found = {name: told_alone(task, values, truth) for name, values in odd.items()}
    assert all(np.isfinite(value) and value <= 1 for value in found.values()), found
    assert max(found["nothing"], found["nan"], found["one"], found["mixed"]) < 0.6
