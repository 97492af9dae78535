"""The gate: what is asked of a candidate, answered from predictions on the frozen holdout; pure, and fail closed.

Every question is three-valued. A bound of an interval must reach what is asked for a pass, the other bound must miss
it for a fail, and between them the data cannot tell. What must stay true: what was not computed never passes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from loopwright.declaration.metrics import metric as named
from loopwright.evaluation.asking import Asking
from loopwright.evaluation.baselines import baseline_checks
from loopwright.evaluation.calibration import calibration_check
from loopwright.evaluation.comparison import compared, cross_checks, uncompared
from loopwright.evaluation.fairness import fairness_checks
from loopwright.evaluation.intervals import lacking
from loopwright.evaluation.latency import Timing, latency_check
from loopwright.evaluation.leakage import leakage_check
from loopwright.evaluation.looks import IN_SHADOW, looks_check
from loopwright.evaluation.slices import slice_checks
from loopwright.evaluation.thresholds import bounded
from loopwright.evaluation.unseen import Unseen, unseen_checks
from loopwright.verdict import Check, Outcome

if TYPE_CHECKING:
    from loopwright.declaration.gate import Bound, Gate
    from loopwright.declaration.model import ModelSpec
    from loopwright.evaluation.predicted import Array, Predicted


@dataclass(frozen=True)
class Beside:
    """What the gate looks at besides answers and truth; all about the same labelled rows of the holdout.

    :param columns: what slices, groups and fairness are made of, by name.
    :param features: the values of each feature, by name; none when leaks are not looked for.
    :param baselines: the answers of the simple models that had to be fitted, by name.
    :param timing: how long answers took; ``None`` when that was not measured.
    :param before: the confidences that this holdout was asked with before.
    :param named: of columns about people, the values that checks may name.
    """

    columns: Mapping[str, Array] = field(default_factory=dict)
    features: Mapping[str, Array] = field(default_factory=dict)
    baselines: Mapping[str, Predicted] = field(default_factory=dict)
    timing: Timing | None = None
    before: Sequence[float] = ()
    named: Mapping[str, Collection[Any]] = field(default_factory=dict)


_NOTHING = Beside()


def judge(
    spec: ModelSpec,
    candidate: Predicted,
    champion: Predicted | None,
    truth: Array,
    *,
    unseen: Unseen | None = None,
    champion_fault: str | None = None,
    beside: Beside = _NOTHING,
    seed: int = 0,
) -> tuple[Check, ...]:
    """Ask everything that the declaration asks of a candidate.

    :param spec: the model's declaration.
    :param candidate: its answers for the holdout's labelled rows.
    :param champion: the champion's answers for the same rows; ``None`` when there is no champion, or it gave none.
    :param truth: the true classes or values of these rows, none missing.
    :param unseen: what the holdout and the trainings were made of; not asked when left out.
    :param champion_fault: why a champion that exists gave no answers.
    :param beside: what else to look at.
    :param seed: of the bootstrap.
    :return: the checks, in the order a person would ask them.
    """
    gate, finite = spec.gate, _finite(candidate)
    checks = [finite, *(unseen_checks(unseen) if unseen else ())]
    if champion is not None and champion_fault is None:
        champion_fault = _lacks(champion, gate.primary)
    champion = None if champion_fault else champion
    sound = finite.outcome is Outcome.PASS
    asking = Asking(gate, candidate, truth, beside.columns, beside.before, seed, beside.named) if sound else None
    checks.append(_measured(gate, asking, truth))
    checks += [_threshold(name, bound, asking, truth) for name, bound in gate.thresholds.items()]
    if asking is not None:  # without a champion, too: what it is asked now is spent
        checks.append(looks_check(gate.champion, beside.before))
    checks += _against(gate, asking, champion, champion_fault)
    checks += baseline_checks(asking, spec.task, beside.baselines) if asking else _unasked(gate, truth)
    if beside.features:
        checks.append(leakage_check(gate.leakage, spec.task, beside.features, truth))
    if asking is not None:
        checks += [*slice_checks(asking, champion), *fairness_checks(asking), *calibration_check(asking)]
    if gate.latency is not None:
        checks.append(latency_check(gate.latency, beside.timing))
    return tuple(checks)


def judge_live(
    gate: Gate,
    candidate: Predicted,
    champion: Predicted,
    truth: Array,
    *,
    columns: Mapping[str, Array] | None = None,
    before: Sequence[float] = (),
    seed: int = 0,
) -> tuple[Check, ...]:
    """Ask what the gate asks about the champion, of answers that both gave in production.

    :param gate: as declared.
    :param candidate: its answers for labelled rows.
    :param champion: the champion's answers for the same rows.
    :param truth: of the same rows.
    :param columns: what rows are grouped by, by name.
    :param before: the confidences that such rows were asked with about this candidate before.
    :param seed: of the bootstrap.
    """
    if not len(truth):
        return uncompared(gate, Outcome.INCONCLUSIVE, "no row that both answered has a label")
    finite, fault = _finite(candidate), _lacks(champion, gate.primary)
    sound = finite.outcome is Outcome.PASS
    asking = Asking(gate, candidate, truth, columns or {}, before, seed) if sound else None
    looks = (looks_check(gate.champion, before, IN_SHADOW),) if asking is not None else ()
    return (finite, *looks, *_against(gate, asking, None if fault else champion, fault))


def _lacks(champion: Predicted, primary: str) -> str | None:
    """Return what keeps a champion's answers from being compared: it was made for another declaration, perhaps."""
    if champion.unusable:
        return f"it gave no usable answer for {champion.unusable} rows"
    if champion.score is None and named(primary).needs == "score":
        return f"it gives no probabilities, which {primary} is computed from"
    return None


