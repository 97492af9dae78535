"""The candidate beside the champion: no worse by more than the margin, and, where the team asks it, better.

Non-inferiority is asked of the interval of the paired difference; the improvement is asked of its point, so that a
row of candidates, each a little worse within the margin, cannot carry production downhill.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.declaration.metrics import METRICS
from loopwright.evaluation.intervals import lacking
from loopwright.verdict import Check, Outcome

if TYPE_CHECKING:
    from loopwright.declaration.model import Gate
    from loopwright.evaluation.estimates import Interval
    from loopwright.evaluation.predicted import Array


def compared(gate: Gate, delta: Interval, truth: Array) -> tuple[Check, ...]:
    """Return the checks of a candidate against a champion.

    :param gate: as declared.
    :param delta: how much better the candidate is, on the same rows.
    :param truth: of these rows.
    """
    checks = (_non_inferiority(gate, delta, truth),)
    return (*checks, _improvement(gate, delta)) if gate.champion.better else checks


def uncompared(gate: Gate, outcome: Outcome, why: str) -> tuple[Check, ...]:
    """Return the same checks, without an answer.

    :param outcome: ``not_applicable`` or ``inconclusive``.
    :param why: what stood in the way.
    """
    names = ["non_inferiority", *(["improvement"] if gate.champion.better else [])]
    return tuple(Check(name, outcome, why) for name in names)


def _non_inferiority(gate: Gate, delta: Interval, truth: Array) -> Check:
    margin = gate.champion.margin
    asked = {"margin": margin, "confidence": gate.champion.confidence, "metric": gate.primary}
    if not delta.known:
        why = f"the difference to the champion cannot be told: {lacking(gate.primary, truth) or 'it is not defined'}"
        return Check("non_inferiority", Outcome.INCONCLUSIVE, why, delta.to_dict(), asked, delta.n)
    if delta.low >= -margin:
        outcome, says = Outcome.PASS, "is no worse than the champion"
    elif delta.high < -margin:
        outcome, says = Outcome.FAIL, "is worse than the champion"
    else:
        outcome, says = Outcome.INCONCLUSIVE, "may or may not be worse than the champion"
    why = (
        f"the candidate {says} by more than {margin:g} in {gate.primary}: {delta.point:+.4g} in its favour"
        f" ({delta.said}) on the same {delta.n} rows"
    )
    return Check("non_inferiority", outcome, why, delta.to_dict(), asked, delta.n)


def _improvement(gate: Gate, delta: Interval) -> Check:
    observed = delta.to_dict()["point"]
    asked = {"more_than": 0.0, "metric": gate.primary}
    if observed is None:
        why = "whether the candidate is better cannot be told"
        return Check("improvement", Outcome.INCONCLUSIVE, why, observed, asked, delta.n)
    if delta.point > 0:
        how = "better" if METRICS[gate.primary].greater_is_better else "better (lower)"
        why = f"the candidate's {gate.primary} is {how} by {delta.point:.4g}"
        return Check("improvement", Outcome.PASS, why, observed, asked, delta.n)
    why = f"the candidate is no better than the champion: {delta.point:+.4g} in {gate.primary}"
    return Check("improvement", Outcome.FAIL, why, observed, asked, delta.n)
