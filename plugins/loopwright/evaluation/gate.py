"""The gate: what is asked of a candidate, answered from predictions on the frozen holdout; pure, and fail closed.

Every question is three-valued. A bound of an interval must reach what is asked for a pass, the other bound must miss
it for a fail, and between them the data cannot tell. What must stay true: what was not computed never passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loopwright.declaration.metrics import METRICS
from loopwright.errors import shown_names
from loopwright.evaluation.comparison import compared, uncompared
from loopwright.evaluation.intervals import interval, lacking, paired_difference
from loopwright.verdict import Check, Outcome

if TYPE_CHECKING:
    from loopwright.declaration.model import Bound, Gate, ModelSpec
    from loopwright.evaluation.estimates import Interval
    from loopwright.evaluation.predicted import Array, Predicted


@dataclass(frozen=True)
class Unseen:
    """Which batches the question whether the holdout was unseen is about.

    :param holdout: batches that candidate and champion are compared on.
    :param candidate: batches that the candidate was trained on.
    :param champion: batches that the champion was trained on.
    """

    holdout: Sequence[str]
    candidate: Sequence[str]
    champion: Sequence[str] = ()


def judge(
    spec: ModelSpec,
    candidate: Predicted,
    champion: Predicted | None,
    truth: Array,
    *,
    unseen: Unseen | None = None,
    champion_fault: str | None = None,
    seed: int = 0,
) -> tuple[Check, ...]:
    """Ask everything that the declaration asks of a candidate.

    :param spec: the model's declaration.
    :param candidate: its answers for the holdout's labelled rows.
    :param champion: the champion's answers for the same rows; ``None`` when there is no champion, or it gave none.
    :param truth: the true classes or values of these rows, none missing.
    :param unseen: batches held out and trained on; not asked when left out.
    :param champion_fault: why a champion that exists gave no answers.
    :param seed: of the bootstrap.
    :return: the checks, in the order a person would ask them.
    """
    checks = [_finite(candidate)]
    if unseen is not None:
        checks.append(_unseen(unseen))
    sound = checks[0].outcome is Outcome.PASS
    if champion is not None and champion_fault is None:
        champion_fault = _lacks(champion, spec.gate.primary)
    champion = None if champion_fault else champion
    asking = _Asking(spec.gate, candidate, truth, seed) if sound else None
    checks.append(_measured(spec.gate, asking, truth))
    checks += [_threshold(name, bound, asking, truth) for name, bound in spec.gate.thresholds.items()]
    return (*checks, *_against(spec.gate, asking, champion, champion_fault))


@dataclass(frozen=True)
class _Asking:
    """A candidate whose answers are usable, with what every question about it needs."""

    gate: Gate
    candidate: Predicted
    truth: Array
    seed: int

    def interval(self, name: str) -> Interval:
        return interval(
            name,
            self.truth,
            self.candidate,
            confidence=self.gate.champion.confidence,
            resamples=self.gate.resamples,
            seed=self.seed,
        )

    def gain_over(self, champion: Predicted) -> Interval:
        return paired_difference(
            self.gate.primary,
            self.truth,
            self.candidate,
            champion,
            confidence=self.gate.champion.confidence,
            resamples=self.gate.resamples,
            seed=self.seed,
        )


def _lacks(champion: Predicted, primary: str) -> str | None:
    """Return what keeps a champion's answers from being compared: it was made for another declaration, perhaps."""
    if champion.unusable:
        return f"it gave no finite answer for {champion.unusable} rows"
    if champion.score is None and METRICS[primary].needs == "score":
        return f"it gives no probabilities, which {primary} is computed from"
    return None


def _finite(candidate: Predicted) -> Check:
    n, unusable = len(candidate), candidate.unusable
    if n == 0:
        outcome, why = Outcome.INCONCLUSIVE, "the holdout has no labelled rows"
    elif unusable:
        outcome, why = Outcome.FAIL, f"{unusable} of {n} predictions are missing, NaN or infinite"
    elif n > 1 and candidate.constant:
        outcome, why = Outcome.FAIL, f"all {n} predictions are the same"
    else:
        outcome, why = Outcome.PASS, f"all {n} predictions are finite and they differ"
    return Check("finite", outcome, why, observed={"unusable": unusable}, n=n)


