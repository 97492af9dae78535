"""How often one holdout was asked, and what asking again costs.

Each candidate that is compared on the same rows has its own chance of passing by luck; somebody who asks often
enough gets a yes. So every holdout has an error budget, spent like alpha in a sequential trial: the first comparison
spends what was declared for one, each further one half of what is left. The chances add up to no more than the
budget, whatever the candidates have to do with each other (Bonferroni's inequality; the idea of an alpha-spending
function is Lan & DeMets, 1983).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from loopwright.verdict import Check, Outcome

if TYPE_CHECKING:
    from loopwright.declaration.gate import Against

SUREST = 1 - 1e-9


def confidence_of(asked: Against, looks: int) -> float:
    """Return the one-sided confidence of the so-manieth comparison on one holdout, never below the declared one.

    :param asked: the declared confidence and budget.
    :param looks: how often the holdout was asked, this time included; at least 1.
    """
    if looks <= 1:
        return min(asked.confidence, SUREST)
    left = 1 - (_budget(asked) - _first(asked)) / 2.0 ** (looks - 1)
    return min(max(asked.confidence, left), SUREST)


def spent(asked: Against, looks: int) -> float:
    """Return how much of the budget is spent after so many comparisons."""
    return sum(1 - confidence_of(asked, look) for look in range(1, looks + 1))


def looks_check(asked: Against, looks: int, before: Sequence[float] | None = None) -> Check:
    """Say how often the holdout was asked; it refuses nobody, for the price is in the confidence.

    :param asked: the declared confidence and budget.
    :param looks: how often, this time included.
    :param before: the confidences on record of the earlier times, which another declaration may have asked for; as
        this one would have them when left out.
    """
    budget, confidence = _budget(asked), confidence_of(asked, looks)
    used = spent(asked, looks) if before is None else sum(1 - c for c in before) + 1 - confidence
    again = (
        "nobody asked this holdout before"
        if looks <= 1
        else f"this holdout was asked {looks - 1} time{'s' if looks > 2 else ''} before, so every bound is held to"
        f" {confidence:.4g} instead of {asked.confidence:g}"
    )
    why = f"{again}; {used:.3g} of its error budget of {budget:.3g} is spent"
    observed = {"looks": looks, "confidence": confidence, "spent": used}
    return Check("looks", Outcome.PASS, why, observed, {"error_budget": budget}, n=looks, required=False)


def _first(asked: Against) -> float:
    return 1 - asked.confidence


def _budget(asked: Against) -> float:
    return asked.error_budget if asked.error_budget is not None else 2 * _first(asked)
