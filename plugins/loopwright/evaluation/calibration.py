"""Whether probabilities are what happens: bins of equally many rows, and the gap between said and seen in each.

The expected calibration error of a perfectly calibrated model is not 0: every bin's gap is noisy, and its absolute
value is positive. That part, a folded normal's, is taken off, so that a small holdout is not called miscalibrated; the
bounds are those of the same number under noise as large as each bin's. Sources: Naeini, Cooper & Hauskrecht (2015);
Bröcker (2012) and Kumar, Liang & Ma (2019) for the bias.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
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
_DRAWS = 2000
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


def expected_error(found: Curve, seed: int = 0) -> Estimate:
    """Return the expected calibration error, less what noise alone would show.

    :param found: said and seen.
    :param seed: of the noise behind the bounds.
    """
    n, weights, errors = int(found.n.sum()), found.n / found.n.sum(), found.errors
    gaps = found.said - found.seen
    point = _without_noise(gaps[None, :], errors, weights)[0]
    if n < _LEAST:
        return unknown(float(point), n)
    noise = np.random.default_rng(seed).normal(0, 1, (_DRAWS, len(gaps))) * errors
    drawn = np.sort(_without_noise(gaps + noise, errors * math.sqrt(2), weights))

    def bounds(confidence: float) -> tuple[float, float]:
        low, high = np.quantile(drawn, [1 - confidence, confidence])
        return float(min(low, point)), float(max(high, point))

    return Estimate(float(point), float(drawn.std()), n, METHOD, bounds)


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
    interval = expected_error(found, asking.seed).at(asking.confidence)
    limit = Bound(at_most=declared.at_most)
    return (bounded("calibration", "the expected calibration error", interval, limit, required=declared.required),)


def _without_noise(gaps: Array, errors: Array, weights: Array) -> Array:
    """Return the weighted mean absolute gap, less its excess under normal noise; never below 0."""
    from scipy.special import ndtr

    size = np.abs(gaps)
    z = size / errors
    folded = errors * math.sqrt(2 / math.pi) * np.exp(-(z**2) / 2) + size * (2 * ndtr(z) - 1)
    cleaned: Array = np.maximum(((2 * size - folded) * weights).sum(axis=1), 0.0)
    return cleaned
