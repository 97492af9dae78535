"""How often one holdout was asked, and what asking again costs.

Each candidate that is compared on the same rows has its own chance of passing by luck; somebody who asks often
enough gets a yes. So every holdout has an error budget, spent like alpha in a sequential trial: the first comparison
spends what was declared for one, each further one half of what is left. The chances add up to no more than the
budget, whatever the candidates have to do with each other (Bonferroni's inequality; the idea of an alpha-spending
function is Lan & DeMets, 1983).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loopwright.verdict import Check, Outcome

if TYPE_CHECKING:
    from loopwright.declaration.gate import Against

SUREST = 1 - 1e-9


def confidence_of(asked: Against, before: Sequence[float] = ()) -> float:
    """Return the one-sided confidence of a comparison on a holdout, never below the declared one.

    :param asked: the declared confidence and budget.
    :param before: the confidences of the earlier comparisons on it, whatever was declared then.
    """
    if not before:
        return min(asked.confidence, SUREST)
    return min(max(asked.confidence, 1 - _left(asked, before) / 2), SUREST)


def planned(asked: Against, looks: int) -> list[float]:
    """Return the confidences of so many comparisons on one holdout, one after the other, under one declaration."""
    made: list[float] = []
    while len(made) < looks:
        made.append(confidence_of(asked, made))
    return made


@dataclass(frozen=True)
class Asked:
    """In which words rows are spoken of that are asked again.

    :param first: of the first look.
    :param again: how often it was before, to be followed by a number.
    :param afresh: what would be new to ask.
    """

    first: str = "nobody asked this holdout before"
    again: str = "this holdout was asked"
    afresh: str = "a newer batch is a new holdout"


IN_SHADOW = Asked(
    "this is the first look at this shadow", "this shadow was looked at", "a newer candidate begins another"
)


def looks_check(asked: Against, before: Sequence[float] = (), words: Asked = Asked()) -> Check:
    """Say how often the holdout was asked; it refuses nobody, for the price is in the confidence.

    :param asked: the declared confidence and budget.
    :param before: as :func:`confidence_of` takes it.
    :param words: what was asked, where it is no holdout.
    """
    budget, confidence, looks = _budget(asked), confidence_of(asked, before), 1 + len(before)
    used = _spent(before) + 1 - confidence
    again = (
        words.first
        if looks <= 1
        else f"{words.again} {looks - 1} time{'s' if looks > 2 else ''} before, so every bound is held to"
        f" {confidence:.4g} instead of {asked.confidence:g}"
    )
    why = f"{again}; {used:.3g} of its error budget of {budget:.3g} is spent"
    if confidence == SUREST:
        why += f", so nothing can be shown on it any more; {words.afresh}"
    observed = {"looks": looks, "confidence": confidence, "spent": used}
    return Check("looks", Outcome.PASS, why, observed, {"error_budget": budget}, n=looks, required=False)


def _left(asked: Against, before: Sequence[float]) -> float:
    return max(_budget(asked) - _spent(before), 0.0)


def _spent(confidences: Sequence[float]) -> float:
    return sum(1 - confidence for confidence in confidences)


def _first(asked: Against) -> float:
    return 1 - asked.confidence


def _budget(asked: Against) -> float:
    return asked.error_budget if asked.error_budget is not None else 2 * _first(asked)
