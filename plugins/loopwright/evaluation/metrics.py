"""From a metric's declared name to its value: one definition for the gate, the monitor and the search.

Names and directions are those of :mod:`loopwright.declaration.metrics`. Each metric is *prepared* once from the
rows and then evaluated under any number of row weights, which is what a bootstrap needs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from loopwright.declaration.metrics import metric as named
from loopwright.errors import DataFault
from loopwright.evaluation import ranking, sums
from loopwright.evaluation.own import own

if TYPE_CHECKING:
    from loopwright.evaluation.predicted import Array, Predicted


class Prepared(Protocol):
    """A metric over fixed rows, as a function of their weights."""

    def __call__(self, weights: Array, /) -> Array:
        """Return the metric, shape ``(resamples,)``, under weights of shape ``(resamples, n)``."""
        ...

    def influence(self) -> Array:
        """Return how much each row pushes the metric, times the number of rows, shape ``(n,)``; its mean is 0."""
        ...


def metric_value(name: str, truth: Array, predicted: Predicted, weights: Array | None = None) -> float:
    """Return a metric.

    :param name: a declared metric's name, such as ``roc_auc``.
    :param truth: the true classes or values, shape ``(n,)``, none missing.
    :param predicted: the answers for the same rows.
    :param weights: row weights, shape ``(n,)``; 1 each when left out.
    :return: the value; NaN where the rows do not define it (none at all, one class only).
    :raises DataFault: if the metric needs scores and there are none, or the lengths differ.
    """
    given = np.ones(len(predicted)) if weights is None else np.asarray(weights, dtype=float)
    if len(truth) == 0:
        return float("nan")
    return float(prepared(name, truth, predicted)(given[None, :])[0])


def prepared(name: str, truth: Array, predicted: Predicted) -> Prepared:
    """Return a metric over fixed rows, as a function of their weights.

    :param name: a declared metric's name.
    :param truth: the true classes or values, none missing.
    :param predicted: the answers for the same rows.
    :raises DataFault: as :func:`metric_value`.
    """
    truth = np.asarray(truth)
    if len(truth) != len(predicted):
        raise DataFault(
            "Truth and prediction do not have the same length.", got=f"{len(truth)} and {len(predicted)} rows"
        )
    if named(name).needs == "score" and predicted.score is None:
        raise DataFault(
            f"The metric {name!r} needs probabilities, and the model gives none.",
            mend="Return an estimator with predict_proba, or choose a metric of predicted classes.",
        )
    function = named(name).function
    return _PREPARERS[name](truth, predicted) if function is None else own(name, function, truth, predicted)


def gain(name: str, value: Any) -> Any:
    """Return a metric's value turned so that greater is better."""
    return value if named(name).greater_is_better else -value


def positive_class(truth: Array, predicted: Predicted) -> Any:
    """Return the class that counts as positive: the model's second, else the greater of those that occur."""
    if len(predicted.classes) == 2:
        return predicted.classes[1]
    return max(np.unique(truth).tolist())


def _binary(truth: Array, predicted: Predicted) -> tuple[Array, Array]:
    positive = positive_class(truth, predicted)
    return np.asarray(truth == positive, dtype=bool), np.asarray(predicted.label == positive, dtype=bool)


def _ranked(metric: Callable[[Array, Array], Prepared]) -> Callable[[Array, Predicted], Prepared]:
    def prepare(truth: Array, predicted: Predicted) -> Prepared:
        return metric(_binary(truth, predicted)[0], _scores(predicted))

    return prepare


def _counted(metric: Callable[[Array, Array], Prepared]) -> Callable[[Array, Predicted], Prepared]:
    return lambda truth, predicted: metric(*_binary(truth, predicted))


def _by_class(metric: Callable[[Array, Array, list[object]], Prepared]) -> Callable[[Array, Predicted], Prepared]:
    def prepare(truth: Array, predicted: Predicted) -> Prepared:
        classes = sorted({*np.unique(truth).tolist(), *np.unique(predicted.label).tolist()}, key=str)
        return metric(truth, predicted.label, classes)

    return prepare


def _mean_of(loss: Callable[[Array, Array], Array]) -> Callable[[Array, Predicted], Prepared]:
    return lambda truth, predicted: sums.mean(loss(_values(truth), _values(predicted.label)))


def _brier(truth: Array, predicted: Predicted) -> Prepared:
    return sums.mean((_scores(predicted) - _binary(truth, predicted)[0]) ** 2)


def _log_loss(truth: Array, predicted: Predicted) -> Prepared:
    """Clip as scikit-learn does, so that a sure and wrong answer costs much and not infinitely much."""
    score = _scores(predicted)
    if score.ndim == 1:
        given = np.where(_binary(truth, predicted)[0], score, 1 - score)
    else:
        hits = np.column_stack([truth == c for c in predicted.classes])
        given = np.where(hits, score, 0.0).sum(axis=1)
    return sums.mean(-np.log(np.clip(given, np.finfo(float).eps, 1.0)))


def _scores(predicted: Predicted) -> Array:
    return np.asarray(predicted.score, dtype=float)


def _values(values: Array) -> Array:
    return np.asarray(values, dtype=float)


_PREPARERS: dict[str, Callable[[Array, Predicted], Prepared]] = {
    "roc_auc": _ranked(ranking.RocAuc),
    "average_precision": _ranked(ranking.AveragePrecision),
    "brier_score": _brier,
    "log_loss": _log_loss,
    "accuracy": lambda truth, predicted: sums.share(truth == predicted.label),
    "balanced_accuracy": _by_class(sums.balanced_accuracy),
    "f1": _counted(sums.f1),
    "f1_macro": _by_class(sums.f1_macro),
    "precision": _counted(sums.precision),
    "recall": _counted(sums.recall),
    "mean_absolute_error": _mean_of(lambda truth, label: np.abs(truth - label)),
    "mean_squared_error": _mean_of(lambda truth, label: (truth - label) ** 2),
    "root_mean_squared_error": lambda truth, predicted: sums.root_mean(
        (_values(truth) - _values(predicted.label)) ** 2
    ),
    "r2": lambda truth, predicted: sums.variance_explained(_values(truth), _values(predicted.label)),
}
