"""Shares of rows that came out right, of one model and of two on the same rows.

A share near 0 or 1 has a skewed, discrete distribution that a bootstrap of few errors gets wrong: of no errors at
all it says "surely none". These intervals are made for it. Sources: Brown, Cai & DasGupta (2001) for Jeffreys'
interval, Tango (1998) for the score interval of a paired difference, Fagerland, Lydersen & Laake (2013) for the
mid-p value of McNemar's test.
"""

from __future__ import annotations

import math
from statistics import NormalDist

from loopwright.evaluation.estimates import Estimate, unknown

_STEPS = 60


def share(hits: float, n: int) -> Estimate:
    """Return a share with Jeffreys' equal-tailed bounds; without bounds where there is nothing to share.

    :param hits: rows that count.
    :param n: rows.
    """
    if n == 0:
        return unknown(math.nan, 0)
    from scipy.special import betaincinv

    def bounds(confidence: float) -> tuple[float, float]:
        a, b = hits + 0.5, n - hits + 0.5
        low = float(betaincinv(a, b, 1 - confidence)) if hits > 0 else 0.0
        high = float(betaincinv(a, b, confidence)) if hits < n else 1.0
        return low, high

    point = hits / n
    return Estimate(point, math.sqrt(point * (1 - point) / n), n, "Jeffreys", bounds)


def paired_share(won: float, lost: float, n: int) -> Estimate:
    """Return how much greater one model's share is than another's on the same rows, with Tango's score bounds.

    :param won: rows that only the first has right.
    :param lost: rows that only the second has right.
    :param n: rows.
    """
    if n == 0:
        return unknown(math.nan, 0)
    point = (won - lost) / n
    error = math.sqrt(max(won + lost - (won - lost) ** 2 / n, 0.0)) / n

    def bounds(confidence: float) -> tuple[float, float]:
        z = NormalDist().inv_cdf(confidence)
        return _crossing(won, lost, n, z, -1.0, point), _crossing(won, lost, n, -z, point, 1.0)

    return Estimate(point, error, n, "score (Tango)", bounds)


def mcnemar(won: float, lost: float) -> float:
    """Return McNemar's two-sided mid-p value of "both are right equally often".

    :param won: rows that only the first has right.
    :param lost: rows that only the second has right.
    """
    from scipy.stats import binom

    total, fewer = won + lost, min(won, lost)
    if total == 0:
        return 1.0
    return float(min(1.0, 2 * binom.cdf(fewer, total, 0.5) - binom.pmf(fewer, total, 0.5)))


def _crossing(won: float, lost: float, n: int, z: float, low: float, high: float) -> float:
    """Return the difference at which the score statistic, which falls with it, is ``z``."""
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _score(won, lost, n, middle) > z:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _score(won: float, lost: float, n: int, difference: float) -> float:
    a, b = 2.0 * n, -won - lost + (2.0 * n - won + lost) * difference
    c = -lost * difference * (1 - difference)
    losing = (math.sqrt(max(b * b - 4 * a * c, 0.0)) - b) / (2 * a)
    variance = n * (2 * losing + difference * (1 - difference))
    distance = won - lost - n * difference
    if variance <= 0:
        return math.copysign(math.inf, distance) if distance else 0.0
    return distance / math.sqrt(variance)
