"""Which metrics fit which task, by scikit-learn's names: what a declaration may ask, without importing scikit-learn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any


@dataclass(frozen=True)
class Metric:
    """A metric's name and nature.

    :param name: scikit-learn's scorer name, without ``neg_``.
    :param tasks: the tasks it fits.
    :param greater_is_better: its direction.
    :param needs: what it is computed from: ``label`` (the predicted class or value) or ``score`` (probabilities).
    :param function: a team's own: from ``truth``, ``prediction`` and ``score`` to a number a row; their mean counts.
    """

    name: str
    tasks: frozenset[str]
    greater_is_better: bool
    needs: str
    function: Callable[..., Any] | None = field(default=None, compare=False)


_BINARY = frozenset({"binary_classification"})
_CLASSES = frozenset({"binary_classification", "multiclass_classification"})
_REGRESSION = frozenset({"regression"})

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("roc_auc", _BINARY, True, "score"),
        Metric("average_precision", _BINARY, True, "score"),
        Metric("brier_score", _BINARY, False, "score"),
        Metric("log_loss", _CLASSES, False, "score"),
        Metric("accuracy", _CLASSES, True, "label"),
        Metric("balanced_accuracy", _CLASSES, True, "label"),
        Metric("f1", _BINARY, True, "label"),
        Metric("f1_macro", _CLASSES, True, "label"),
        Metric("precision", _BINARY, True, "label"),
        Metric("recall", _BINARY, True, "label"),
        Metric("mean_absolute_error", _REGRESSION, False, "label"),
        Metric("mean_squared_error", _REGRESSION, False, "label"),
        Metric("root_mean_squared_error", _REGRESSION, False, "label"),
        Metric("r2", _REGRESSION, True, "label"),
    )
}


_OWN: ContextVar[Mapping[str, Metric]] = ContextVar("metrics of a model's own", default={})  # noqa: B039 - never changed


def metric(name: str) -> Metric:
    """Return a metric by its name: one of a model's own while they are known, else one of :data:`METRICS`."""
    return _OWN.get().get(name) or METRICS[name]


@contextmanager
def known_besides(own: Mapping[str, Metric]) -> Iterator[None]:
    """Make further metrics known, for the length of a ``with`` block.

    :param own: by name.
    """
    token = _OWN.set(own)
    try:
        yield
    finally:
        _OWN.reset(token)


def fitting(task: str) -> list[str]:
    """Return the names of the metrics that fit a task.

    :param task: a declared task.
    """
    return [name for name, metric in METRICS.items() if task in metric.tasks]


def nearest_metric(name: str, known: list[str]) -> str:
    """Return ``; did you mean …?`` or nothing.

    :param name: the unknown metric.
    :param known: the metrics that would fit.
    """
    near = get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
