"""Noise floors: how large an effect two samples of these sizes show by chance when nothing has changed.

A fixed threshold alarms on nothing when samples are small (a Jensen–Shannon distance over 20 levels reaches 0.09 at
1,000 rows a side without any drift), so an effect counts only above its floor. A floor is the effect's quantile at
``1 - alpha`` under "no drift", for these sizes and this column's own shape.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

GRID = 100
"""Steps on which a distribution is followed: finer ones move the floor by less than a percent."""
PATHS = 20_000
"""Simulated walks: enough to see one in 5,000, which is 1 % shared out over 50 questions."""


def normal_quantile(alpha: float) -> float:
    """Return what a standard normal value exceeds with probability ``alpha``."""
    return NormalDist().inv_cdf(1 - alpha)


def chi_square_quantile(degrees: int, alpha: float) -> float:
    """Return what a chi-square value exceeds with probability ``alpha`` (Wilson and Hilferty, 1931; within 2 %).

    :param degrees: degrees of freedom, at least 1.
    :param alpha: probability of exceeding it.
    """
    if degrees == 1:
        return normal_quantile(alpha / 2) ** 2
    part = 2 / (9 * degrees)
    return degrees * (1 - part + normal_quantile(alpha) * math.sqrt(part)) ** 3


def jensen_shannon_floor(levels: int, n: int, m: int, alpha: float) -> float:
    """Return the floor of the Jensen–Shannon distance (natural logarithm) over ``levels`` categories.

    Near equality the divergence is an eighth of Pearson's chi-square, which is ``(1/n + 1/m)`` times a chi-square value
    with ``levels - 1`` degrees of freedom.

    :param levels: categories compared, at least 2.
    :param n: rows of the reference.
    :param m: rows of today.
    :param alpha: probability of exceeding the floor when nothing changed.
    """
    return math.sqrt(chi_square_quantile(levels - 1, alpha) * (1 / n + 1 / m) / 8)


def proportion_floor(n: int, m: int, alpha: float) -> float:
    """Return the floor of :func:`~loopwright.profiling.effects.cohens_h`, either direction."""
    return normal_quantile(alpha / 2) * math.sqrt(1 / n + 1 / m)


def missing_mass(singletons: int, n: int) -> float:
    """Return the share of values whose level a sample of ``n`` rows has not seen (Good, 1953, after Turing).

    About its share of levels seen once; one more is added, so that a sample which saw everything twice does not claim
    to know all.

    :param singletons: levels that occur once in the sample.
    """
    return min(1.0, (singletons + 1) / n)


def unseen_floor(singletons: int, n: int, m: int, alpha: float) -> float:
    """Return the share of unseen levels that chance reaches: :func:`missing_mass`, and Bernstein's bound above it.

    :param singletons: levels that occur once in the reference.
    :param n: rows of the reference.
    :param m: rows of today.
    :param alpha: probability of exceeding the floor when nothing changed.
    """
    missing = missing_mass(singletons, n)
    tail = -math.log(alpha)
    return min(1.0, missing + math.sqrt(2 * missing * tail * (1 / n + 1 / m)) + tail / (3 * m))


def wasserstein_floor(reference: NDArray[np.float64], n: int, m: int, alpha: float) -> float:
    """Return the floor of the Wasserstein distance, in the reference's own units.

    The distance is the area between two empirical distribution functions, and their difference is, times
    ``sqrt(nm/(n+m))``, a Brownian bridge in the reference's ranks (Donsker): the area under simulated bridges,
    stretched by this column's quantiles, gives its null distribution, whatever the column's shape.

    :param reference: the reference's values, without missing ones, for the column's shape.
    :param n: rows that the reference is worth.
    :param m: rows of today.
    :param alpha: probability of exceeding the floor when nothing changed.
    """
    widths = np.diff(np.quantile(reference, np.linspace(0, 1, GRID + 1)))
    areas = _bridges() @ widths.astype(np.float32)
    return float(np.quantile(areas, 1 - alpha) * math.sqrt(1 / n + 1 / m))


@lru_cache(maxsize=1)
def _bridges() -> NDArray[np.float32]:
    """Return absolute Brownian bridges at the middle of each step, a row a path; always the same ones."""
    steps = np.random.default_rng(1953).standard_normal((PATHS, 2 * GRID), dtype=np.float32) / math.sqrt(2 * GRID)
    walks = np.cumsum(steps, axis=1)
    time = np.arange(1, 2 * GRID + 1, dtype=np.float32) / (2 * GRID)
    bridges = walks - walks[:, -1:] * time
    return np.abs(bridges[:, ::2])
