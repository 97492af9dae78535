"""Each metric against scikit-learn's, weighted and not; what the rows do not define is NaN."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from sklearn import metrics as reference

from loopwright.declaration.metrics import METRICS, fitting
from loopwright.errors import DataFault
from loopwright.evaluation import Predicted, metric_value
from loopwright.evaluation.metrics import gain


def binary(seed: int = 0, n: int = 400, *, classes: tuple = (0, 1)):
    rng = np.random.default_rng(seed)
    positive = rng.random(n) < 0.3
    score = np.round(np.clip(rng.normal(0.35 + 0.2 * positive, 0.2, n), 0.01, 0.99), 2)  # rounded: ties are there
    truth = np.where(positive, classes[1], classes[0])
    label = np.where(score > 0.5, classes[1], classes[0])
    return truth, Predicted(label, score, classes), rng.integers(0, 4, n).astype(float)


def classes_of_three(seed: int = 1, n: int = 300):
    rng = np.random.default_rng(seed)
    names = np.array(["high", "low", "mid"])
    truth = names[rng.integers(0, 3, n)]
    score = rng.dirichlet([1, 1, 1], n) + 0.4 * (truth[:, None] == names)
    score /= score.sum(axis=1, keepdims=True)
    return truth, Predicted(names[score.argmax(axis=1)], score, tuple(names.tolist())), rng.random(n) + 0.1


def values(seed: int = 2, n: int = 200):
    rng = np.random.default_rng(seed)
    truth = rng.normal(1e6, 5, n)  # a large mean: sums of squares must not cancel
    return truth, Predicted(truth + rng.normal(0.5, 2, n)), rng.random(n)


BINARY = {
    "roc_auc": lambda t, p, w: reference.roc_auc_score(t, p.score, sample_weight=w),
    "average_precision": lambda t, p, w: reference.average_precision_score(t, p.score, sample_weight=w),
    "brier_score": lambda t, p, w: reference.brier_score_loss(t, p.score, sample_weight=w),
    "log_loss": lambda t, p, w: reference.log_loss(t, p.score, sample_weight=w),
    "accuracy": lambda t, p, w: reference.accuracy_score(t, p.label, sample_weight=w),
    "balanced_accuracy": lambda t, p, w: reference.balanced_accuracy_score(t, p.label, sample_weight=w),
    "f1": lambda t, p, w: reference.f1_score(t, p.label, sample_weight=w),
    "f1_macro": lambda t, p, w: reference.f1_score(t, p.label, average="macro", sample_weight=w),
    "precision": lambda t, p, w: reference.precision_score(t, p.label, sample_weight=w),
    "recall": lambda t, p, w: reference.recall_score(t, p.label, sample_weight=w),
}
MULTICLASS = {
    "log_loss": lambda t, p, w: reference.log_loss(t, p.score, labels=list(p.classes), sample_weight=w),
    **{name: BINARY[name] for name in ("accuracy", "balanced_accuracy", "f1_macro")},
}
REGRESSION = {
    "mean_absolute_error": lambda t, p, w: reference.mean_absolute_error(t, p.label, sample_weight=w),
    "mean_squared_error": lambda t, p, w: reference.mean_squared_error(t, p.label, sample_weight=w),
    "root_mean_squared_error": lambda t, p, w: reference.root_mean_squared_error(t, p.label, sample_weight=w),
    "r2": lambda t, p, w: reference.r2_score(t, p.label, sample_weight=w),
}
CASES = [
    *[(name, binary, check) for name, check in BINARY.items()],
    *[(name, classes_of_three, check) for name, check in MULTICLASS.items()],
    *[(name, values, check) for name, check in REGRESSION.items()],
]


def test_every_declared_metric_is_held_to_a_reference() -> None:
    assert set(BINARY) == set(fitting("binary_classification"))
    assert set(MULTICLASS) == set(fitting("multiclass_classification"))
    assert set(REGRESSION) == set(fitting("regression"))


@pytest.mark.parametrize(("name", "rows", "expected"), CASES)
def test_the_value_is_scikit_learns(name, rows, expected) -> None:
    truth, predicted, weights = rows()
    assert metric_value(name, truth, predicted) == pytest.approx(expected(truth, predicted, None), rel=1e-9)
    assert metric_value(name, truth, predicted, weights) == pytest.approx(expected(truth, predicted, weights), rel=1e-6)


@pytest.mark.parametrize("name", sorted(BINARY))
def test_classes_may_be_of_any_kind(name) -> None:
    plain = metric_value(name, *binary()[:2])
    for classes in [(False, True), ("no", "yes"), (0.0, 1.0), (3, 7)]:
        truth, predicted, _ = binary(classes=classes)
        assert metric_value(name, truth, predicted) == plain


def test_integer_weights_are_repeated_rows() -> None:
    truth, predicted, weights = binary()
    rows = np.repeat(np.arange(len(truth)), weights.astype(int))
    for name in BINARY:
        repeated = metric_value(name, truth[rows], predicted.take(rows))
        assert metric_value(name, truth, predicted, weights) == pytest.approx(repeated, rel=1e-12), name


def test_the_second_class_of_the_model_is_positive_even_where_the_truth_lacks_it() -> None:
    predicted = Predicted(np.array(["a", "a", "b"]), np.array([0.1, 0.2, 0.9]), ("a", "b"))
    assert metric_value("precision", np.array(["a", "a", "a"]), predicted) == 0.0
    assert math.isnan(metric_value("recall", np.array(["a", "a", "a"]), predicted))


def test_a_sure_and_wrong_answer_costs_much_but_not_infinitely() -> None:
    loss = metric_value("log_loss", np.array([1, 0]), Predicted(np.array([0, 1]), np.array([0.0, 1.0]), (0, 1)))
    assert loss == pytest.approx(-math.log(np.finfo(float).eps))


def test_a_class_the_model_never_knew_is_a_loss_not_a_crash() -> None:
    truth, predicted, _ = classes_of_three()
    assert metric_value("log_loss", np.where(truth == "mid", "new", truth), predicted) > 5
    assert 0 < metric_value("f1_macro", np.where(truth == "mid", "new", truth), predicted) < 1


@pytest.mark.parametrize("name", ["roc_auc", "average_precision", "recall"])
def test_without_a_positive_row_the_metric_has_no_value(name) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert math.isnan(metric_value(name, np.zeros(5), Predicted(np.zeros(5), np.linspace(0, 1, 5), (0, 1))))


@pytest.mark.parametrize("name", sorted(METRICS))
def test_no_rows_have_no_value(name) -> None:
    assert math.isnan(metric_value(name, np.array([]), Predicted(np.array([]), np.array([]), (0, 1))))


def test_a_constant_truth_has_no_variance_to_explain() -> None:
    assert math.isnan(metric_value("r2", np.full(9, 0.1), Predicted(np.linspace(0, 1, 9))))


def test_a_metric_of_probabilities_needs_probabilities() -> None:
    with pytest.raises(DataFault, match="'roc_auc' needs probabilities"):
        metric_value("roc_auc", np.array([0, 1]), Predicted(np.array([0, 1])))


def test_truth_and_prediction_must_be_of_the_same_rows() -> None:
    with pytest.raises(DataFault, match="do not have the same length"):
        metric_value("accuracy", np.array([0, 1]), Predicted(np.array([0, 1, 1])))


def test_gain_turns_losses_round() -> None:
    assert gain("roc_auc", 0.1) == 0.1
    assert gain("mean_absolute_error", 0.1) == -0.1
