"""Metrics that follow from a few sums over rows: losses, confusion counts, variance explained.

A row contributes a few numbers; a weighted sample's metric is a function of their weighted sums. So a block of
resamples is one matrix product.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from loopwright.evaluation.predicted import Array

Finish = Callable[[Array], Array]


@dataclass(frozen=True)
class Sums:
    """A metric as a function of sums.

    :param contributions: what each row adds, shape ``(n, m)``.
    :param finish: from sums, shape ``(resamples, m)``, to the metric, shape ``(resamples,)``.
    """

    contributions: Array
    finish: Finish

    def __call__(self, weights: Array) -> Array:
        """Return the metric under each row of weights; NaN where it has no value.

        :param weights: shape ``(resamples, n)``.
        """
        return self.finish(weights @ self.contributions)

    def influence(self) -> Array:
        """Return how much each row pushes the metric, times the number of rows, shape ``(n,)``; its mean is 0.

        The derivative by the row's weight: the gradient of ``finish`` at the sums, taken numerically.
        """
        totals = self.contributions.sum(axis=0)
        steps = 1e-5 * np.maximum(np.abs(totals), 1.0)
        moved = np.diag(steps)
        with np.errstate(invalid="ignore"):
            slope = (self.finish(totals + moved) - self.finish(totals - moved)) / (2 * steps)
        pushes = self.contributions @ np.nan_to_num(slope) * len(self.contributions)
        centred: Array = pushes - pushes.mean()
        return centred


@dataclass(frozen=True)
class Mean(Sums):
    """A mean of row-wise values, of which more can be said than of sums in general.

    :param values: shape ``(n,)``.
    """

    values: Array


@dataclass(frozen=True)
class RootMean(Sums):
    """The root of a mean of row-wise squares.

    :param squares: shape ``(n,)``.
    """

    squares: Array


@dataclass(frozen=True)
class Share(Sums):
    """The share of some rows that count.

    :param hits: which rows count, shape ``(n,)``.
    :param among: which rows are asked about.
    """

    hits: Array
    among: Array


def mean(losses: Array) -> Mean:
    """Return the weighted mean of row-wise values."""
    values = np.asarray(losses, dtype=float)
    return Mean(_columns(values, np.ones(len(values))), lambda s: _divided(s[:, 0], s[:, 1], np.nan), values)


def root_mean(squares: Array) -> RootMean:
    """Return the root of the weighted mean of row-wise squares."""
    inner = mean(squares)
    return RootMean(inner.contributions, lambda s: np.sqrt(inner.finish(s)), inner.values)


def share(hits: Array, among: Array | None = None, otherwise: float = np.nan) -> Share:
    """Return the weighted share of the rows asked about that count.

    :param hits: which rows count.
    :param among: which rows are asked about; all when left out.
    :param otherwise: its value where none is.
    """
    asked = np.ones(len(hits), dtype=bool) if among is None else np.asarray(among, dtype=bool)
    counted = np.asarray(hits, dtype=bool) & asked
    return Share(_columns(counted, asked), lambda s: _divided(s[:, 0], s[:, 1], otherwise), counted, asked)


def variance_explained(truth: Array, label: Array) -> Sums:
    """Return 1 - residual / total sum of squares (R²); NaN where the truth does not vary."""
    centred = truth - truth.mean() if len(truth) else truth  # sums of squares of large values would cancel

    def finish(sums: Array) -> Array:
        total = sums[:, 2] - _divided(sums[:, 1] ** 2, sums[:, 3], 0.0)
        total = np.where(total > 1e-12 * np.maximum(sums[:, 2], 1e-300), total, 0.0)
        return 1 - _divided(sums[:, 0], total, np.nan)

    return Sums(_columns((truth - label) ** 2, centred, centred**2, np.ones(len(truth))), finish)


def precision(truth: Array, label: Array) -> Share:
    """Return true positives over predicted positives; 0 where nothing was predicted positive."""
    return share(truth, label, 0.0)


def recall(truth: Array, label: Array) -> Share:
    """Return true positives over positives; NaN where there are none."""
    return share(label, truth)


def f1(truth: Array, label: Array) -> Sums:
    """Return the harmonic mean of precision and recall; 0 where there is neither a positive nor a predicted one."""
    return Sums(_columns(truth & label, label, truth), lambda s: _divided(2 * s[:, 0], s[:, 1] + s[:, 2], 0.0))


def f1_macro(truth: Array, label: Array, classes: Sequence[object]) -> Sums:
    """Return the mean F1 over the classes that occur, as truth or as prediction."""
    parts = [_columns((truth == c) & (label == c), label == c, truth == c) for c in classes]

    def finish(sums: Array) -> Array:
        by_class = sums.reshape(len(sums), len(classes), 3)
        return _mean_of(_divided(2 * by_class[..., 0], by_class[..., 1] + by_class[..., 2], np.nan))

    return Sums(np.hstack(parts), finish)


def balanced_accuracy(truth: Array, label: Array, classes: Sequence[object]) -> Sums:
    """Return the mean recall over the classes that occur as truth."""
    parts = [_columns((truth == c) & (label == c), truth == c) for c in classes]

    def finish(sums: Array) -> Array:
        by_class = sums.reshape(len(sums), len(classes), 2)
        return _mean_of(_divided(by_class[..., 0], by_class[..., 1], np.nan))

    return Sums(np.hstack(parts), finish)


def _columns(*columns: Array) -> Array:
    return np.column_stack([np.asarray(column, dtype=float) for column in columns])


def _divided(numerator: Array, denominator: Array, otherwise: float) -> Array:
    return np.divide(numerator, denominator, out=np.full_like(numerator, otherwise), where=denominator > 0)


def _mean_of(values: Array) -> Array:
    """Return the mean over the last axis of what is not NaN; NaN where nothing is left."""
    known = ~np.isnan(values)
    return _divided(np.where(known, values, 0.0).sum(axis=1), known.sum(axis=1).astype(float), np.nan)
