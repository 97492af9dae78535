"""What becomes of a dataset, and of the versions trained on it, when a person's rows are erased."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.ledger.events import Event, Kind

if TYPE_CHECKING:
    from loopwright.ledger.folds.words import Changes, Entries, Fold


def _begun(event: Event, entries: Entries) -> Changes:
    """Keep the plan, and mark its batches: who publishes one that was looked at before has stale rows in hand."""
    plan = event.evidence
    said = {**plan, "by": event.actor, "why": event.reason, "at": event.at}
    batches = {
        *plan.get("batches", ()),
        *plan.get("quarantine", ()),
        *plan.get("arrivals", ()),
        *plan.get("fetched", ()),
    }
    return {f"forgetting/{plan['request']}": said, **{f"forgot/{batch}": event.sequence for batch in batches}}


def _forgotten(event: Event, entries: Entries) -> Changes:
    """Point each batch at the table's version without the rows; they are part of its content no more.

    A batch that was published again meanwhile, or is in a later version of the table, stays where it is.
    """
    changes: Changes = {f"forgetting/{event.evidence['request']}": None}
    for batch, now in event.evidence["batches"].items():
        before = entries.get(f"batch/{batch}")
        if before is None or now.get("sequence", before["sequence"]) != before["sequence"]:
            continue
        if before["data_version"] <= now["data_version"]:
            changes[f"batch/{batch}"] = {**before, **now}
    if (version := event.evidence.get("labels_version")) is not None and (labels := entries.get("labels")):
        changes["labels"] = {**labels, "version": max(version, labels["version"])}
    seen = event.evidence.get("arrivals") or {}
    for batch, rows in event.evidence["quarantine"].items():
        arrival = entries.get(f"arrival/{batch}")
        if arrival is not None and seen.get(batch, arrival["sequence"]) == arrival["sequence"]:
            left = max(0, int(arrival.get("quarantined") or 0) - int(rows))
            changes[f"arrival/{batch}"] = {**arrival, "quarantined": left}
    return changes


def _marked(event: Event, entries: Entries) -> Changes:
    told = {"request": event.evidence["request"], "batches": event.evidence["batches"], "at": event.at}
    changes: Changes = {}
    for version in event.evidence["versions"]:
        before = entries[f"version/{version}"]
        changes[f"version/{version}"] = {**before, "forgotten": [*(before.get("forgotten") or []), told]}
    return changes


def _checked(event: Event, entries: Entries) -> Changes:
    return {"forgotten": {**event.evidence, "at": event.at}}


FOLDS: dict[Kind, Fold] = {
    Kind.FORGETTING_BEGUN: _begun,
    Kind.ROWS_FORGOTTEN: _forgotten,
    Kind.FORGETTING_CHECKED: _checked,
    Kind.VERSIONS_MARKED: _marked,
}
