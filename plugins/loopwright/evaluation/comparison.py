"""The candidate beside the champion: no worse by more than the margin, and, where the team asks it, better.

Non-inferiority is asked of the interval of the paired difference; the improvement is asked of its point, so that a
row of candidates, each a little worse within the margin, cannot carry production downhill.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from loopwright.declaration.metrics import metric as named
from loopwright.errors import counted
from loopwright.evaluation.bootstrap import Resampling
from loopwright.evaluation.delong import area_gained
from loopwright.evaluation.grouped import leaving_out
from loopwright.evaluation.intervals import bootstrapped_difference, lacking
from loopwright.evaluation.metrics import prepared
from loopwright.evaluation.proportions import mcnemar
from loopwright.evaluation.ranking import RocAuc
from loopwright.evaluation.sums import Share
from loopwright.verdict import Check, Outcome, Verdict

if TYPE_CHECKING:
    from loopwright.declaration.gate import Gate
    from loopwright.evaluation.asking import Asking
    from loopwright.evaluation.estimates import Interval
    from loopwright.evaluation.predicted import Array, Predicted


CARRIED_BY_FEW = 10
"""Rows that make half of a difference's spread below which a reader is told."""
RESAMPLED = 5_000_000
"""Weights that the bootstrap beside a closed form may draw: enough to be a check, and no reason to wait."""


def compared(
    gate: Gate, delta: Interval, truth: Array, cross: Mapping[str, Any] | None = None, groups: Array | None = None
) -> tuple[Check, ...]:
    """Return the checks of a candidate against a champion.

    :param gate: as declared.
    :param delta: how much better the candidate is, on the same rows.
    :param truth: of these rows.
    :param cross: what other methods say, for the record.
    :param groups: each row's group, where rows come in groups.
    """
    checks = (_non_inferiority(gate, delta, lacking(gate.primary, truth, groups), cross or {}),)
    return (*checks, _improvement(gate, delta)) if gate.champion.better else checks


def speaks_against(verdict: Verdict) -> bool:
    """Tell whether a refusal counts for the circuit breaker: in a calm world most candidates are just no better.

    :param verdict: the gate's, or a shadow's.
    """
    failed = {check.name for check in verdict.checks if check.required and check.outcome is Outcome.FAIL}
    return verdict.refused and failed != {"improvement"}


def uncompared(gate: Gate, outcome: Outcome, why: str) -> tuple[Check, ...]:
    """Return the same checks, without an answer.

    :param outcome: ``not_applicable`` or ``inconclusive``.
    :param why: what stood in the way.
    """
    names = ["non_inferiority", *(["improvement"] if gate.champion.better else [])]
    return tuple(Check(name, outcome, why) for name in names)


