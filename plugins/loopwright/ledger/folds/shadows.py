"""What becomes of a candidate that answers beside the champion before it may take its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.ledger.events import Event, Kind
from loopwright.ledger.folds import refusals

if TYPE_CHECKING:
    from loopwright.ledger.folds.words import Changes, Entries, Fold


def _started(event: Event, entries: Entries) -> Changes:
    """Fold a beginning; ``phase`` is where a canary, or shares of the traffic, would say that they are one."""
    key = f"version/{event.evidence['version']}"
    kept = ("phase", "champion", "batches", "dataset_sequence")
    said = {name: event.evidence[name] for name in kept}
    return {key: {**entries[key], "shadow": {**said, "looks": 0, "at": event.at}}}


def _shadowed(event: Event, entries: Entries) -> Changes:
    seen = event.evidence
    return {f"shadowed/{seen['version']}/{seen['batch_id']}": {**seen, "at": event.at}}


def _decided(event: Event, entries: Entries) -> Changes:
    """Fold a verdict: a no ends the candidate, and where the data could not tell one more batch is waited for."""
    version, said = event.evidence["version"], event.evidence["then"]
    key = f"version/{version}"
    shadow = {**entries[key]["shadow"], "verdict": event.evidence["verdict"], "then": said, "judged_at": event.at}
    shadow["looks"] += 1
    if said == "wait":
        shadow["batches"] = event.evidence["judged"] + 1
    changes: Changes = {key: {**entries[key], "shadow": shadow}}
    if said == "ask":
        changes[key]["ask"] = True
    if said == "refuse":
        changes[key]["status"] = "rejected"
        if entries.get("candidate") == version:
            changes["candidate"] = None
        changes |= refusals.refused_after_all(entries[key], entries, counts=event.evidence["counts"])
    return changes


FOLDS: dict[Kind, Fold] = {
    Kind.SHADOW_STARTED: _started,
    Kind.BATCH_SHADOWED: _shadowed,
    Kind.SHADOW_DECIDED: _decided,
}
