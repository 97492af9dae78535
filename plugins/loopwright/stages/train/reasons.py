"""What speaks for a training and what holds it back: pure, over a question and the model's state."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from loopwright.errors import counted, shown_names
from loopwright.verdict import OnInconclusive, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loopwright.declaration import ModelSpec
    from loopwright.ledger.state import ModelState
    from loopwright.stages.train.question import Question

_ASKED_FOR = {"drift", "performance"}
"""Reasons that the monitor gives."""
_UNFINISHED = ("decided", "trained", "gate:pass")


def reasons_for(
    model: ModelSpec, question: Question, state: ModelState, *, person: str | None, now: datetime
) -> list[str]:
    """Return what speaks for a training now.

    :param person: a person's reason, if one asks.
    :param now: aware time.
    """
    last = state.get("last_training")
    request = state.request("retrain") or {}
    code = last and any(last[name] != getattr(question, name) for name in ("code_digest", "declaration_digest"))
    speaks = {
        "first_model": not state.champion and not state.candidate,
        "unfinished": bool(last and unfinished(model, state.training(last["training_id"]))),
        "new_data": "new_data" in model.retrain.on and len(new_batches(question, state)) >= model.retrain.new_batches,
        "drift": request.get("because") == "drift" and "drift" in model.retrain.on,
        "performance": request.get("because") == "performance" and "performance" in model.retrain.on,
        "staleness": bool(last and model.retrain.every and _age(last, now) >= model.retrain.every),
        "code": bool(code and "code" in model.retrain.on),
        "person": bool(person) or request.get("because") == "person",
    }
    return [reason for reason, so in speaks.items() if so]


def brakes_on(
    model: ModelSpec,
    question: Question,
    state: ModelState,
    *,
    reasons: list[str],
    force: bool,
    now: datetime,
) -> list[str]:
    """Return what holds a training back now.

    :param reasons: what speaks for it; a person releases cooldown and circuit breaker, and the latter also by changing
        the code or the declaration.
    :param force: whether a judged question may be asked again.
    :param now: aware time.
    """
    last = state.get("last_training")
    free = "person" in reasons
    cooling = last and "unfinished" not in reasons and _age(last, now) < model.retrain.cooldown
    holds = {
        "not_enough_batches": question.fingerprint is None,
        "nothing_new": not reasons,
        "cooldown": bool(cooling) and not free,
        "refusals": state.refusals >= model.retrain.refusals and not free and "code" not in reasons,
        "in_shadow": bool(reasons) and _must_wait_for_shadow(model, state, reasons),
        "same_fingerprint": bool(reasons) and judged_before(model, question, state) is not None and not force,
    }
    return [brake for brake, so in holds.items() if so]


def _must_wait_for_shadow(model: ModelSpec, state: ModelState, reasons: list[str]) -> bool:
    """Tell whether a candidate is in its shadow, or came through it, that these reasons are not to push aside.

    One that came through waits for a person as a rule: were it pushed aside by what comes with every batch, no answer
    would ever be in time. The monitor's requests are about the champion that the candidate may replace: they push aside
    one that was trained for another reason, and none that was trained to answer such a request itself, or else drift
    that lasts would let no candidate get to the end of its shadow.
    """
    candidate = state.challenger or state.proven
    if model.release.shadow is None or candidate is None:
        return False
    trained_for = (state.training(candidate["training_id"]) or {}).get("reasons") or []
    pushing = {"person", "code", "staleness", "unfinished"}
    if not _ASKED_FOR & set(trained_for):
        pushing |= _ASKED_FOR
    return not pushing & set(reasons)


def new_batches(question: Question, state: ModelState) -> list[str]:
    """Return the mature batches that the last training did not know, or not as they are now."""
    last = state.get("last_training")
    if last is None:
        return question.seen
    seen, sequence = set(last["seen"]), last.get("dataset_sequence", 0)
    return [b["batch_id"] for b in question.mature if b["batch_id"] not in seen or b["sequence"] > sequence]


def open_training(model: ModelSpec, question: Question, state: ModelState) -> str | None:
    """Return the id of a training that asks this very question and still has a step before it."""
    return next((t["training_id"] for t in _same_question(question, state) if unfinished(model, t)), None)


def judged_before(model: ModelSpec, question: Question, state: ModelState) -> dict[str, Any] | None:
    """Return the last training that asked this very question and was judged."""
    judged = [t for t in _same_question(question, state) if not unfinished(model, t)]
    return max(judged, key=lambda t: int(t["sequence"]), default=None)


def unfinished(model: ModelSpec, training: dict[str, Any] | None) -> bool:
    """Tell whether a training still has a step before it."""
    if training is None:
        return False
    asks = training["status"] == "gate:inconclusive" and model.gate.on_inconclusive is OnInconclusive.ASK
    return asks or training["status"] in _UNFINISHED


def said(word: str, model: ModelSpec, question: Question, state: ModelState, person: str | None) -> str:
    """Return a reason or a brake as a sentence's part."""
    last = state.get("last_training") or {}
    judged = judged_before(model, question, state) or {}
    request = state.request("retrain") or {}
    new = new_batches(question, state)
    return {
        "first_model": "there is no model yet",
        "unfinished": f"training {last.get('training_id')} was not finished",
        "new_data": _new_data(question, last, new),
        "drift": f"drift: {request.get('reason')}",
        "performance": f"performance: {request.get('reason')}",
        "staleness": f"the last training is older than {model.retrain.every}",
        "code": "code or declaration changed",
        "person": f"asked for: {person or request.get('reason')}",
        "not_enough_batches": (
            f"{counted(len(question.mature), 'batch')} with mature labels and {model.train.holdout.batches} to hold out"
            " leave none to learn from"
        ),
        "nothing_new": f"nothing new since training {last.get('training_id')}"
        + (
            f" ({len(new)} of {model.retrain.new_batches} new batches)" if (new := new_batches(question, state)) else ""
        ),
        "cooldown": f"the last training is younger than {model.retrain.cooldown}",
        "refusals": (
            f"{state.refusals} candidates in a row were refused; a person starts the next training"
            f" (`loopwright train {model.name} --why …`, or the form), or changes code or declaration"
        ),
        "in_shadow": _in_shadow(state),
        "same_fingerprint": (
            f"same data, code, declaration and environment as training {judged.get('training_id')},"
            f" which {_came_to(judged)}"
        ),
    }[word]


