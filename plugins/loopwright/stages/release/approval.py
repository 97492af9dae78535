"""A person's answer, bound to what the person saw: this artifact, on this verdict. If either changes, it is void."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.stages.release.conditions import ReleaseRefused, known_version

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.ledger.state import ModelState, State

Answer = Literal["asked", "given", "refused"]
_KINDS = {"asked": Kind.APPROVAL_ASKED, "given": Kind.APPROVAL_GIVEN, "refused": Kind.APPROVAL_REFUSED}


def record_approval(
    workspace: Workspace, model: ModelSpec, version: str, answer: Answer, by: str, reason: str
) -> Mapping[str, Any]:
    """Record that a person was asked about a version, or answered.

    The same answer on the same digests is recorded once, and asking again takes no answer back.

    :param answer: ``asked``, ``given`` or ``refused``.
    :param by: who, as an actor: ``person:ada``, or whoever asks.
    :param reason: one sentence.
    :return: the version's entry in the ledger, ``approval`` included.
    :raises UnknownName: if there is no such version.
    :raises ReleaseRefused: if the person may not approve, or the version is no longer the candidate.
    """
    if answer == "given":
        _may_approve(model, by)
    ledger = Ledger.of(workspace)

    def decision(state: State) -> Draft | None:
        entry = known_version(state, version)  # type: ignore[arg-type]
        digests = digests_of(state, version)  # type: ignore[arg-type]
        if _said_already(entry, answer, by, digests):
            return None
        if state.get("candidate") != version:
            raise ReleaseRefused(
                "An answer is about the version that waits for its release, and this one does not.",
                where=f"model/{model.name}",
                got=f"version {version}, which is {entry['status']}",
                allowed=f"version {state.get('candidate')}" if state.get("candidate") else "no version waits",
            )
        return Draft(_KINDS[answer], by, reason, {"version": version, "digests": digests})

    ledger.decide(f"model/{model.name}", decision)
    return ledger.model(model.name).version(version) or {}


def digests_of(state: ModelState, version: str) -> dict[str, str]:
    """Return what an approval is bound to: the artifact's digest, and that of the gate's verdict about it.

    :param state: the model's state.
    :param version: a registered version.
    """
    entry = known_version(state, version)
    verdict = (state.training(entry["training_id"]) or {}).get("verdict")
    said = json.dumps(verdict, sort_keys=True, separators=(",", ":"))
    return {"artifact": entry["artifact_digest"], "verdict": hashlib.sha256(said.encode()).hexdigest()}


def _said_already(entry: Mapping[str, Any], answer: Answer, by: str, digests: Mapping[str, str]) -> bool:
    said = entry.get("approval") or {}
    if said.get("digests") != digests:
        return False
    if answer == "asked":
        return bool(said["answer"] != "asked" or said["by"] == by)
    return bool(said["answer"] == answer)


def _may_approve(model: ModelSpec, by: str) -> None:
    allowed = model.release.approvers
    if allowed and by.removeprefix("person:") not in allowed:
        raise ReleaseRefused(
            "This person may not approve a release of this model.",
            where=f"include/models/{model.name}/model.yaml: release.approvers",
            got=by.removeprefix("person:"),
            allowed=allowed,
        )
