"""A person's answer, bound to what the person saw: this artifact, on this verdict. If either changes, it is void.

What must stay true: who asked for a training or a release does not approve it, unless declared; only whom the
declaration names answers; an answer comes in time or not at all; and whatever came to nothing is on record too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, cast

from loopwright.declaration.fields import duration_text
from loopwright.errors import UnknownName, shown_names
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.stages.release.conditions import ReleaseRefused, is_still_to_prove, known_version
from loopwright.stages.release.consent import PERSON, digests_of, is_over, may_answer, requesters, void

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.ledger.state import ModelState, State

Word = Literal["asked", "given", "refused", "expired"]
_KINDS = {
    "asked": Kind.APPROVAL_ASKED,
    "given": Kind.APPROVAL_GIVEN,
    "refused": Kind.APPROVAL_REFUSED,
    "expired": Kind.APPROVAL_EXPIRED,
}


@dataclass(frozen=True)
class Said:
    """What is to be recorded about an approval.

    :param word: ``asked``, ``given``, ``refused``, or ``expired`` when nobody answered in time.
    :param by: who, as an actor: ``person:ada``, or whoever asks.
    :param reason: one sentence.
    :param on_behalf_of: the person for whom it is asked, as an actor, who may not be the one to answer.
    :param to: whose question was answered, as the actor that asked: it is over then, whatever the answer is worth.
    """

    word: Word
    by: str
    reason: str
    on_behalf_of: str | None = None
    to: str | None = None


def record_approval(
    workspace: Workspace,
    model: ModelSpec,
    version: str,
    answer: Word,
    by: str,
    reason: str,
    *,
    on_behalf_of: str | None = None,
    to: str | None = None,
    now: datetime | None = None,
) -> Mapping[str, Any]:
    """Record that a person was asked about a version, or answered.

    The same answer on the same digests is recorded once, and asking again takes no answer back that still counts. Nor
    does a question's time-out: it ends the question that still waits, and no answer that a person gave by another way
    meanwhile.

    :param answer: as :class:`Said` has it, and so ``by``, ``reason``, ``on_behalf_of`` and ``to``.
    :param now: the present, when it is not now.
    :return: the version's entry in the ledger, ``approval`` included.
    :raises UnknownName: if there is no such version.
    :raises ReleaseRefused: if the person may not answer, the time for it is over, or the version is no longer the
        candidate. What was said is on record then, and counts for nothing.
    """
    said, moment = Said(answer, by, reason, on_behalf_of, to), now or datetime.now(UTC)
    ledger, refusal = Ledger.of(workspace), list[ReleaseRefused]()

    def decision(state: State) -> Draft | None:
        refusal.clear()
        known = cast("ModelState", state)
        entry = _known(known, version)
        digests = digests_of(known, version)
        if _said_already(entry, said, digests, void(model, known, entry, moment)):
            return None
        _require_candidate(known, entry)
        if answer == "given":
            _require_compared(model, known, entry)
        draft, why_not = _recorded(model, known, entry, said, moment)
        refusal.extend([why_not] if why_not else [])
        return Draft(draft.kind, draft.actor, draft.reason, {**draft.evidence, "version": version, "digests": digests})

    ledger.decide(f"model/{model.name}", decision)
    if refusal:
        raise refusal[0]
    return ledger.model(model.name).version(version) or {}


def overdue(model: ModelSpec, state: ModelState) -> str | None:
    """Return the version about which a person was asked, and nobody answered in time; ``None`` when none is.

    :param model: the model's declaration.
    :param state: its state.
    """
    candidate = state.candidate or {}
    approval = candidate.get("approval") or {}
    over = approval.get("answer") == "asked" and is_over(model, approval, datetime.now(UTC))
    return str(candidate["version"]) if over else None


def unanswered(model: ModelSpec) -> str:
    """Return the sentence about a question that nobody answered in time.

    :param model: the model's declaration.
    """
    return f"Nobody answered within {duration_text(model.release.timeout)}, which is a no."


def _recorded(
    model: ModelSpec, state: ModelState, entry: Mapping[str, Any], said: Said, now: datetime
) -> tuple[Draft, ReleaseRefused | None]:
    """Return what goes on record, and why it counts for nothing if it does not."""
    asked = {"on_behalf_of": said.on_behalf_of} if said.word == "asked" else {}
    draft = Draft(_KINDS[said.word], said.by, said.reason, asked)
    if said.word in {"asked", "expired"}:
        return draft, None
    approval = entry.get("approval") or {}
    if approval.get("answer") == "asked" and is_over(model, approval, now):
        late = f"Nobody answered within {duration_text(model.release.timeout)}; {_name(said.by)} did later."
        return Draft(Kind.APPROVAL_EXPIRED, "release", late), _too_late(model, state, approval)
    why_not = _not_the_one_to_answer(model, state, entry, said)
    if why_not:
        said_in_vain = f"{_name(said.by)} said {_KINDS[said.word].value.partition('_')[2]}: {why_not.what}"
        return Draft(Kind.APPROVAL_VOIDED, said.by, said_in_vain, {"asker": said.to}), why_not
    return draft, None


def _not_the_one_to_answer(
    model: ModelSpec, state: ModelState, entry: Mapping[str, Any], said: Said
) -> ReleaseRefused | None:
    allowed = model.release.approvers
    if not may_answer(model, said.by):
        return ReleaseRefused(
            f"This person may not {'approve' if said.word == 'given' else 'refuse'} a release of this model.",
            where=f"include/models/{model.name}/model.yaml: release.approvers",
            got=_name(said.by),
            allowed=shown_names(allowed),
        )
    if said.word == "given" and not model.release.self_approval and said.by in requesters(state, entry):
        return ReleaseRefused(
            "Who asked for a release does not approve it.",
            where=f"model/{model.name}, version {entry['version']}",
            got=_name(said.by),
            allowed="anyone else" if not allowed else shown_names([a for a in allowed if a != _name(said.by)]),
            mend="Let somebody else answer, or declare release.self_approval: true.",
        )
    return None


def _too_late(model: ModelSpec, state: ModelState, approval: Mapping[str, Any]) -> ReleaseRefused:
    return ReleaseRefused(
        "The time to answer is over, which is a no.",
        where=state.subject,
        got=f"asked at {approval['at'][:19]}",
        allowed=f"an answer within {duration_text(model.release.timeout)}",
        mend="Train again, or wait for the next candidate; release.timeout gives more time.",
    )


def _require_candidate(state: ModelState, entry: Mapping[str, Any]) -> None:
    if state.get("candidate") != entry["version"]:
        raise ReleaseRefused(
            "An answer is about the version that waits for its release, and this one does not.",
            where=state.subject,
            got=f"version {entry['version']}, which is {entry['status']}",
            allowed=_waiting(state),
            mend=_LOOK.format(state.subject.removeprefix("model/")),
        )


def _require_compared(model: ModelSpec, state: ModelState, entry: Mapping[str, Any]) -> None:
    """Take no yes before the shadow is over: it is bound to what comes of it, and would count for nothing then."""
    if is_still_to_prove(model, state, entry):
        raise ReleaseRefused(
            "This version is still to prove itself beside the champion: a yes is about what that comes to as well.",
            where=f"{state.subject}, version {entry['version']}",
            allowed="a yes when it is asked for, after release.shadow.batches; a no at any time",
            mend=_LOOK.format(state.subject.removeprefix("model/")),
        )


def _known(state: ModelState, version: str) -> Mapping[str, Any]:
    """Return what is known of a version that somebody answers about; of others only the one that waits is named."""
    try:
        return known_version(state, version)
    except UnknownName as error:
        mend = _LOOK.format(state.subject.removeprefix("model/"))
        raise UnknownName(error.what, where=error.where, allowed=_waiting(state), mend=mend) from None


_LOOK = "`loopwright status {}` says what waits."


def _waiting(state: ModelState) -> str:
    return f"version {state.get('candidate')}" if state.get("candidate") else "no version waits"


def _said_already(entry: Mapping[str, Any], said: Said, digests: Mapping[str, str], void: str | None) -> bool:
    before = entry.get("approval") or {}
    if said.word == "expired":
        return before.get("answer") != "asked" or said.to not in (None, before["by"])
    if before.get("digests") != digests or void:  # else who says yes again after theirs lapsed would be unheard
        return False
    if said.word == "asked":
        return bool(before["answer"] == "given" or (before["answer"] == "asked" and before["by"] == said.by))
    return bool(before["answer"] == said.word)


def _name(actor: str) -> str:
    return actor.removeprefix(PERSON)
