"""Effect sizes that Evidently does not give: how much a null rate moved, how much of a column is new.

Drift is an effect, not a p-value: with enough rows a p-value alarms on a shift of a hundredth of a standard deviation.
"""

from __future__ import annotations

import math


def cohens_h(before: float, after: float) -> float:
    """Return how far two proportions lie apart, in standard deviations, whatever their level.

    Variance-stabilised: its sampling error is ``sqrt(1/n + 1/m)`` everywhere. 0.2 is called small (Cohen,
    *Statistical Power Analysis for the Behavioral Sciences*, 1988, ch. 6): 0 % to 1 %, 2 % to 6 %, 50 % to 60 %.

    :param before: a proportion, 0 to 1.
    :param after: a proportion, 0 to 1.
    :return: 0 (the same) to pi (none against all).
    """
    return abs(2 * math.asin(math.sqrt(after)) - 2 * math.asin(math.sqrt(before)))


def unseen_share(known: set[str], levels: list[str]) -> float:
    """Return the share of values that are levels nobody has seen before.

    :param known: the levels of the reference.
    :param levels: the values of today, as levels.
    """
    return sum(level not in known for level in levels) / len(levels) if levels else 0.0