def _finite(candidate: Predicted) -> Check:
    n, unusable = len(candidate), candidate.unusable
    if n == 0:
        outcome, why = Outcome.INCONCLUSIVE, "the holdout has no labelled rows"
    elif unusable:
        outcome, why = Outcome.FAIL, f"{unusable} of {n} predictions are missing, NaN, infinite or no probabilities"
    elif n > 1 and candidate.constant:
        outcome, why = Outcome.FAIL, f"all {n} predictions are the same"
    else:
        outcome, why = Outcome.PASS, f"all {n} predictions are finite and they differ"
    return Check("finite", outcome, why, observed={"unusable": unusable}, n=n)


def _measured(gate: Gate, asking: Asking | None, truth: Array) -> Check:
    """Whether the primary metric can be told at all: without it a first model would pass for want of questions."""
    name = "measured"
    if asking is None:
        return _unanswered(name, truth)
    found = asking.interval(gate.primary)
    if not found.known:
        lacks = lacking(gate.primary, truth, asking.resampling.groups) or "the rows do not define it"
        why = f"{gate.primary} cannot be told: {lacks}"
        return Check(name, Outcome.INCONCLUSIVE, why, observed=found.to_dict(), n=found.n)
    why = f"{gate.primary} is {found.point:.4g} ({found.said}) on {found.n} held-out rows"
    return Check(name, Outcome.PASS, why, observed=found.to_dict(), n=found.n)


def _threshold(name: str, bound: Bound, asking: Asking | None, truth: Array) -> Check:
    check = f"threshold:{name}"
    if asking is None:
        return _unanswered(check, truth, bound.model_dump(exclude_none=True))
    lacks = lacking(name, truth, asking.resampling.groups)
    return bounded(check, name, asking.interval(name), bound, lacking=lacks)


def _against(gate: Gate, asking: Asking | None, champion: Predicted | None, fault: str | None) -> tuple[Check, ...]:
    if champion is None and fault is None:
        return uncompared(gate, Outcome.NOT_APPLICABLE, "there is no champion to compare with")
    if champion is None:
        return uncompared(gate, Outcome.INCONCLUSIVE, f"the champion could not answer: {fault}")
    if asking is None:
        return uncompared(gate, Outcome.INCONCLUSIVE, "the candidate has no usable answers")
    delta = asking.gain_over(champion).at(asking.confidence)
    cross = cross_checks(asking, champion, delta)
    return compared(gate, delta, asking.truth, cross, asking.resampling.groups)


def _unasked(gate: Gate, truth: Array) -> tuple[Check, ...]:
    """Return every question about usable answers, unanswered: what was not computed never passes."""
    names = [f"baseline:{name}" for name in gate.baselines]
    names += ["slices:non_inferior", "slices:harmed"] if gate.slices and gate.slices.required else []
    names += ["fairness"] if gate.fairness and gate.fairness.required else []
    names += ["calibration"] if gate.calibration and gate.calibration.required else []
    return tuple(_unanswered(name, truth) for name in names)


def _unanswered(name: str, truth: Array, asked: object = None) -> Check:
    why = "the candidate has no usable answers to measure"
    return Check(name, Outcome.INCONCLUSIVE, why, asked=asked, n=len(truth))
