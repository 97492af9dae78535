"""The shares of two groups of rows that have nothing to do with each other: how far apart, and in which ratio.

Groups of people are compared by these. Sources: Newcombe (1998), "Interval estimation for the difference between
independent proportions", method 10, which adds Wilson's (1927) reaches as squares; Koopman (1984), "Confidence
intervals for the ratio of two binomial proportions", by the constrained maximum of the likelihood that Miettinen &
Nurminen (1985) give in closed form. Both hold for few rows, and where nobody, or everybody, counts.
"""

from __future__ import annotations

import math
from statistics import NormalDist

from loopwright.evaluation.estimates import Estimate

NEWCOMBE, KOOPMAN = "Newcombe", "score (Koopman)"
_STEPS = 45


def apart(hits: float, n: float, other_hits: float, other_n: float) -> Estimate:
    """Return how much greater the first group's share is, with Newcombe's bounds.

    :param hits: rows of the first group that count.
    :param n: its rows; at least one.
    :param other_hits: rows of the second group that count.
    :param other_n: its rows; at least one.
    """
    ours, theirs = hits / n, other_hits / other_n
    point = ours - theirs
    error = math.sqrt(ours * (1 - ours) / n + theirs * (1 - theirs) / other_n)

    def bounds(confidence: float) -> tuple[float, float]:
        low, high = wilson(hits, n, confidence)
        other_low, other_high = wilson(other_hits, other_n, confidence)
        down, up = math.hypot(ours - low, other_high - theirs), math.hypot(high - ours, theirs - other_low)
        return point - down, point + up

    return Estimate(point, error, int(n + other_n), NEWCOMBE, bounds)


def ratio(hits: float, n: float, other_hits: float, other_n: float) -> Estimate:
    """Return the first group's share over the second's, with Koopman's bounds.

    :param hits: rows of the first group that count.
    :param n: its rows; at least one.
    :param other_hits: rows of the second group that count; at least one.
    :param other_n: its rows.
    """
    ours, theirs = hits / n, other_hits / other_n
    point = ours / theirs
    error = point * math.sqrt((1 - ours) / hits + (1 - theirs) / other_hits) if hits else 0.0

    def crossing(z: float) -> float:
        """Return the ratio at which the score statistic, which falls with it, is ``z``."""
        low, high = -30.0, 30.0  # of its logarithm
        for _ in range(_STEPS):
            middle = (low + high) / 2
            if _score(hits, n, other_hits, other_n, math.exp(middle)) > z:
                low = middle
            else:
                high = middle
        return math.exp(low)

    def bounds(confidence: float) -> tuple[float, float]:
        z = NormalDist().inv_cdf(confidence)
        return crossing(z) if hits else 0.0, crossing(-z)

    return Estimate(point, error, int(n + other_n), KOOPMAN, bounds)


def wilson(hits: float, n: float, confidence: float) -> tuple[float, float]:
    """Return Wilson's score bounds of one share.

    :param hits: rows that count.
    :param n: rows.
    :param confidence: one-sided, of each bound.
    """
    z = NormalDist().inv_cdf(confidence)
    share, scale = hits / n, 1 + z * z / n
    middle = (share + z * z / (2 * n)) / scale
    reach = z / scale * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(middle - reach, 0.0), min(middle + reach, 1.0)


def _score(hits: float, n: float, other_hits: float, other_n: float, asked: float) -> float:
    a, b = (n + other_n) * asked, -(asked * (n + other_hits) + hits + other_n)
    theirs = (-b - math.sqrt(max(b * b - 4 * a * (hits + other_hits), 0.0))) / (2 * a)
    ours = asked * theirs
    variance = max(ours * (1 - ours), 0.0) / n + asked**2 * max(theirs * (1 - theirs), 0.0) / other_n
    distance = hits / n - asked * other_hits / other_n
    if variance <= 0:
        return math.copysign(math.inf, distance) if distance else 0.0
    return distance / math.sqrt(variance)
