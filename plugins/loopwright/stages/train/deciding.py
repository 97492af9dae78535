"""Whether to train: a decision of its own, recorded with its reasons and the brakes that held it.

What must stay true: a training that was decided and not finished is taken up again under the same id, and one that
was judged is not repeated while nothing that it depends on has changed, unless a person says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from loopwright.errors import DataFault, shown_names
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.soundness import how_to_mend
from loopwright.ledger.store import Ledger
from loopwright.stages.train.question import Question
from loopwright.stages.train.reasons import brakes_on, open_training, reasons_for, said

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.ledger.state import ModelState, State


@dataclass(frozen=True)
class TrainingDecision:
    """Whether a model is trained, and why.

    :param model: the model's name.
    :param train: the answer.
    :param training_id: of the training to do; ``None`` on a no.
    :param reasons: what speaks for it, such as ``new_data``.
    :param brakes: what holds it back, such as ``cooldown``.
    :param why: one sentence.
    :param batches: to learn from, oldest first.
    :param holdout: held out.
    :param fingerprint: what tells this training from another; ``None`` when there are not enough batches.
    """

    model: str
    train: bool
    training_id: str | None
    reasons: tuple[str, ...]
    brakes: tuple[str, ...]
    why: str
    batches: tuple[str, ...]
    holdout: tuple[str, ...]
    fingerprint: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


def decide_training(
    workspace: Workspace,
    model: ModelSpec,
    *,
    reason: str | None = None,
    actor: str = "train",
    params: Mapping[str, Any] | None = None,
    force: bool = False,
    now: datetime | None = None,
) -> TrainingDecision:
    """Decide whether to train, and record it.

    A *no* that was already recorded on the same state is not recorded again.

    :param workspace: where everything is.
    :param model: the model's declaration.
    :param reason: why a person wants a training; it overrides cooldown and circuit breaker.
    :param actor: who asks.
    :param params: a person's training parameters for this once; they win over the declared and the tuned.
    :param force: judge anew although nothing changed; the finished run of the same fingerprint is reused.
    :param now: aware time; the present when left out.
    :raises DataFault: if the model's record is not what was recorded: nothing that is trained on it is released.
    """
    now = now or datetime.now(UTC)
    ledger = Ledger.of(workspace)
    _require_sound(ledger, f"model/{model.name}")
    question = Question.of(workspace, model, ledger.dataset(model.dataset), params or {}, now)
    person = reason or ("forced" if force else "parameters given" if params else None)
    made: list[TrainingDecision] = []

    def decision(state: State) -> Draft | None:
        found = considered(model, question, cast("ModelState", state), person=person, force=force, now=now)
        made.append(found)
        return _draft(found, question, cast("ModelState", state), actor)

    ledger.decide(f"model/{model.name}", decision)
    return made[-1]


def _require_sound(ledger: Ledger, subject: str) -> None:
    problems = ledger.verify(subject)
    if problems:
        raise DataFault(
            "The record of this model is not what was recorded, so nothing is trained on it.",
            where=subject,
            got=problems[0],
            mend=how_to_mend(subject, problems),
        )


def considered(
    model: ModelSpec, question: Question, state: ModelState, *, person: str | None, force: bool, now: datetime
) -> TrainingDecision:
    """Decide, without recording anything.

    :param question: what a training would be now.
    :param state: of the model.
    :param person: a person's reason, if one asks.
    :param force: whether a judged question may be asked again.
    :param now: aware time.
    """
    open_id = open_training(model, question, state)
    reasons = reasons_for(model, question, state, person=person, now=now)
    brakes = [] if open_id else brakes_on(model, question, state, reasons=reasons, force=force, now=now)
    train = not brakes
    training_id = open_id or (f"{str(question.fingerprint)[:12]}-{state.sequence + 1}" if train else None)
    return TrainingDecision(
        model=model.name,
        train=train,
        training_id=training_id,
        reasons=tuple(reasons),
        brakes=tuple(brakes),
        why=_why(model, question, state, reasons, brakes, person),
        batches=question.batches,
        holdout=question.holdout,
        fingerprint=question.fingerprint,
    )


def _why(
    model: ModelSpec, question: Question, state: ModelState, reasons: list[str], brakes: list[str], person: str | None
) -> str:
    if brakes:
        held = "; ".join(said(brake, model, question, state, person) for brake in brakes)
        wish = [reason for reason in reasons if brakes != ["nothing_new"]]
        return held + (f" (asked for by: {', '.join(wish)})" if wish else "")
    because = "; ".join(said(reason, model, question, state, person) for reason in reasons)
    return (
        f"{because}: learn from {shown_names(list(question.batches))}, hold out {shown_names(list(question.holdout))}"
    )


def _draft(decision: TrainingDecision, question: Question, state: ModelState, actor: str) -> Draft | None:
    if decision.training_id and state.training(decision.training_id):
        return None  # it is open already, and is taken up again
    evidence = {
        "train": decision.train,
        "training_id": decision.training_id,
        "reasons": list(decision.reasons),
        "brakes": list(decision.brakes),
        "fingerprint": decision.fingerprint,
        "batches": list(decision.batches),
        "holdout": list(decision.holdout),
        "data_version": question.data_version,
        "data_versions": dict(question.data_versions),
        "labels": dict(question.labels) if question.labels else None,
        "data_digest": question.data_digest,
        "code_digest": question.code_digest,
        "declaration_digest": question.declaration_digest,
        "params": dict(question.params),
        "overrides": list(question.overrides),
        "seen": question.seen,
        "dataset_sequence": question.dataset_sequence,
        "answered": _answered(decision, question, state),
    }
    if not decision.train and not evidence["answered"] and _same(evidence, state.decision):
        return None
    return Draft(Kind.TRAINING_DECIDED, actor, decision.why, evidence)


def _answered(decision: TrainingDecision, question: Question, state: ModelState) -> bool:
    """Tell whether the monitor's request is answered by a training that was judged already, its batch included.

    The monitor looks at a batch while a training for the same new data may be under way. Left open, such a request
    would be a reason to train on the next batch, whatever that is like.
    """
    request = state.request("retrain") or {}
    return "same_fingerprint" in decision.brakes and request.get("batch_id") in question.seen


def _same(evidence: Mapping[str, Any], before: Mapping[str, Any] | None) -> bool:
    asked = ("train", "reasons", "brakes", "fingerprint", "seen")
    return before is not None and all(before.get(name) == evidence[name] for name in asked)
