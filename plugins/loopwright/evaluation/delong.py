"""The area under the ROC curve with its standard error, of one model and of two on the same rows, in closed form.

Sources: DeLong, DeLong & Clarke-Pearson (1988) for the variance, Sun & Xu (2014) for computing it by sorting, Hanley
& McNeil (1982) for the variance that the area alone implies, Newcombe (2006) for asking it at the bound.

What must stay true: of few rows of a class the placements understate the spread of a high area, because the few
that would be misplaced are not among them yet. There the wider of two intervals counts.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from loopwright.evaluation.estimates import Estimate, exactly

if TYPE_CHECKING:
    from loopwright.evaluation.predicted import Array

FEW = 50
"""Rows of the rarer class below which the placements alone are not trusted."""
METHOD, METHOD_FEW = "DeLong, on the logit scale", "DeLong on the logit scale or Hanley-McNeil's score, the wider"
METHOD_PAIRED = "DeLong, paired"
_STEPS = 60


def area(positive: Array, score: Array) -> Estimate:
    """Return the area with its bounds.

    :param positive: which rows are positive, shape ``(n,)``; there are some of each.
    :param score: higher is more likely positive.
    """
    ours = placements(positive, score)
    point, error, freedom = _spread(positive, ours)
    few = min(int(positive.sum()), int((~positive).sum()))
    if point <= 0 or point >= 1 or error == 0:
        return Estimate(point, 0.0, len(positive), METHOD, lambda confidence: at_the_edge(point, few, confidence))

    def bounds(confidence: float) -> tuple[float, float]:
        low, high = _logit_bounds(point, error, freedom, confidence)
        if few >= FEW:
            return low, high
        lower, upper = _score_bounds(point, int(positive.sum()), int((~positive).sum()), confidence)
        return min(low, lower), max(high, upper)

    return Estimate(point, error, len(positive), METHOD if few >= FEW else METHOD_FEW, bounds)


def area_gained(positive: Array, ours: Array, theirs: Array) -> Estimate:
    """Return how much greater the first model's area is on the same rows, with its bounds.

    :param positive: which rows are positive; there are some of each.
    :param ours: scores of the one.
    :param theirs: scores of the other.
    """
    difference = placements(positive, ours) - placements(positive, theirs)
    point, error, freedom = _spread(positive, difference)
    if error == 0:
        if same_order(ours, theirs):
            return exactly(point, len(positive), METHOD_PAIRED)
        few = min(int(positive.sum()), int((~positive).sum()))
        return unseen_to_differ(point, few, len(positive), METHOD_PAIRED)
    from scipy.special import stdtrit

    def bounds(confidence: float) -> tuple[float, float]:
        reach = float(stdtrit(freedom, confidence)) * error
        return point - reach, point + reach

    return Estimate(point, error, len(positive), METHOD_PAIRED, bounds)


def placements(positive: Array, score: Array) -> Array:
    """Return, row by row, the share of the other class that the row is ranked rightly against, ties half.

    :param positive: which rows are positive.
    :param score: higher is more likely positive.
    :return: shape ``(n,)``; its mean over either class is the area.
    """
    placed = np.empty(len(score))
    ours, theirs = score[positive], score[~positive]
    placed[positive] = _beaten(ours, theirs)
    placed[~positive] = 1 - _beaten(theirs, ours)
    return placed


def at_the_edge(point: float, few: int, confidence: float) -> tuple[float, float]:
    """Return bounds of a share-like metric that came out as exactly 0 or 1: what so few rows could have missed.

    :param point: 0 or 1; anything else is its own bound.
    :param few: rows of the rarer class.
    :param confidence: one-sided.
    """
    reach = (1 - confidence) ** (1 / max(few, 1))
    return (reach, 1.0) if point >= 1 else (0.0, 1 - reach) if point <= 0 else (point, point)


def same_order(ours: Array, theirs: Array) -> bool:
    """Tell whether two models put all rows in the same order, ties included."""
    return bool((np.unique(ours, return_inverse=True)[1] == np.unique(theirs, return_inverse=True)[1]).all())


def unseen_to_differ(point: float, few: int, n: int, method: str) -> Estimate:
    """Return the difference of two models that may differ, though none of these rows shows it.

    Rows in which they do are at the most so frequent as to be missed with the error that one is ready to make, and
    each moves a share-like metric by no more than itself.

    :param point: the difference.
    :param few: rows of the rarer class, or groups with such rows.
    :param n: rows.
    :param method: how the difference was looked for.
    """

    def bounds(confidence: float) -> tuple[float, float]:
        reach = 1 - (1 - confidence) ** (1 / max(few, 1))
        return max(point - reach, -1.0), min(point + reach, 1.0)

    return Estimate(point, 0.0, n, method, bounds)


def _beaten(mine: Array, others: Array) -> Array:
    ordered = np.sort(others)
    below = np.searchsorted(ordered, mine, side="left")
    upto = np.searchsorted(ordered, mine, side="right")
    share: Array = (below + upto) / (2 * len(others))
    return share


def _spread(positive: Array, placed: Array) -> tuple[float, float, float]:
    """Return mean, standard error and Satterthwaite's degrees of freedom of placements or their differences."""
    ours, theirs = placed[positive], placed[~positive]
    a, b = ours.var(ddof=1) / len(ours), theirs.var(ddof=1) / len(theirs)
    total = a + b
    parts = a**2 / (len(ours) - 1) + b**2 / (len(theirs) - 1)
    freedom = total**2 / parts if parts > 0 else math.inf
    return float(ours.mean()), float(math.sqrt(total)), float(freedom)


def _logit_bounds(point: float, error: float, freedom: float, confidence: float) -> tuple[float, float]:
    from scipy.special import stdtrit

    middle = math.log(point / (1 - point))
    reach = float(stdtrit(freedom, confidence)) * error / (point * (1 - point))
    return 1 / (1 + math.exp(reach - middle)), 1 / (1 + math.exp(-reach - middle))


def _score_bounds(point: float, positives: int, negatives: int, confidence: float) -> tuple[float, float]:
    from scipy.special import ndtri

    z = float(ndtri(confidence))

    def outermost(edge: float) -> float:
        inside, outside = point, edge
        for _ in range(_STEPS):
            middle = (inside + outside) / 2
            if abs(point - middle) <= z * math.sqrt(_implied_variance(middle, positives, negatives)):
                inside = middle
            else:
                outside = middle
        return inside

    return outermost(0.0), outermost(1.0)


def _implied_variance(area_: float, positives: int, negatives: int) -> float:
    """Return Hanley and McNeil's variance of an area, from the area alone (exponential scores)."""
    first, second = area_ / (2 - area_), 2 * area_**2 / (1 + area_)
    spread = area_ * (1 - area_) + (positives - 1) * (first - area_**2) + (negatives - 1) * (second - area_**2)
    return max(spread, 0.0) / (positives * negatives)
