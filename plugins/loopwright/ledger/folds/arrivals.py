"""What becomes of a dataset when a batch is published, set aside, or arrives again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loopwright.ledger.events import Event, Kind

if TYPE_CHECKING:
    from loopwright.ledger.folds.words import Changes, Entries, Fold


_KEPT = (
    "batch_id",
    "rows",
    "content_digest",
    "data_version",
    "event_time",
    "columns",
    "arrival_digest",
    "rows_read",
    "quarantined",
    "cleaned",
    "dropped",
)
"""What a published batch is known by."""


def _published(event: Event, entries: Entries) -> Changes:
    seen = event.evidence
    batch = seen["batch_id"]
    record = {key: seen.get(key) for key in _KEPT}
    return {
        f"batch/{batch}": {**record, "published_at": event.at, "sequence": event.sequence},
        f"arrival/{batch}": _arrival(event, "published"),
        **_ruling_after(event, entries),
        **_erasing(event, None),
    }


def _quarantined(event: Event, entries: Entries) -> Changes:
    batch = event.evidence["batch_id"]
    return {
        f"arrival/{batch}": _arrival(event, "quarantined"),
        **_ruling_after(event, entries),
        **_erasing(event, None),
    }


def _query_begun(event: Event, entries: Entries) -> Changes:
    return {"window": dict(event.evidence)}


def _query_fetched(event: Event, entries: Entries) -> Changes:
    return {"window": None, "watermark": event.evidence["until"]}


def _hash_key(event: Event, entries: Entries) -> Changes:
    """Keep the first: whoever has another key is refused."""
    said = {"fingerprint": event.evidence["fingerprint"], "at": event.at}
    return {"hash_key": entries.get("hash_key") or said}


def _asked(event: Event, entries: Entries) -> Changes:
    return {f"asked/{event.evidence['batch_id']}": {**event.evidence, "actor": event.actor, "at": event.at}}


def _ruled(event: Event, entries: Entries) -> Changes:
    said = {**event.evidence, "by": event.actor, "why": event.reason, "at": event.at, "sequence": event.sequence}
    return {f"ruling/{event.evidence['batch_id']}": {**said, "done": False}}


def _ruling_after(event: Event, entries: Entries) -> Changes:
    """Return a batch's ruling as done by what it asked for, or void when other bytes came since."""
    key = f"ruling/{event.evidence['batch_id']}"
    ruling = entries.get(key)
    if ruling is None:
        return {}
    if event.evidence.get("ruling") == ruling["sequence"]:
        return {key: {**ruling, "done": True}}
    return {} if ruling["arrival_digest"] == event.evidence["arrival_digest"] else {key: None}


def _dropped(event: Event, entries: Entries) -> Changes:
    """Give a batch that was set aside whole its answer; one that was published in part stays published."""
    batch = event.evidence["batch_id"]
    before = entries[f"arrival/{batch}"]
    status = "dropped" if before["status"] == "quarantined" else before["status"]
    now = {**before, "status": status, "quarantined": 0, "moved": event.sequence}
    return {f"arrival/{batch}": now, **_ruling_after(event, entries)}


def _expired(event: Event, entries: Entries) -> Changes:
    changes = _dropped(event, entries)
    batch, digest = event.evidence["batch_id"], event.evidence.get("arrival_digest")
    arrival = {**changes[f"arrival/{batch}"], "held": None}
    return {f"arrival/{batch}": arrival, f"ruling/{batch}": None, **_erasing(event, digest)}


def _erasing(event: Event, digest: str | None) -> Changes:
    """Return what is to be erased now that nothing refers to it: held files, and rows that came with these bytes.

    Events of earlier releases say nothing of it: theirs was erased before they were recorded.
    """
    if not event.evidence.get("let_go") and (digest is None or "let_go" not in event.evidence):
        return {}
    said = {"batch_id": event.evidence["batch_id"], "digest": digest, "held": event.evidence["let_go"]}
    return {f"erasing/{event.sequence}": {**said, "sequence": event.sequence}}


def _erased(event: Event, entries: Entries) -> Changes:
    return {f"erasing/{sequence}": None for sequence in event.evidence["of"]}


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
        "beside": seen.get("beside"),
        "rows": seen.get("rows"),
        "quarantined": seen.get("quarantined", seen.get("rows") if status == "quarantined" else 0) or 0,
        "held": seen.get("held"),
        "reason": event.reason,
        "report": seen.get("report"),
        "at": event.at,
        "sequence": event.sequence,
        **({"superseded": seen["superseded"]} if seen.get("superseded") else {}),
    }


FOLDS: dict[Kind, Fold] = {
    Kind.BATCH_PUBLISHED: _published,
    Kind.BATCH_QUARANTINED: _quarantined,
    Kind.QUERY_BEGUN: _query_begun,
    Kind.QUERY_FETCHED: _query_fetched,
    Kind.ARRIVAL_REPEATED: _repeated,
    Kind.HASH_KEY_SET: _hash_key,
    Kind.QUARANTINE_ASKED: _asked,
    Kind.QUARANTINE_RULED: _ruled,
    Kind.QUARANTINE_DROPPED: _dropped,
    Kind.QUARANTINE_EXPIRED: _expired,
    Kind.LEFTOVERS_ERASED: _erased,
}
