"""What becomes of a dataset when a batch is published, set aside, or arrives again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loopwright.ledger.events import Event, Kind

if TYPE_CHECKING:
    from loopwright.ledger.folds.words import Changes, Entries, Fold


def _published(event: Event, entries: Entries) -> Changes:
    seen = event.evidence
    batch = seen["batch_id"]
    record = {
        key: seen.get(key)
        for key in ("batch_id", "rows", "content_digest", "data_version", "event_time", "columns", "arrival_digest")
    }
    return {
        f"batch/{batch}": {**record, "published_at": event.at, "sequence": event.sequence},
        f"arrival/{batch}": _arrival(event, "published"),
    }


def _quarantined(event: Event, entries: Entries) -> Changes:
    return {f"arrival/{event.evidence['batch_id']}": _arrival(event, "quarantined")}


def _repeated(event: Event, entries: Entries) -> Changes:
    batch = event.evidence["batch_id"]
    before = entries.get(f"arrival/{batch}") or {}
    return {f"arrival/{batch}": {**before, "signature": event.evidence["signature"]}}


def _arrival(event: Event, status: str) -> dict[str, Any]:
    seen = event.evidence
    return {
        "batch_id": seen["batch_id"],
        "status": status,
        "signature": seen["signature"],
        "digest": seen["arrival_digest"],
        "judged_by": seen.get("judged_by"),
        "rows": seen.get("rows"),
        "reason": event.reason,
        "report": seen.get("report"),
        "at": event.at,
        "sequence": event.sequence,
    }


FOLDS: dict[Kind, Fold] = {
    Kind.BATCH_PUBLISHED: _published,
    Kind.BATCH_QUARANTINED: _quarantined,
    Kind.ARRIVAL_REPEATED: _repeated,
}