def cross_checks(asking: Asking, champion: Predicted, delta: Interval) -> dict[str, Any]:
    """Return what other methods say of the same comparison: the bootstrap, DeLong's, and McNemar's test.

    McNemar's is a test of shares of the same rows: of accuracy and recall, never of precision, whose rows the model
    chooses. Beside them, how few rows carry the difference.

    :param champion: its answers for the same rows.
    :param delta: the interval that decides.
    """
    if not delta.known:
        return {}
    name, truth = asking.gate.primary, asking.truth
    ours, theirs = prepared(name, truth, asking.candidate), prepared(name, truth, champion)
    found: dict[str, Any] = {}
    if isinstance(ours, Share) and isinstance(theirs, Share) and (ours.among == theirs.among).all():
        won, lost = int((ours.hits & ~theirs.hits).sum()), int((theirs.hits & ~ours.hits).sum())
        found["mcnemar"] = {"only_candidate_right": won, "only_champion_right": lost, "mid_p": mcnemar(won, lost)}
    drawn = asking.resampling
    found["carried_by"] = carried_by(ours.influence() - theirs.influence(), drawn.groups)
    if drawn.groups is not None and isinstance(ours, RocAuc) and isinstance(theirs, RocAuc):
        blind = area_gained(ours.positive, ours.score, theirs.score).at(delta.confidence)
        found["delong_ignoring_groups"] = {"low": blind.low, "high": blind.high}
    if not delta.method.startswith("paired bootstrap"):
        few = min(drawn.resamples, max(200, RESAMPLED // len(truth)))
        once = bootstrapped_difference(name, truth, ours, theirs, Resampling(few, drawn.seed)).at(delta.confidence)
        found["bootstrap"] = {"low": once.low, "high": once.high, "resamples": few}
        found["agrees"] = _answer(once, asking.gate.champion.margin) is _answer(delta, asking.gate.champion.margin)
    return found


def carried_by(pushes: Array, groups: Array | None = None) -> int:
    """Return how few rows (or groups of rows) make half of the spread of a difference: of few, no interval knows more.

    :param pushes: how much each row pushes the difference.
    :param groups: each row's group, where rows come in groups.
    """
    if groups is not None:
        pushes = np.bincount(groups, pushes) * leaving_out(np.bincount(groups))
    squares = np.sort(pushes**2)[::-1]
    total = float(squares.sum())
    return int(np.searchsorted(np.cumsum(squares), total / 2) + 1) if total > 0 else 0


def _answer(delta: Interval, margin: float) -> Outcome:
    if delta.low >= -margin:
        return Outcome.PASS
    return Outcome.FAIL if delta.high < -margin else Outcome.INCONCLUSIVE


def _non_inferiority(gate: Gate, delta: Interval, lacks: str | None, cross: Mapping[str, Any]) -> Check:
    margin = gate.champion.margin
    asked = {"margin": margin, "confidence": delta.confidence, "metric": gate.primary}
    if not delta.known:
        why = f"the difference to the champion cannot be told: {lacks or 'it is not defined'}"
        return Check("non_inferiority", Outcome.INCONCLUSIVE, why, delta.to_dict(), asked, delta.n)
    outcome = _answer(delta, margin)
    says = {
        Outcome.PASS: "is no worse than the champion",
        Outcome.FAIL: "is worse than the champion",
        Outcome.INCONCLUSIVE: "may or may not be worse than the champion",
    }[outcome]
    side = "in its favour" if delta.point >= 0 else "against it"
    why = (
        f"the candidate {says} by more than {margin:g} in {gate.primary}: {abs(delta.point):.4g} {side}"
        f" ({delta.said}) on the same {delta.n} rows"
    )
    if 0 < (few := cross.get("carried_by", 0)) < CARRIED_BY_FEW:
        who = counted(few, "group of rows", "groups of rows") if gate.groups else counted(few, "row")
        why += f"; {who} alone make{'s' if few == 1 else ''} half of its spread"
    why += "" if cross.get("agrees", True) else "; the bootstrap beside it would answer otherwise, so it is close"
    observed = delta.to_dict() | ({"cross_checks": dict(cross)} if cross else {})
    return Check("non_inferiority", outcome, why, observed, asked, delta.n)


def _improvement(gate: Gate, delta: Interval) -> Check:
    observed = delta.to_dict()["point"]
    asked = {"more_than": 0.0, "metric": gate.primary}
    if observed is None:
        why = "whether the candidate is better cannot be told"
        return Check("improvement", Outcome.INCONCLUSIVE, why, observed, asked, delta.n)
    if delta.point > 0:
        how = "better" if named(gate.primary).greater_is_better else "better (lower)"
        why = f"the candidate's {gate.primary} is {how} by {delta.point:.4g}"
        return Check("improvement", Outcome.PASS, why, observed, asked, delta.n)
    how = f"worse by {-delta.point:.4g}" if delta.point < 0 else "the same"
    why = f"the candidate is no better than the champion: {how} in {gate.primary}"
    return Check("improvement", Outcome.FAIL, why, observed, asked, delta.n)