def _unseen(batches: Unseen) -> Check:
    # A candidate that saw the holdout is flattered: a fault. A champion that saw it (somebody holds out more than
    # before, say) makes the comparison unfair to the candidate, until newer batches arrive: there is no telling yet.
    held = list(batches.holdout)
    by_candidate = [b for b in held if b in set(batches.candidate)]
    by_champion = [b for b in held if b in set(batches.champion)]
    if by_candidate:
        outcome, why = Outcome.FAIL, f"the candidate was trained on held-out batches: {shown_names(by_candidate)}"
    elif by_champion:
        outcome = Outcome.INCONCLUSIVE
        why = f"the champion was trained on held-out batches: {shown_names(by_champion)}"
    else:
        outcome, why = Outcome.PASS, f"nobody was trained on the held-out {shown_names(held)}"
    observed = {"candidate": by_candidate, "champion": by_champion}
    return Check("holdout_unseen", outcome, why, observed=observed, asked=held, n=len(held))


def _measured(gate: Gate, asking: _Asking | None, truth: Array) -> Check:
    """Whether the primary metric can be told at all: without it a first model would pass for want of questions."""
    name = "measured"
    if asking is None:
        return _unanswered(name, truth)
    found = asking.interval(gate.primary)
    if not found.known:
        why = f"{gate.primary} cannot be told: {lacking(gate.primary, truth) or 'the rows do not define it'}"
        return Check(name, Outcome.INCONCLUSIVE, why, observed=found.to_dict(), n=found.n)
    why = f"{gate.primary} is {found.point:.4g} ({found.said}) on {found.n} held-out rows"
    return Check(name, Outcome.PASS, why, observed=found.to_dict(), n=found.n)


def _threshold(name: str, bound: Bound, asking: _Asking | None, truth: Array) -> Check:
    check = f"threshold:{name}"
    asked = bound.model_dump(exclude_none=True)
    if asking is None:
        return _unanswered(check, truth, asked)
    found = asking.interval(name)
    words = f"at least {bound.at_least:g}" if bound.at_least is not None else f"at most {bound.at_most:g}"
    if not found.known:
        why = f"whether {name} is {words} cannot be told: {lacking(name, truth) or 'the rows do not define it'}"
        return Check(check, Outcome.INCONCLUSIVE, why, found.to_dict(), asked, found.n)
    outcome = _reaches(found, bound)
    says = {Outcome.PASS: "is", Outcome.FAIL: "is not", Outcome.INCONCLUSIVE: "may or may not be"}[outcome]
    why = f"{name} {says} {words}: {found.point:.4g} ({found.said})"
    return Check(check, outcome, why, found.to_dict(), asked, found.n)


def _reaches(found: Interval, bound: Bound) -> Outcome:
    if bound.at_least is not None:
        surely, possibly = found.low >= bound.at_least, found.high >= bound.at_least
    else:
        assert bound.at_most is not None  # noqa: S101 - the declaration holds exactly one of the two
        surely, possibly = found.high <= bound.at_most, found.low <= bound.at_most
    if surely:
        return Outcome.PASS
    return Outcome.INCONCLUSIVE if possibly else Outcome.FAIL


def _against(gate: Gate, asking: _Asking | None, champion: Predicted | None, fault: str | None) -> tuple[Check, ...]:
    if champion is None and fault is None:
        return uncompared(gate, Outcome.NOT_APPLICABLE, "there is no champion to compare with")
    if champion is None:
        return uncompared(gate, Outcome.INCONCLUSIVE, f"the champion could not answer: {fault}")
    if asking is None:
        return uncompared(gate, Outcome.INCONCLUSIVE, "the candidate has no usable answers")
    return compared(gate, asking.gain_over(champion), asking.truth)


def _unanswered(name: str, truth: Array, asked: object = None) -> Check:
    why = "the candidate has no usable answers to measure"
    return Check(name, Outcome.INCONCLUSIVE, why, asked=asked, n=len(truth))
