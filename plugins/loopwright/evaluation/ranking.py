"""Metrics of order: how well scores rank the positive rows above the others.

Everything that does not depend on the weights (sorting, ties) is done once; what is left for each resample is a
cumulative sum. That is what makes a thousand resamples of a month's rows a matter of half a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from loopwright.evaluation.predicted import Array


class RocAuc:
    """Area under the ROC curve: the weighted share of (positive, negative) pairs in the right order, ties half.

    The Mann-Whitney statistic; Hanley & McNeil (1982).

    :param positive: which rows are positive.
    :param score: higher is more likely positive.
    """

    def __init__(self, positive: Array, score: Array) -> None:
        self._positive = np.flatnonzero(positive)
        negative = np.flatnonzero(~positive)
        self._negative = negative[np.argsort(score[negative], kind="stable")]
        ordered = score[self._negative]
        self._below = np.searchsorted(ordered, score[self._positive], side="left")
        self._upto = np.searchsorted(ordered, score[self._positive], side="right")

    def __call__(self, weights: Array) -> Array:
        """Return the metric under each row of weights; NaN where a class has no weight.

        :param weights: shape ``(resamples, n)``.
        """
        beaten = np.zeros((len(weights), len(self._negative) + 1))
        np.cumsum(weights[:, self._negative], axis=1, out=beaten[:, 1:])
        positive = weights[:, self._positive]
        won = (positive * (beaten[:, self._below] + beaten[:, self._upto])).sum(axis=1) / 2
        return _ratio(won, positive.sum(axis=1) * beaten[:, -1])


class AveragePrecision:
    """Mean precision over the steps of recall, thresholds at distinct scores, no interpolation (as scikit-learn's).

    :param positive: which rows are positive.
    :param score: higher is more likely positive.
    """

    def __init__(self, positive: Array, score: Array) -> None:
        self._order = np.argsort(-score, kind="stable")
        self._positive = positive[self._order].astype(float)
        self._ends = np.append(np.flatnonzero(np.diff(score[self._order])), len(score) - 1)

    def __call__(self, weights: Array) -> Array:
        """Return the metric under each row of weights; NaN where no positive row has weight.

        :param weights: shape ``(resamples, n)``.
        """
        ordered = weights[:, self._order]
        seen = np.cumsum(ordered, axis=1)[:, self._ends]
        found = np.cumsum(ordered * self._positive, axis=1)[:, self._ends]
        precision = np.divide(found, seen, out=np.zeros_like(found), where=seen > 0)
        gained = np.diff(found, axis=1, prepend=0.0)
        return _ratio((gained * precision).sum(axis=1), found[:, -1])


def _ratio(numerator: Array, denominator: Array) -> Array:
    return np.divide(numerator, denominator, out=np.full_like(numerator, np.nan), where=denominator > 0)
