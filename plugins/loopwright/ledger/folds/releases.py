"""What becomes of a version on its way to production and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loopwright.ledger.events import Event, Kind
from loopwright.ledger.folds import refusals
from loopwright.ledger.folds.words import Changes, Entries, Fold, remembered

_NO = {"refused": "rejected", "expired": "expired"}
"""What an answer that is no makes of a version."""


def _rehearsed(event: Event, entries: Entries) -> Changes:
    key = f"version/{event.evidence['version']}"
    outcome = event.evidence["verdict"]["outcome"]
    changes: Changes = {key: {**entries[key], "rehearsal": outcome, "rehearsed_at": event.at}}
    if event.evidence.get("figures"):
        changes[key]["figures"] = event.evidence["figures"]
    if outcome == "fail" and entries.get("candidate") == event.evidence["version"]:
        changes[key]["status"] = "rejected"
        changes |= {"candidate": None, **refusals.refused_after_all(entries[key], entries)}
    return changes


def _approval(answer: str) -> Fold:
    def change(event: Event, entries: Entries) -> Changes:
        version = event.evidence["version"]
        key = f"version/{version}"
        said = {"answer": answer, "by": event.actor, "at": event.at, "digests": event.evidence.get("digests") or {}}
        changes: Changes = {key: {**entries[key], "approval": said | _asked_for(event, entries[key])}}
        if answer in _NO:
            changes[key]["status"] = _NO[answer]
            if entries.get("candidate") == version:
                changes["candidate"] = None
        return changes

    return change


def _asked_for(event: Event, version: Mapping[str, Any]) -> dict[str, Any]:
    """Return for whom it was asked, now and before: who asked stays known to whoever judges the answer."""
    before = version.get("approval") or {}
    asked_for = event.evidence.get("on_behalf_of") or before.get("on_behalf_of")
    if not asked_for:
        return {}
    earlier = {*(before.get("before_for") or []), before.get("on_behalf_of")} - {None, asked_for}
    return {"on_behalf_of": asked_for, **({"before_for": sorted(earlier)} if earlier else {})}


def _voided(event: Event, entries: Entries) -> Changes:
    """Fold an answer that counts for nothing: it ends the question that it answers, and no other."""
    key = f"version/{event.evidence['version']}"
    before = entries[key].get("approval") or {}
    if before.get("answer") != "asked" or before.get("by") != event.evidence.get("asker"):
        return {}
    return {key: {**entries[key], "approval": {**before, "answer": "voided", "by": event.actor, "at": event.at}}}


def _superseded(event: Event, entries: Entries) -> Changes:
    version = event.evidence["version"]
    changes: Changes = {f"version/{version}": {**entries[f"version/{version}"], "status": "superseded"}}
    return changes | ({"candidate": None} if entries.get("candidate") == version else {})


def _adoption_begun(event: Event, entries: Entries) -> Changes:
    return {f"adoption/{event.evidence['key']}": {**event.evidence, "at": event.at, "actor": event.actor}}


def _adopted(event: Event, entries: Entries) -> Changes:
    return {f"version/{event.evidence['version']}": {**event.evidence, "status": "adopted", "registered_at": event.at}}


def _reproduced(event: Event, entries: Entries) -> Changes:
    key = f"version/{event.evidence['version']}"
    said = {"outcome": event.evidence.get("outcome"), "why": event.reason, "at": event.at}
    return {key: {**entries[key], "reproduced": said}}


def _removed(event: Event, entries: Entries) -> Changes:
    key = f"version/{event.evidence['version']}"
    return {key: {**entries[key], "status": "removed", "removed_at": event.at}}


def _lost(event: Event, entries: Entries) -> Changes:
    """Fold that the registry has a version no more: who waited does not wait on; who is champion stays so."""
    version = event.evidence["version"]
    key = f"version/{version}"
    if entries.get("candidate") != version:
        return {key: {**entries[key], "lost": event.at}}
    return {key: {**entries[key], "lost": event.at, "status": "lost"}, "candidate": None}


def _intended(event: Event, entries: Entries) -> Changes:
    return {"release": {**event.evidence, "step": "intended", "at": event.at, "actor": event.actor}}


def _moved(event: Event, entries: Entries) -> Changes:
    return {"release": {**(entries.get("release") or {}), "step": "moved"}}


def _confirmed(event: Event, entries: Entries) -> Changes:
    version, back = event.evidence["version"], event.evidence["action"] == "roll_back"
    lineage = list(entries.get("lineage") or [])
    left = lineage[-1] if lineage else None
    # A request to roll back is about the champion that was: with another one it has no object any more.
    changes: Changes = {"release": None, "request/rollback": None, "lineage": _followed(lineage, version, back=back)}
    if left not in {None, version}:
        changes[f"version/{left}"] = {**entries[f"version/{left}"], "status": "rolled_back" if back else "retired"}
    found = {name: value for name, value in entries[f"version/{version}"].items() if name != "lost"}
    changes[f"version/{version}"] = {**found, "status": "champion", "since": event.at}
    if entries.get("candidate") == version:
        changes["candidate"] = None
    return {**changes, **_letters(event, entries)}


def _followed(lineage: list[str], version: str, *, back: bool) -> list[str]:
    """Return the way to the champion, once it is another: the way goes on, or back to where that one stood on it last.

    Whoever returns to a version that was left goes on from here, so that the champion of now is the one before it.
    """
    if lineage and lineage[-1] == version:
        return lineage
    if back and version in lineage:
        return lineage[: len(lineage) - lineage[::-1].index(version)]
    return [*lineage, version]


def _letters(event: Event, entries: Entries) -> Changes:
    """Put a letter to each target in the outbox, under a key that sorts by when it was."""
    release = entries.get("release") or {}
    digest = (entries.get(f"version/{event.evidence['version']}") or {}).get("artifact_digest")
    letter = {name: event.evidence.get(name) for name in ("version", "previous", "action")}
    letter |= {"artifact_digest": digest, "at": event.at, "actor": event.actor, "sequence": event.sequence}
    targets = event.evidence.get("tell") or release.get("tell") or []
    return {f"outbox/{event.sequence:09d}/{name}": {**letter, "target": name} for name in targets}


def _target_told(event: Event, entries: Entries) -> Changes:
    seen = event.evidence
    return {f"outbox/{seen['letter']}": None, f"told/{seen['target']}": {"version": seen["version"], "at": event.at}}


def _target_failed(event: Event, entries: Entries) -> Changes:
    key = f"outbox/{event.evidence['letter']}"
    letter = entries.get(key)
    if letter is None or event.evidence.get("dropped"):
        return {key: None}
    return {key: {**letter, "failed": event.reason, "failed_at": event.at}}


def _abandoned(event: Event, entries: Entries) -> Changes:
    return {"release": None}


FOLDS: dict[Kind, Fold] = {
    Kind.REHEARSED: _rehearsed,
    Kind.APPROVAL_ASKED: _approval("asked"),
    Kind.APPROVAL_GIVEN: _approval("given"),
    Kind.APPROVAL_REFUSED: _approval("refused"),
    Kind.APPROVAL_EXPIRED: _approval("expired"),
    Kind.APPROVAL_VOIDED: _voided,
    Kind.CANDIDATE_SUPERSEDED: _superseded,
    Kind.ADOPTION_BEGUN: _adoption_begun,
    Kind.VERSION_ADOPTED: _adopted,
    Kind.VERSION_REPRODUCED: _reproduced,
    Kind.VERSION_LOST: _lost,
    Kind.VERSION_REMOVED: _removed,
    Kind.RELEASE_INTENDED: _intended,
    Kind.RELEASE_MOVED: _moved,
    Kind.RELEASE_CONFIRMED: _confirmed,
    Kind.RELEASE_ABANDONED: _abandoned,
    Kind.TARGET_TOLD: _target_told,
    Kind.TARGET_FAILED: _target_failed,
    Kind.ALIAS_FOUND_MOVED: remembered("alias_found"),
}
