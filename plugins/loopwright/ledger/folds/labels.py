"""What is known of labels that come in files of their own, and which batches they cover."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.ledger.events import Event, Kind

if TYPE_CHECKING:
    from loopwright.ledger.folds.words import Changes, Entries, Fold


def _taken(event: Event, entries: Entries) -> Changes:
    """Let the file count last: a later file's label for a row stands; the table's version never goes back.

    Of two files taken in at once, the one written first may be recorded last: its version lacks the other.
    """
    name, labels = event.evidence["file"], entries.get("labels") or {}
    before, version = labels.get("files") or [], event.evidence["version"]
    return {
        f"labels_file/{name}": {**event.evidence, "status": "taken", "at": event.at},
        "labels": {
            "version": max(version, labels.get("version", version)),
            "files": [*(f for f in before if f != name), name],
        },
    }


def _refused(event: Event, entries: Entries) -> Changes:
    said = {**event.evidence, "status": "refused", "reason": event.reason, "at": event.at}
    return {f"labels_file/{event.evidence['file']}": said}


def _labelled(event: Event, entries: Entries) -> Changes:
    return {f"labelled/{batch}": {**found, "at": event.at} for batch, found in event.evidence["batches"].items()}


FOLDS: dict[Kind, Fold] = {
    Kind.LABELS_TAKEN: _taken,
    Kind.LABELS_REFUSED: _refused,
    Kind.BATCHES_LABELLED: _labelled,
}
