"""Whether probabilities are what happens: bins of equally many rows, and the gap between said and seen in each.

The expected calibration error of a perfectly calibrated model is not 0: every bin's gap is noisy, and its absolute
value is positive. That part, a folded normal's, is taken off, so that a small holdout is not called miscalibrated.
Sources: Naeini, Cooper & Hauskrecht (2015);
Bröcker (2012) and Kumar, Liang & Ma (2019) for the bias.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from loopwright.declaration.gate import Bound
from loopwright.evaluation.estimates import Estimate, unknown
from loopwright.evaluation.metrics import positive_class
from loopwright.evaluation.thresholds import bounded
from loopwright.verdict import Check, Outcome

if TYPE_CHECKING:
    from loopwright.evaluation.asking import Asking
    from loopwright.evaluation.predicted import Array, Predicted

METHOD = "bins of equal size, noise taken off"
_LEAST = 30
"""Rows a bin has at the least; fewer rows have fewer bins."""


@dataclass(frozen=True)
class Curve:
    """Said and seen, bin by bin, in the order of what was said.

    :param said: the mean probability of each bin.
    :param seen: the share that came true.
    :param n: its rows.
    """

    said: Array
    seen: Array
    n: Array

    @property
    def errors(self) -> Array:
        """The standard error of each gap: what was said is known, what is seen is drawn."""
        share = (self.seen * self.n + 1) / (self.n + 2)  # of none in a bin nobody is sure
        spread: Array = np.sqrt(share * (1 - share) / self.n)
        return spread


def curve(truth: Array, predicted: Predicted, bins: int = 10) -> Curve | None:
    """Return the calibration curve; of several classes, that of the class each row is said to be.

    :param truth: the true classes.
    :param predicted: answers with probabilities; ``None`` without.
    :param bins: of equally many rows.
    """
    if predicted.score is None or not len(truth):
        return None
    if predicted.score.ndim == 1:
        said, came = predicted.score, truth == positive_class(truth, predicted)
    else:
        said, came = predicted.score.max(axis=1), truth == predicted.label
    order = np.argsort(said, kind="stable")
    parts = np.array_split(order, max(1, min(bins, len(order) // _LEAST)))
    columns = [(said[p].mean(), came[p].mean(), len(p)) for p in parts]
    return Curve(*(np.array(column, dtype=float) for column in zip(*columns, strict=True)))


def expected_error(found: Curve) -> Estimate:
    """Return the expected calibration error, less what noise alone would show.

    :param found: said and seen.
    """
    n, weights, errors = int(found.n.sum()), found.n / found.n.sum(), found.errors
    gaps = np.abs(found.said - found.seen)
    point = max(float((weights * (gaps - _excess(gaps, errors))).sum()), 0.0)
    if n < _LEAST:
        return unknown(point, n)
    error = float(np.sqrt((weights**2 * errors**2).sum()))

    def bounds(confidence: float) -> tuple[float, float]:
        reach = NormalDist().inv_cdf(confidence) * error
        return max(point - reach, 0.0), point + reach

    return Estimate(point, error, n, METHOD, bounds)


def calibration_check(asking: Asking) -> tuple[Check, ...]:
    """Hold the probabilities to the declared limit; nothing is asked where none is declared."""
    declared = asking.gate.calibration
    if declared is None:
        return ()
    found = curve(asking.truth, asking.candidate, declared.bins)
    if found is None:
        why = "the candidate gives no probabilities to be calibrated"
        asked = {"at_most": declared.at_most}
        return (Check("calibration", Outcome.INCONCLUSIVE, why, None, asked, len(asking.truth), declared.required),)
    interval = expected_error(found).at(asking.confidence)
    limit = Bound(at_most=declared.at_most)
    return (bounded("calibration", "the expected calibration error", interval, limit, required=declared.required),)


def _excess(gaps: Array, errors: Array) -> Array:
    """Return how much larger noisy gaps are on average than true ones: a folded normal's mean, less what it is about.

    :param gaps: seen, all positive; what is true of each is guessed by taking its error off in squares.
    :param errors: the standard error of each.
    """
    from scipy.special import ndtr

    true = np.sqrt(np.maximum(gaps**2 - errors**2, 0.0))
    z = true / errors
    folded = errors * math.sqrt(2 / math.pi) * np.exp(-(z**2) / 2) + true * (2 * ndtr(z) - 1)
    excess: Array = folded - true
    return excess
