"""The best constant answer, whatever the metric: every other constant is worse, and a coin does not beat it."""

from __future__ import annotations

import numpy as np
import pytest

from loopwright.declaration.gate import Gate
from loopwright.declaration.metrics import METRICS, Metric, known_besides
from loopwright.evaluation import Predicted, metric_value
from loopwright.evaluation.asking import Asking
from loopwright.evaluation.baselines import baseline_checks, prior
from loopwright.evaluation.metrics import gain
from loopwright.verdict import Outcome

N = 1500
RNG = np.random.default_rng(0)
BINARY = (RNG.random(N) < 0.3).astype(int)
AMOUNT = np.exp(RNG.normal(0, 1, N))


def scored(score: np.ndarray) -> Predicted:
    return Predicted((score > 0.5).astype(int), score, (0, 1))


@pytest.mark.parametrize("metric", [name for name, m in METRICS.items() if "binary_classification" in m.tasks])
def test_no_other_constant_is_better(metric) -> None:
    best = metric_value(metric, BINARY, prior("binary_classification", BINARY, scored(RNG.random(N)), metric))
    others = [metric_value(metric, BINARY, scored(np.full(N, p))) for p in np.linspace(0, 1, 11)]
    assert gain(metric, best) >= max(gain(metric, other) for other in others) - 1e-3


@pytest.mark.parametrize("metric", [name for name, m in METRICS.items() if "regression" in m.tasks])
def test_no_other_value_is_better(metric) -> None:
    best = metric_value(metric, AMOUNT, prior("regression", AMOUNT, Predicted(AMOUNT), metric))
    others = [
        metric_value(metric, AMOUNT, Predicted(np.full(N, v))) for v in np.quantile(AMOUNT, np.linspace(0, 1, 41))
    ]
    assert gain(metric, best) >= max(gain(metric, other) for other in others) - 1e-3


def checked(metric: str, candidate: Predicted, truth: np.ndarray = BINARY, task: str = "binary_classification"):
    asking = Asking(Gate(primary=metric, resamples=200), candidate, truth)
    (check,) = baseline_checks(asking, task, {})
    return check


@pytest.mark.parametrize("metric", ["f1", "recall", "precision", "balanced_accuracy", "f1_macro", "accuracy"])
def test_a_coin_beats_nobody_and_a_model_does(metric) -> None:
    coin = checked(metric, scored(np.random.default_rng(1).random(N)))
    assert coin.outcome in (Outcome.FAIL, Outcome.INCONCLUSIVE), coin.why
    model = checked(metric, scored(np.clip(BINARY * 0.6 + np.random.default_rng(2).random(N) * 0.5, 0, 1)))
    assert model.outcome is Outcome.PASS, model.why


def test_under_recall_always_saying_yes_beats_nobody_either() -> None:
    """It is perfect in recall, so both are asked in balanced accuracy, and the check says so."""
    check = checked("recall", scored(0.6 + 0.3 * RNG.random(N)))
    assert check.outcome is Outcome.FAIL
    assert check.asked["metric"] == "balanced_accuracy"
    assert "in recall always saying yes would be perfect" in check.why


def test_a_lopsided_cost_wants_a_quantile_and_a_cost_of_classes_the_rare_one() -> None:
    def shortage(truth, prediction, **_):
        return np.where(prediction < truth, 9.0, 1.0) * np.abs(truth - prediction)

    def missed(truth, prediction, **_):
        return np.where((truth == 1) & (prediction == 0), 20.0, (prediction == 1) * 1.0)

    def undefined(truth, prediction, **_):
        return np.full(len(truth), np.nan if (prediction == 0).all() else 1.0)

    own = {
        function.__name__: Metric(function.__name__, frozenset(), False, "label", function)
        for function in (shortage, missed, undefined)
    }
    with known_besides(own):
        value = prior("regression", AMOUNT, Predicted(AMOUNT), "shortage").label[0]
        assert value > 2 * np.median(AMOUNT)
        for cost in ("missed", "undefined"):
            assert prior("binary_classification", BINARY, scored(RNG.random(N)), cost).label[0] == 1