def _in_shadow(state: ModelState) -> str:
    if state.proven:
        return f"version {state.proven['version']} proved itself beside the champion, and its release is waited for"
    version = (state.challenger or {}).get("version")
    return f"version {version} answers beside the champion, and what it comes to is waited for"


def _new_data(question: Question, last: Mapping[str, Any], new: list[str]) -> str:
    """Say what is new: batches, and labels of those that were published before and could not be learned from."""
    before = last.get("dataset_sequence")
    old = {b["batch_id"] for b in question.mature if before is not None and b["sequence"] <= before}
    late, fresh = [b for b in new if b in old], [b for b in new if b not in old]
    parts = {"new batches": fresh, "labels are final now of": late}
    return "; ".join(f"{what}: {shown_names(names)}" for what, names in parts.items() if names)


def _came_to(judged: Mapping[str, Any]) -> str:
    """Say how a training ended: for one that never came to the gate, what stopped it."""
    checks = (judged.get("verdict") or {}).get("checks") or []
    stopped = [
        check["why"] for check in checks if check["name"] == "trained" and check["outcome"] == Outcome.FAIL.value
    ]
    return f"could not be trained: {stopped[0]}" if stopped else f"came to {judged.get('status')}"


def _same_question(question: Question, state: ModelState) -> list[dict[str, Any]]:
    if question.fingerprint is None:
        return []
    same = (question.fingerprint, question.declaration_digest)
    return [t for t in state.under("training").values() if (t["fingerprint"], t["declaration_digest"]) == same]


def _age(last: dict[str, Any], now: datetime) -> timedelta:
    return now - datetime.fromisoformat(last["at"])
