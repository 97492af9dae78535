"""What groups of unequal size are worth: of rows of which one customer has half, hardly more than that customer.

A variance from the sums of groups takes each for one of many alike. A large group pulls the whole after itself, so that
what is left of it looks small: each group's push is scaled to what leaving it out would move, the jackknife's (Bell &
McCaffrey, 2002: CR3). And a few large ones make the sum, so Student's t has the degrees of freedom of as many groups
of one size as would be worth the same (Kish, 1965; Carter, Schnepel & Steigerwald, 2017, for tests by cluster).
Groups of one size are worth what they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from loopwright.evaluation.predicted import Array

LEAST_FREEDOM = 1.0
"""Degrees of freedom where one group has nearly all rows: those of a variance that a single push makes."""


def effective(sizes: Array) -> float:
    """Return how many groups of one size are worth as much; between 1 and their number.

    :param sizes: rows of each group; those without any do not count.
    """
    total = float(sizes.sum())
    return total**2 / float((sizes.astype(float) ** 2).sum()) if total else 0.0


def leaving_out(sizes: Array) -> Array:
    """Return what each group's push is to be multiplied by, so that its square says what leaving it out would move.

    :param sizes: rows of each group; those without any have no push.
    :return: 1 for groups of one size, more for larger ones; 1 for a single group, of which nothing can be told.
    """
    known, share = int((sizes > 0).sum()), sizes / max(float(sizes.sum()), 1.0)
    factor: Array = np.ones(len(sizes)) if known < 2 else (1 - 1 / known) / (1 - share)
    return factor
