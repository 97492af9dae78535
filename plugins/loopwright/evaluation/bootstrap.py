"""The paired bootstrap: a metric under resampled rows, for what has no interval of its own in closed form.

Rows are resampled with multinomial weights (whole groups of rows where rows share one; within the classes for a
metric of order), and both models of a pair are evaluated under the *same* weights: what makes a row easy for both
cancels. The bounds are the accelerated and bias-corrected quantiles, taken as far out as Student's t would go; beyond
what so many draws can tell, the wider of them and Student's t. So it is with every difference of two models: of heavy
tails its skewness is mostly noise, and the correction for it cost a lower bound six in a hundred (a rule of this house,
measured by ``benchmarks/gate.py``). Sources: Efron (1987) and Efron & Tibshirani (1993),
chapters 13 to 16, for the bootstrap and BCa; Hesterberg (2015), "What teachers should know about the bootstrap", for
the expanded quantiles; Davison & Hinkley (1997), section 4.2, for the smallest p-value of so many draws.

What must stay true: the same seed gives the same weights, however many threads and blocks they are made in; and no
bound stops at the outermost draw, however sure it is asked to be.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loopwright.evaluation.estimates import Estimate, exactly
from loopwright.evaluation.grouped import LEAST_FREEDOM, effective, leaving_out

if TYPE_CHECKING:
    from loopwright.evaluation.predicted import Array

METHOD, METHOD_GROUPS = "paired bootstrap (BCa)", "paired bootstrap of whole groups (BCa)"
BLOCK = 250_000
"""Weights held at once: small enough for the cache, where a block is summed several times."""
THREADED = 2_000_000
"""Weights in all from which a second thread is worth its start."""
_THREADS = 2
_BEYOND = 10
"""Draws that must lie beyond a quantile for it to be believed by itself."""
_NOISE = 1e-7
"""Of influences that are derivatives taken numerically: less is none."""


@dataclass(frozen=True)
class Resampling:
    """How rows are drawn.

    :param resamples: how often.
    :param seed: of the drawing.
    :param groups: a code from 0 on for each row's group, shape ``(n,)``; rows of one are drawn together.
    :param strata: a code for each row's stratum; as many are drawn from each as it has. Not both.
    """

    resamples: int = 1000
    seed: int = 0
    groups: Array | None = None
    strata: Array | None = None

    def draws(self, value: Callable[[Array], Array], n: int) -> Array:
        """Return a metric under each resample, shape ``(resamples,)``.

        :param value: from weights, shape ``(block, n)``, to the metric, shape ``(block,)``.
        :param n: rows.
        """
        block = max(1, BLOCK // max(n, 1))
        spans = [range(k, min(k + block, self.resamples)) for k in range(0, self.resamples, block)]

        strata = [] if self.strata is None else [np.flatnonzero(self.strata == c) for c in np.unique(self.strata)]

        def of(span: range) -> Array:
            return value(np.stack([self._weights(n, k, strata) for k in span]))

        if n * self.resamples < THREADED or (os.cpu_count() or 1) < _THREADS:
            return np.concatenate([of(span) for span in spans])
        with ThreadPoolExecutor(_THREADS) as threads:
            return np.concatenate(list(threads.map(of, spans)))

    def _weights(self, n: int, k: int, strata: list[Array]) -> Array:
        rng = np.random.default_rng([self.seed, k])
        if self.groups is not None:
            size = int(self.groups.max()) + 1
            counts: Array = _counts(rng, size)[self.groups]
            return counts
        if not strata:
            return _counts(rng, n)
        weights = np.empty(n)
        for rows in strata:
            weights[rows] = _counts(rng, len(rows))
        return weights


def bootstrapped(
    value: Callable[[Array], Array],
    point: float,
    influence: Array,
    resampling: Resampling,
    units: int | None = None,
    *,
    paired: bool = False,
) -> Estimate:
    """Return a metric with its bootstrap bounds.

    :param value: from weights, shape ``(block, n)``, to the metric, shape ``(block,)``.
    :param point: the metric of the rows as they are.
    :param influence: what each row adds to it, times ``n`` and less the mean: shape ``(n,)``.
    :param resampling: how rows are drawn.
    :param units: what was drawn independently, at the least; groups, else rows.
    :param paired: whether it is a difference of two models, whose bounds are no nearer than Student's t.
    """
    n, pushes, worth = len(influence), influence, math.inf
    if resampling.groups is not None:
        sizes = np.bincount(resampling.groups)
        pushes, worth = np.bincount(resampling.groups, influence) * leaving_out(sizes), effective(sizes)
    units = min(units or len(pushes), len(pushes))
    squares = float((pushes**2).sum())
    method = METHOD if resampling.groups is None else METHOD_GROUPS
    if units < 2 or squares <= len(pushes) * (_NOISE * max(abs(point), 1e-12)) ** 2:
        return exactly(point, n, method)
    return from_draws(resampling.draws(value, n), point, pushes / n, n, units, method, paired=paired, worth=worth)


def from_draws(
    drawn: Array,
    point: float,
    pushes: Array,
    n: int,
    units: int,
    method: str,
    *,
    paired: bool = False,
    worth: float = math.inf,
) -> Estimate:
    """Return a metric with the bounds that its draws give it.

    :param drawn: the metric under each resample; where it is not defined, it does not count.
    :param point: the metric of the rows as they are.
    :param pushes: what each row, or each group of rows, adds to it: their sum is 0, their spread is not.
    :param n: rows it rests on.
    :param units: what was drawn independently, at the least 2.
    :param method: how the rows were drawn, for people.
    :param paired: as in :func:`bootstrapped`.
    :param worth: of groups of unequal size, as many of one size as are worth the same.
    """
    drawn = np.sort(drawn[np.isfinite(drawn)])
    squares = float((pushes**2).sum())
    acceleration = float((pushes**3).sum()) / (6 * squares**1.5)
    error = math.sqrt(squares * units / (units - 1))
    quantiles = _Quantiles(drawn, point, acceleration, units, min(units, worth) - 1, error, paired)
    least = 0.0 if paired else 1 / (len(drawn) + 1)  # of a difference Student's t answers for what is rarer
    return Estimate(point, error, n, method, quantiles, least_chance=least)


@dataclass(frozen=True)
class _Quantiles:
    """Bias-corrected and accelerated quantiles of sorted draws."""

    drawn: Array
    point: float
    acceleration: float
    units: int
    freedom: float
    error: float
    paired: bool

    def __call__(self, confidence: float) -> tuple[float, float]:
        if not len(self.drawn):
            return math.nan, math.nan
        from scipy.special import ndtr, ndtri, stdtrit

        below = np.searchsorted(self.drawn, [self.point - 1e-12, self.point + 1e-12]).mean() / len(self.drawn)
        bias = float(ndtri(min(max(below, 0.01), 0.99)))
        t = float(stdtrit(max(self.freedom, LEAST_FREEDOM), confidence))
        reach = t * math.sqrt(self.units / (self.units - 1))
        levels = [
            float(ndtr(bias + (bias + way) / max(1 - self.acceleration * (bias + way), 0.05)))
            for way in (-reach, reach)
        ]
        low, high = (float(q) for q in np.quantile(self.drawn, levels, method="weibull"))
        told = _BEYOND / (len(self.drawn) + 1)
        if self.paired or levels[0] < told:
            low = min(low, self.point - t * self.error)
        if self.paired or levels[1] > 1 - told:
            high = max(high, self.point + t * self.error)
        return low, high


def _counts(rng: np.random.Generator, size: int) -> Array:
    drawn = rng.integers(0, size, size, dtype=np.int32 if size < 2**31 else np.int64)
    return np.bincount(drawn, minlength=size).astype(float)
