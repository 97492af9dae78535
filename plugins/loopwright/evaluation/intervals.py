"""How sure a metric is: percentile bootstrap intervals, of one model and of the paired difference of two.

Rows are resampled with multinomial weights, and both models of a pair are evaluated under the *same* weights: what
makes a row easy for both cancels. Source: Efron & Tibshirani (1993), chapters 13 and 16.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from loopwright.declaration.metrics import METRICS
from loopwright.evaluation.metrics import gain, prepared

if TYPE_CHECKING:
    from loopwright.evaluation.predicted import Array, Predicted

MINIMUM_ROWS = 30
"""Below so many rows no interval is given: a percentile bootstrap of less is too narrow to be believed."""
MINIMUM_PER_CLASS = 10
"""The same for each class, where a metric is about telling two classes apart."""
BLOCK = 250_000
"""Weights held at once: small enough for the cache, where a block is summed several times."""


@dataclass(frozen=True)
class Interval:
    """An estimate and its two bounds.

    :param point: the value on the rows as they are; NaN where they do not define it.
    :param low: the value is above this with ``confidence``; NaN where the rows cannot tell.
    :param high: the value is below this with ``confidence``; NaN where the rows cannot tell.
    :param n: rows it rests on.
    :param confidence: one-sided, of each bound: both together hold with ``2 * confidence - 1``.
    """

    point: float
    low: float
    high: float
    n: int
    confidence: float

    @property
    def known(self) -> bool:
        """Whether there are bounds to decide on."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    @property
    def said(self) -> str:
        """The bounds in words, for a sentence."""
        return f"{self.low:.4g} to {self.high:.4g} at {self.confidence:.0%} each way"

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; what is not known is ``None``."""
        numbers = {"point": self.point, "low": self.low, "high": self.high}
        finite = {name: value if math.isfinite(value) else None for name, value in numbers.items()}
        return {**finite, "n": self.n, "confidence": self.confidence}


def interval(
    name: str, truth: Array, predicted: Predicted, *, confidence: float = 0.95, resamples: int = 1000, seed: int = 0
) -> Interval:
    """Return a metric with its bootstrap bounds.

    :param name: a declared metric's name.
    :param truth: the true classes or values, none missing.
    :param predicted: the answers for the same rows.
    :param confidence: one-sided confidence of each bound.
    :param resamples: bootstrap resamples.
    :param seed: of the resampling.
    """
    if len(truth) == 0:
        return Interval(math.nan, math.nan, math.nan, 0, confidence)
    value = prepared(name, truth, predicted)
    return _bounded(value, name, truth, confidence, resamples, seed)


def paired_difference(
    name: str,
    truth: Array,
    candidate: Predicted,
    champion: Predicted,
    *,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """Return how much better the candidate is on the same rows, with bootstrap bounds.

    :param name: a declared metric's name.
    :param truth: the true classes or values, none missing.
    :param candidate: its answers for these rows.
    :param champion: its answers for the same rows.
    :param confidence: one-sided confidence of each bound.
    :param resamples: bootstrap resamples.
    :param seed: of the resampling.
    :return: positive where the candidate is better, whatever the metric's direction.
    """
    if len(truth) == 0:
        return Interval(math.nan, math.nan, math.nan, 0, confidence)
    ours, theirs = prepared(name, truth, candidate), prepared(name, truth, champion)
    return _bounded(lambda w: gain(name, ours(w) - theirs(w)), name, truth, confidence, resamples, seed)


def surely_lost(name: str, before: Interval, now: Interval) -> float:
    """Return the least that a metric lost from one set of rows to another, at the confidence of the latter's bounds.

    The distances of both estimates to their bounds add as squares, so that neither is taken for exact. Source: Zou &
    Donner (2008), "Construction of confidence intervals about effect measures".

    :param name: a declared metric's name.
    :param before: its value on the one; without bounds it counts as exact, for nothing better is known.
    :param now: its value on the other, independent of the first.
    :return: negative where chance could explain the loss.
    """
    lost = gain(name, before.point) - gain(name, now.point)
    worst_before = min(gain(name, before.low), gain(name, before.high))
    best_now = max(gain(name, now.low), gain(name, now.high))
    normal = NormalDist()
    scale = normal.inv_cdf(now.confidence) / normal.inv_cdf(before.confidence)
    ours = scale * (gain(name, before.point) - worst_before) if before.known else 0.0
    return float(lost - math.hypot(ours, best_now - gain(name, now.point)))


def lacking(name: str, truth: Array) -> str | None:
    """Say why some rows are too few for an interval of a metric; ``None`` when they are enough.

    :param name: a declared metric's name.
    :param truth: the true classes or values.
    """
    if len(truth) < MINIMUM_ROWS:
        return f"{len(truth)} labelled rows are fewer than the {MINIMUM_ROWS} an interval needs"
    if METRICS[name].tasks != frozenset({"binary_classification"}):
        return None
    counts = np.unique(truth, return_counts=True)[1]
    if len(counts) < 2:
        return "the labelled rows hold one class only"
    if counts.min() < MINIMUM_PER_CLASS:
        return f"the rarer class has {counts.min()} rows, fewer than the {MINIMUM_PER_CLASS} an interval needs"
    return None


def _bounded(
    value: Callable[[Array], Array], name: str, truth: Array, confidence: float, resamples: int, seed: int
) -> Interval:
    n = len(truth)
    point = float(value(np.ones((1, n)))[0])
    if lacking(name, truth) or not math.isfinite(point):
        return Interval(point, math.nan, math.nan, n, confidence)
    drawn = np.concatenate([value(weights) for weights in _weights(n, resamples, seed)])
    low, high = np.nanquantile(drawn, [1 - confidence, confidence])
    return Interval(point, float(low), float(high), n, confidence)


def _weights(n: int, resamples: int, seed: int) -> Iterator[Array]:
    """Yield multinomial row weights in blocks of resamples, shape ``(block, n)``."""
    rng = np.random.default_rng(seed)
    block = max(1, BLOCK // n)
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        yield np.stack([np.bincount(rng.integers(0, n, n), minlength=n) for _ in range(size)]).astype(float)
