"""Whether a release needs a person's yes, and what makes the yes that stands void.

Asked here by whoever releases, asks, records an answer or says how things stand, so that nobody says that all is well
while a release waits. What must stay true: a yes counts for the artifact and the verdicts that it was about, in time,
from whom the declaration names now, and from somebody else than who asked for it, unless declared.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from loopwright.declaration.fields import duration_text
from loopwright.errors import shown_names

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec
    from loopwright.ledger.state import ModelState

PERSON = "person:"
"""How a person's name begins as an actor."""
CLOCKS = timedelta(minutes=5)
"""How far the clocks of two machines may be apart: a yes from further ahead would count for longer than declared."""


def is_needed(model: ModelSpec, entry: Mapping[str, Any]) -> bool:
    """Whether a person has to approve a version: declared so, or its verdict leaves it to a person.

    :param model: the model's declaration.
    :param entry: what the ledger knows of the version.
    """
    return model.release.approval == "required" or bool(entry.get("ask"))


def missing(model: ModelSpec, state: ModelState, entry: Mapping[str, Any], now: datetime) -> str | None:
    """Return why no yes that counts is there, a phrase; ``None`` when one is, or none is needed.

    :param model: the model's declaration.
    :param state: the model's state.
    :param entry: the version.
    :param now: the present.
    """
    if not is_needed(model, entry):
        return None
    said = entry.get("approval") or {}
    if said.get("answer") != "given":
        return _MISSING.get(str(said.get("answer")), "a person has to approve it, and nobody has yet")
    return void(model, state, entry, now)


_MISSING = {
    "refused": "a person has to approve it, and one refused it",
    "expired": "a person has to approve it, and nobody answered in time",
    "voided": "a person has to approve it, and who answered may not",
}


def void(model: ModelSpec, state: ModelState, entry: Mapping[str, Any], now: datetime) -> str | None:
    """Return why the yes that stands counts for nothing, a phrase; ``None`` when it counts, or none stands.

    :param model: the model's declaration.
    :param state: the model's state.
    :param entry: the version.
    :param now: the present.
    """
    said = entry.get("approval") or {}
    if said.get("answer") != "given":
        return None
    if said["digests"] != digests_of(state, entry["version"]):
        return f"{said['by']} approved something else: its digests have changed"
    if datetime.fromisoformat(said["at"]) > now + CLOCKS:
        return f"{said['by']} approved it at {said['at'][:19]}, which is still to come by the clock of this machine"
    if is_over(model, said, now):
        limit = duration_text(model.release.timeout)
        return f"{said['by']} approved it at {said['at'][:19]}, which is longer ago than {limit}"
    if not may_answer(model, said["by"]):
        named = shown_names(model.release.approvers)
        return f"{said['by']} approved it, whom release.approvers does not name (any more): {named}"
    if not model.release.self_approval and said["by"] in requesters(state, entry):
        return f"{said['by']} asked for it and approved it: somebody else has to"
    return None


def may_answer(model: ModelSpec, by: str) -> bool:
    """Whether somebody is among those whom the declaration lets answer.

    :param model: the model's declaration.
    :param by: who answers, as an actor.
    """
    allowed = model.release.approvers
    return not allowed or not by.startswith(PERSON) or by.removeprefix(PERSON) in allowed


def digests_of(state: ModelState, version: str) -> dict[str, str]:
    """Return what an approval is bound to: the artifact's digest, and those of the verdicts about it.

    :param state: the model's state.
    :param version: a registered version.
    """
    entry = state.version(version) or {}
    verdict = (state.training(entry["training_id"]) or {}).get("verdict")
    said = json.dumps(verdict, sort_keys=True, separators=(",", ":"))
    digests = {"artifact": entry["artifact_digest"], "verdict": hashlib.sha256(said.encode()).hexdigest()}
    live = (entry.get("shadow") or {}).get("verdict")
    if live:
        said = json.dumps(live, sort_keys=True, separators=(",", ":"))
        digests["shadow"] = hashlib.sha256(said.encode()).hexdigest()
    return digests


def is_over(model: ModelSpec, approval: Mapping[str, Any] | None, now: datetime) -> bool:
    """Whether the time to answer a question, or to use the answer, is over.

    :param model: the model's declaration.
    :param approval: as a version's entry has it.
    :param now: the present.
    """
    if not approval or approval["answer"] not in {"asked", "given"}:
        return False
    return bool(now - datetime.fromisoformat(approval["at"]) >= model.release.timeout)


def requesters(state: ModelState, entry: Mapping[str, Any]) -> list[str]:
    """Return the persons, as actors, who asked for a version's training or release.

    :param state: the model's state.
    :param entry: the version.
    """
    training = state.training(entry["training_id"]) or {}
    override, approval = training.get("override") or {}, entry.get("approval") or {}
    asked = [
        training.get("actor"),
        override.get("by"),
        override.get("typed_by"),  # else whoever gives another's name approves what they let through
        approval.get("on_behalf_of"),
        *(approval.get("before_for") or []),
    ]
    return [str(actor) for actor in asked if str(actor or "").startswith(PERSON)]
