"""Means of row-wise losses, and of their paired differences: Student's t, corrected for skewness.

Losses lean: most rows cost little, a few cost much. A symmetric interval then misses on one side about half as often
as it says and on the other half as often again, and the percentile bootstrap inherits it. Hall's transformation
takes the first-order effect of the skewness away in closed form. Source: Hall (1992), "On the removal of skewness by
transformation", Journal of the Royal Statistical Society B 54.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from loopwright.evaluation.estimates import Estimate, exactly, unknown

if TYPE_CHECKING:
    from loopwright.evaluation.predicted import Array

METHOD = "t, corrected for skewness (Hall)"


def mean(values: Array) -> Estimate:
    """Return a mean with its bounds.

    :param values: one a row, shape ``(n,)``.
    """
    n = len(values)
    if n < 2:
        return unknown(float(values.mean()) if n else math.nan, n)
    point = float(values.mean())
    centred = values - point
    spread = float(np.sqrt((centred**2).sum() / (n - 1)))
    if spread <= 1e-12 * max(abs(point), 1e-300):
        return exactly(point, n, METHOD)
    skewness = _believable_skewness(centred / spread)
    from scipy.special import stdtrit

    def bounds(confidence: float) -> tuple[float, float]:
        reach = float(stdtrit(n - 1, confidence)) / math.sqrt(n)
        return point - spread * _unskewed(reach, skewness, n), point - spread * _unskewed(-reach, skewness, n)

    return Estimate(point, spread / math.sqrt(n), n, METHOD, bounds)


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
