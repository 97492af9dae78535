"""Whether probabilities are what happens: bins of equally many rows, and the gap between said and seen in each.

The expected calibration error of a perfectly calibrated model is not 0: every bin's gap is noisy, and its absolute
value is positive. That part, a folded normal's, is taken off the number that is shown, so that a small holdout is not
called miscalibrated. Sources: Naeini, Cooper & Hauskrecht (2015); Bröcker (2012) and Kumar, Liang & Ma (2019) for the
bias.

What must stay true: nothing is taken off the upper bound. The absolute gaps add up to no less than the gaps with their
true signs, whose sum has no bias; so what is above that by its own error holds whatever the signs are. And all that
noise may have added is taken off the lower bound.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from loopwright.declaration.gate import Bound
from loopwright.evaluation.estimates import Estimate, unknown
from loopwright.evaluation.grouped import LEAST_FREEDOM, effective, leaving_out
from loopwright.evaluation.intervals import too_few
from loopwright.evaluation.metrics import positive_class
from loopwright.evaluation.thresholds import bounded
from loopwright.verdict import Check, Outcome

if TYPE_CHECKING:
    from loopwright.evaluation.asking import Asking
    from loopwright.evaluation.predicted import Array, Predicted

METHOD, METHOD_GROUPS = "bins of equal size, noise taken off", "bins of equal size, noise of whole groups taken off"
_LEAST = 30
"""Rows a bin has at the least; fewer rows have fewer bins."""


@dataclass(frozen=True)
class Curve:
    """Said and seen, bin by bin, in the order of what was said.

    :param said: the mean probability of each bin.
    :param seen: the share that came true.
    :param n: its rows.
    :param together: the covariance of the gaps, shape ``(bins, bins)``, where rows come in groups.
    :param groups: as many groups of one size are worth what they come in; 0 where rows are independent.
    """

    said: Array
    seen: Array
    n: Array
    together: Array | None = None
    groups: float = 0.0

    @property
    def errors(self) -> Array:
        """The standard error of each gap: what was said is known, what is seen is drawn."""
        share = (self.seen * self.n + 1) / (self.n + 2)  # of none in a bin nobody is sure
        variance: Array = share * (1 - share) / self.n
        if self.together is not None:  # rows of a group are worth no more than rows of their own
            variance = np.maximum(variance, np.diag(self.together))
        return np.sqrt(variance)

    @property
    def error(self) -> float:
        """The standard error of the gaps' sum, each weighed by its rows, with the signs they have or all with one."""
        weights = self.n / self.n.sum()
        alone = float((weights**2 * self.errors**2).sum())
        if self.together is None:
            return math.sqrt(alone)
        signed = weights * np.sign(self.said - self.seen)
        return math.sqrt(max(alone, *(float(w @ self.together @ w) for w in (weights, signed))))


def curve(truth: Array, predicted: Predicted, bins: int = 10, groups: Array | None = None) -> Curve | None:
    """Return the calibration curve; of several classes, that of the class each row is said to be.

    :param truth: the true classes.
    :param predicted: answers with probabilities; ``None`` without.
    :param bins: of equally many rows.
    :param groups: a code from 0 on for each row's group; left out where rows are independent.
    """
    if predicted.score is None or not len(truth):
        return None
    if predicted.score.ndim == 1:
        said, came = predicted.score, truth == positive_class(truth, predicted)
    else:
        said, came = predicted.score.max(axis=1), truth == predicted.label
    order = np.argsort(said, kind="stable")
    parts = np.array_split(order, max(1, min(bins, len(order) // _LEAST)))
    columns = np.array([(said[p].mean(), came[p].mean(), len(p)) for p in parts], dtype=float)
    found = Curve(columns[:, 0], columns[:, 1], columns[:, 2])
    if groups is None:
        return found
    many, worth = len(np.unique(groups)), effective(np.bincount(groups))
    return replace(found, together=_covariance(said - came, parts, groups) * many / max(many - 1, 1), groups=worth)


def expected_error(found: Curve) -> Estimate:
    """Return the expected calibration error, less what noise alone would show.

    :param found: said and seen.
    """
    from scipy.special import ndtri, stdtrit

    n, weights, errors = int(found.n.sum()), found.n / found.n.sum(), found.errors
    gaps = np.abs(found.said - found.seen)
    raw = float((weights * gaps).sum())

    def less_noise(true: Array) -> float:
        return max(raw - float((weights * _excess(true, errors)).sum()), 0.0)

    point = less_noise(np.sqrt(np.maximum(gaps**2 - errors**2, 0.0)))
    if n < _LEAST:
        return unknown(point, n)

    def bounds(confidence: float) -> tuple[float, float]:
        reach = float(stdtrit(max(found.groups - 1, LEAST_FREEDOM), confidence) if found.groups else ndtri(confidence))
        least = less_noise(np.maximum(gaps - reach * errors, 0.0))
        return max(least - reach * found.error, 0.0), raw + reach * found.error

    return Estimate(point, found.error, n, METHOD_GROUPS if found.groups else METHOD, bounds)


def calibration_check(asking: Asking) -> tuple[Check, ...]:
    """Hold the probabilities to the declared limit; nothing is asked where none is declared."""
    declared, groups = asking.gate.calibration, asking.resampling.groups
    if declared is None:
        return ()
    found = curve(asking.truth, asking.candidate, declared.bins, groups)
    if found is None:
        why = "the candidate gives no probabilities to be calibrated"
        asked = {"at_most": declared.at_most}
        return (Check("calibration", Outcome.INCONCLUSIVE, why, None, asked, len(asking.truth), declared.required),)
    estimate, lacks = expected_error(found), too_few(asking.truth, groups)
    interval = (unknown(estimate.point, estimate.n) if lacks else estimate).at(asking.confidence)
    name, said = "calibration", "the expected calibration error"
    limit = Bound(at_most=declared.at_most)
    return (bounded(name, said, interval, limit, required=declared.required, lacking=lacks),)


def _covariance(gaps: Array, parts: Sequence[Array], groups: Array) -> Array:
    """Return the covariance of the bins' mean gaps, from the sums that each group contributes.

    :param gaps: said less seen, row by row.
    :param parts: the rows of each bin.
    :param groups: each row's group.
    """
    from scipy.sparse import coo_array, diags_array

    rows, bins = np.concatenate(parts), np.repeat(np.arange(len(parts)), [len(p) for p in parts])
    pushes = np.concatenate([(gaps[p] - gaps[p].mean()) / len(p) for p in parts])
    sums = coo_array((pushes, (groups[rows], bins)), shape=(int(groups.max()) + 1, len(parts))).tocsr()
    by_group = diags_array(leaving_out(np.bincount(groups))) @ sums
    covariance: Array = (by_group.T @ by_group).toarray()
    return covariance


def _excess(true: Array, errors: Array) -> Array:
    """Return how much larger noisy gaps are on average than true ones: a folded normal's mean, less what it is about.

    :param true: gaps, all positive.
    :param errors: the standard error of each.
    """
    from scipy.special import ndtr

    z = true / errors
    folded = errors * math.sqrt(2 / math.pi) * np.exp(-(z**2) / 2) + true * (2 * ndtr(z) - 1)
    excess: Array = folded - true
    return excess
