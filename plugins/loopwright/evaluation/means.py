"""Means of row-wise losses, and of their paired differences: Student's t, corrected for skewness.

Losses lean: most rows cost little, a few cost much. A symmetric interval then misses on one side about half as often
as it says and on the other half as often again, and the percentile bootstrap inherits it. Hall's transformation
takes the first-order effect of the skewness away in closed form. Source: Hall (1992), "On the removal of skewness by
transformation", Journal of the Royal Statistical Society B 54.

What a team's own metric says is often one number for most rows and another, far off, for a few: a sample that has fewer
of them than it should shows a smaller mean and a smaller spread at once. There one row at either end of what may be is
reckoned with that was not seen, as Agresti & Caffo (2000) do with shares; where no row differs, as many as may have
been missed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from loopwright.evaluation.estimates import Estimate, exactly, unknown

if TYPE_CHECKING:
    from loopwright.evaluation.predicted import Array

METHOD, METHOD_FEW = "t, corrected for skewness (Hall)", "t, with a row at either end that was not seen"
ATOM = 0.5
"""Share of the rows with one and the same number from which the others are few."""


def mean(values: Array, span: tuple[float, float] | None = None) -> Estimate:
    """Return a mean with its bounds.

    :param values: one a row, shape ``(n,)``.
    :param span: the least and the greatest that a row may have, where few rows may be far from the others.
    """
    n = len(values)
    if n < 2:
        return unknown(float(values.mean()) if n else math.nan, n)
    point = float(values.mean())
    centred, method = values - point, METHOD
    if span is not None and np.unique(values, return_counts=True)[1].max() > ATOM * n:
        centred, method = np.concatenate([centred, np.asarray(span) - point]), METHOD_FEW
    spread = float(np.sqrt((centred**2).sum() / (n - 1)))
    if np.ptp(values) <= 1e-12 * max(abs(point), 1e-300):
        return exactly(point, n, METHOD) if span is None else unseen_elsewhere(point, n, n, span, method)
    skewness = _believable_skewness(centred / spread)
    least, most = span or (-math.inf, math.inf)
    from scipy.special import stdtrit

    def bounds(confidence: float) -> tuple[float, float]:
        reach = float(stdtrit(n - 1, confidence)) / math.sqrt(n)
        low, high = point - spread * _unskewed(reach, skewness, n), point - spread * _unskewed(-reach, skewness, n)
        return max(low, least), min(high, most)

    return Estimate(point, spread / math.sqrt(n), n, method, bounds)


def unseen_elsewhere(point: float, few: int, n: int, span: tuple[float, float], method: str) -> Estimate:
    """Return a mean of rows that all have one number: others may be so frequent as to be missed in so many.

    :param point: the number.
    :param few: rows, or groups of rows, of which each could have shown another.
    :param n: rows.
    :param span: the least and the greatest that a row may have.
    :param method: how it was measured, for people.
    """

    def bounds(confidence: float) -> tuple[float, float]:
        missed = 1 - (1 - confidence) ** (1 / max(few, 1))
        return point - missed * (point - span[0]), point + missed * (span[1] - point)

    return Estimate(point, 0.0, n, method, bounds)


def _believable_skewness(standard: Array) -> float:
    """Return the skewness of standardised values, shrunk by what chance alone could have made of none.

    A rule of this house, not of Hall's paper: of heavy tails a sample's skewness is mostly noise, and correcting for
    noise costs coverage (``benchmarks/gate.py`` measures both). Its error follows from its influence function; what
    lies within two of it counts for nothing, and the rest for the more the farther out.
    """
    skewness = float((standard**3).mean())
    pushes = standard**3 - 3 * standard - 1.5 * skewness * (standard**2 - 1) - skewness
    noise = 4 * float((pushes**2).mean()) / len(standard)
    return skewness * max(0.0, 1 - noise / max(skewness**2, 1e-300))


def _unskewed(x: float, skewness: float, n: int) -> float:
    """Return the studentised distance whose transform is ``x``: the inverse of Hall's cubic."""
    if abs(skewness) < 1e-8:
        return x
    return 3 / skewness * (float(np.cbrt(1 + skewness * (x - skewness / (6 * n)))) - 1)
