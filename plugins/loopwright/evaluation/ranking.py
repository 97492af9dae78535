"""Metrics of order: how well scores rank the positive rows above the others.

Everything that does not depend on the weights (sorting, ties) is done once; what is left for each resample is a
cumulative sum. That is what makes a thousand resamples of a month's rows a matter of half a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopwright.evaluation.delong import placements

if TYPE_CHECKING:
    from loopwright.evaluation.predicted import Array


class RocAuc:
    """Area under the ROC curve: the weighted share of (positive, negative) pairs in the right order, ties half.

    The Mann-Whitney statistic; Hanley & McNeil (1982).

    :param positive: which rows are positive.
    :param score: higher is more likely positive.
    """

    def __init__(self, positive: Array, score: Array) -> None:
        self.positive, self.score = positive, score
        ours, theirs = np.flatnonzero(positive), np.flatnonzero(~positive)
        self._positive = ours[np.argsort(score[ours], kind="stable")]
        self._negative = theirs[np.argsort(score[theirs], kind="stable")]
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

    def influence(self) -> Array:
        """Return how much each row pushes the metric, times the number of rows, shape ``(n,)``; its mean is 0."""
        pushes = placements(self.positive, self.score)
        pushes -= pushes[self.positive].mean()
        share = self.positive.mean()
        pushes /= np.where(self.positive, share, 1 - share)
        return pushes


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

    def influence(self) -> Array:
        """Return how much each row pushes the metric, times the number of rows, shape ``(n,)``; its mean is 0."""
        n = len(self._order)
        seen, found = self._ends + 1.0, np.cumsum(self._positive)[self._ends]
        gained, total = np.diff(found, prepend=0.0), self._positive.sum()
        precision = found / seen
        # A row at one step is seen at this and every later one: what it adds to their precision, found and seen.
        as_found = np.cumsum((gained / seen)[::-1])[::-1]
        as_seen = np.cumsum((gained * found / seen**2)[::-1])[::-1]
        step = np.searchsorted(self._ends, np.arange(n))
        value = (gained * precision).sum() / total
        moved = self._positive * (precision[step] + as_found[step] - value) - as_seen[step]
        pushes = np.empty(n)
        pushes[self._order] = moved / total * n
        centred: Array = pushes - pushes.mean()
        return centred


def _ratio(numerator: Array, denominator: Array) -> Array:
    return np.divide(numerator, denominator, out=np.full_like(numerator, np.nan), where=denominator > 0)
