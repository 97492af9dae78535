"""What becomes of a model when a training is decided, done, judged and registered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.ledger.events import Event, Kind
from loopwright.ledger.folds import refusals

if TYPE_CHECKING:
    from loopwright.ledger.folds.words import Changes, Entries, Fold


def _training_decided(event: Event, entries: Entries) -> Changes:
    said = {**event.evidence, "at": event.at, "actor": event.actor, "reason": event.reason, "sequence": event.sequence}
    changes: Changes = {"decision": said}
    if event.evidence["train"]:
        training = event.evidence["training_id"]
        changes |= {
            f"training/{training}": {**said, "status": "decided"},
            "request/retrain": None,
            "last_training": said,
        }
    elif event.evidence.get("answered"):
        changes["request/retrain"] = None
    return changes


def _on_training(status: str) -> Fold:
    def change(event: Event, entries: Entries) -> Changes:
        key = f"training/{event.evidence['training_id']}"
        return {key: {**(entries.get(key) or {}), **event.evidence, "status": status}}

    return change


def _gate_decided(event: Event, entries: Entries) -> Changes:
    outcome = event.evidence["verdict"]["outcome"]
    key = f"training/{event.evidence['training_id']}"
    training = {**(entries.get(key) or {}), **event.evidence, "status": f"gate:{outcome}"}
    counted: Changes = {}
    if outcome == "pass":
        training, counted = refusals.passed(training, entries)
    elif event.evidence["refused"] and event.evidence.get("counts", True):
        counted = refusals.refused(entries)
    return {key: training, **counted, "last_verdict": {**event.evidence["verdict"], "at": event.at}}


def _overridden(event: Event, entries: Entries) -> Changes:
    key = f"training/{event.evidence['training_id']}"
    said = {**event.evidence["override"], "at": event.at}
    last = entries.get("last_verdict") or {}
    return {key: {**(entries.get(key) or {}), "override": said}, "last_verdict": {**last, "override": said}}


def _registered(event: Event, entries: Entries) -> Changes:
    version = event.evidence["version"]
    changes: Changes = {
        f"version/{version}": {**event.evidence, "status": "candidate", "registered_at": event.at},
        "candidate": version,
    }
    waiting = entries.get("candidate")
    if waiting and waiting != version:
        changes[f"version/{waiting}"] = {**entries[f"version/{waiting}"], "status": "superseded"}
    key = f"training/{event.evidence['training_id']}"
    changes[key] = {**(entries.get(key) or {}), "status": "registered", "version": version}
    return changes


FOLDS: dict[Kind, Fold] = {
    Kind.TRAINING_DECIDED: _training_decided,
    Kind.CANDIDATE_TRAINED: _on_training("trained"),
    Kind.GATE_DECIDED: _gate_decided,
    Kind.GATE_OVERRIDDEN: _overridden,
    Kind.CANDIDATE_REGISTERED: _registered,
}
