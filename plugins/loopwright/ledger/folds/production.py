"""What becomes of a model as its champion scores, is watched, and is asked after."""

from __future__ import annotations

from loopwright.ledger.events import Event, Kind
from loopwright.ledger.folds.words import Changes, Entries, Fold, remembered


def _scored(event: Event, entries: Entries) -> Changes:
    return {f"scored/{event.evidence['batch_id']}": {**event.evidence, "at": event.at, "sequence": event.sequence}}


def _monitored(event: Event, entries: Entries) -> Changes:
    return {f"monitored/{event.evidence['batch_id']}": {**event.evidence, "at": event.at, "sequence": event.sequence}}


def _requested(what: str) -> Fold:
    def change(event: Event, entries: Entries) -> Changes:
        return {f"request/{what}": {**event.evidence, "reason": event.reason, "at": event.at, "actor": event.actor}}

    return change


FOLDS: dict[Kind, Fold] = {
    Kind.BATCH_SCORED: _scored,
    Kind.BATCH_MONITORED: _monitored,
    Kind.RETRAIN_REQUESTED: _requested("retrain"),
    Kind.ROLLBACK_REQUESTED: _requested("rollback"),
    Kind.CI_JUDGED: remembered("ci"),
}
