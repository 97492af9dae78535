"""State as a fold over events: pure functions from an event to the few entries that it changes.

A subject's state is a mapping from entry keys (``batch/2013-01``, ``champion``) to JSON values, so that an event
rewrites only what it touches, however many batches a dataset has. ``fold`` is the only writer of entries; the
store keeps them materialised in the same transaction as the event.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from loopwright.ledger.events import Event, Kind

Entries = Mapping[str, Any]
Changes = dict[str, Any]
"""Entry key to its new value; ``None`` removes the entry."""

_DIGITS = re.compile(r"(\d+)")


def natural(text: str) -> tuple[tuple[int, int | str], ...]:
    """Return a sort key in which ``batch-9`` comes before ``batch-10``.

    :param text: a batch id.
    """
    return tuple((0, int(part)) if part.isdecimal() else (1, part) for part in _DIGITS.split(text) if part)


def place_in_time(event_time: Mapping[str, str] | None, batch_id: str) -> tuple[str, tuple[tuple[int, int | str], ...]]:
    """Return a sort key that puts batches in the order in which they happened.

    Half of a batch must be wrong about the time before the batch moves: one stray row from the future moves nothing.

    :param event_time: ``min``, ``median`` and ``max``; ``None`` where there is none. Batches that were published
        before the median was recorded go by their ``max``.
    :param batch_id: decides where the time does not.
    """
    times = event_time or {}
    return times.get("median") or times.get("max") or "", natural(batch_id)


@dataclass(frozen=True)
class State:
    """What is true of a subject now.

    :param subject: ``dataset/<name>``, ``model/<name>`` or ``project``.
    :param sequence: of the last event; 0 when nothing ever happened.
    :param entries: the folded entries.
    """

    subject: str
    sequence: int = 0
    entries: Entries = field(default_factory=dict)

    def get(self, key: str) -> Any:
        """Return one entry, or ``None``."""
        return self.entries.get(key)

    def under(self, prefix: str) -> dict[str, Any]:
        """Return the entries below ``prefix/``, by the rest of their key."""
        start = f"{prefix}/"
        return {key.removeprefix(start): value for key, value in self.entries.items() if key.startswith(start)}


class DatasetState(State):
    """What is true of a dataset."""

    def published(self) -> list[dict[str, Any]]:
        """Return the published batches, oldest first: by event time where there is one, else by batch id.

        Each holds ``batch_id``, ``rows``, ``content_digest``, ``data_version``, ``event_time`` (``min``, ``median``,
        ``max``, ISO 8601, or ``None``), ``published_at`` and ``sequence``.
        """
        batches = self.under("batch").values()
        return sorted(batches, key=lambda batch: place_in_time(batch["event_time"], batch["batch_id"]))

    def set_aside(self) -> list[dict[str, Any]]:
        """Return the last handled arrivals that are in quarantine, as :meth:`arrival` does."""
        return [arrival for arrival in self.under("arrival").values() if arrival["status"] == "quarantined"]

    def arrival(self, batch_id: str) -> dict[str, Any] | None:
        """Return the last handled arrival of a batch: ``signature``, ``digest``, ``status``, ``judged_by``."""
        found: dict[str, Any] | None = self.get(f"arrival/{batch_id}")
        return found


class ModelState(State):
    """What is true of a model."""

    @property
    def champion(self) -> dict[str, Any] | None:
        """The version in production: ``version``, ``run_id``, ``artifact_digest``, ``training_id``, ``since``."""
        lineage = self.lineage
        return self.version(lineage[-1]) if lineage else None

    @property
    def previous(self) -> dict[str, Any] | None:
        """The champion before this one, which a roll back returns to."""
        lineage = self.lineage
        return self.version(lineage[-2]) if len(lineage) > 1 else None

    @property
    def lineage(self) -> list[str]:
        """Versions in the order they became champion; a roll back removes the last."""
        return list(self.get("lineage") or [])

    @property
    def candidate(self) -> dict[str, Any] | None:
        """The newest registered version that waits for its release."""
        version = self.get("candidate")
        return self.version(version) if version else None

    @property
    def release(self) -> dict[str, Any] | None:
        """A release that was intended and is not confirmed yet: ``version``, ``previous``, ``action``, ``step``."""
        found: dict[str, Any] | None = self.get("release")
        return found

    @property
    def decision(self) -> dict[str, Any] | None:
        """The last decision whether to train."""
        found: dict[str, Any] | None = self.get("decision")
        return found

    @property
    def refusals(self) -> int:
        """Refused candidates since the last that passed; one that was merely no better than the champion is none."""
        return int(self.get("refusals") or 0)

    def version(self, version: str) -> dict[str, Any] | None:
        """Return what is known of a registered version; ``status`` says where it stands."""
        found: dict[str, Any] | None = self.get(f"version/{version}")
        return found

    @property
    def released(self) -> list[dict[str, Any]]:
        """Every version that ever was champion, whatever became of it since."""
        return [entry for entry in self.under("version").values() if "since" in entry]

    def training(self, training_id: str) -> dict[str, Any] | None:
        """Return one training by its id; ``status`` says how far it came."""
        found: dict[str, Any] | None = self.get(f"training/{training_id}")
        return found

    def request(self, what: str) -> dict[str, Any] | None:
        """Return the open request to ``retrain`` or to ``rollback``, if any."""
        found: dict[str, Any] | None = self.get(f"request/{what}")
        return found


VIEWS: dict[str, type[State]] = {"dataset": DatasetState, "model": ModelState}


def view(subject: str, sequence: int, entries: Entries) -> State:
    """Return entries as the state of their kind of subject."""
    return VIEWS.get(subject.partition("/")[0], State)(subject, sequence, entries)


def fold(event: Event, entries: Entries) -> Changes:
    """Return the entries that an event changes.

    :param event: the event.
    :param entries: the subject's entries before it.
    """
    return _FOLDS[event.kind](event, entries)


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
    return changes


def _on_training(status: str) -> Callable[[Event, Entries], Changes]:
    def change(event: Event, entries: Entries) -> Changes:
        key = f"training/{event.evidence['training_id']}"
        return {key: {**(entries.get(key) or {}), **event.evidence, "status": status}}

    return change


def _gate_decided(event: Event, entries: Entries) -> Changes:
    outcome = event.evidence["verdict"]["outcome"]
    key = f"training/{event.evidence['training_id']}"
    training = {**(entries.get(key) or {}), **event.evidence, "status": f"gate:{outcome}"}
    refusals = int(entries.get("refusals") or 0)
    if outcome == "pass":
        refusals = 0
    elif event.evidence["refused"] and event.evidence.get("counts", True):
        refusals += 1
    return {key: training, "refusals": refusals, "last_verdict": {**event.evidence["verdict"], "at": event.at}}


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


def _rehearsed(event: Event, entries: Entries) -> Changes:
    key = f"version/{event.evidence['version']}"
    outcome = event.evidence["verdict"]["outcome"]
    changes: Changes = {key: {**entries[key], "rehearsal": outcome, "rehearsed_at": event.at}}
    if outcome == "fail" and entries.get("candidate") == event.evidence["version"]:
        changes[key]["status"] = "rejected"
        changes["candidate"] = None
    return changes


def _approval(answer: str) -> Callable[[Event, Entries], Changes]:
    def change(event: Event, entries: Entries) -> Changes:
        version = event.evidence["version"]
        key = f"version/{version}"
        said = {"answer": answer, "by": event.actor, "at": event.at, "digests": event.evidence.get("digests") or {}}
        changes: Changes = {key: {**entries[key], "approval": said}}
        if answer == "refused":
            changes[key]["status"] = "rejected"
            if entries.get("candidate") == version:
                changes["candidate"] = None
        return changes

    return change


def _intended(event: Event, entries: Entries) -> Changes:
    return {"release": {**event.evidence, "step": "intended", "at": event.at, "actor": event.actor}}


def _moved(event: Event, entries: Entries) -> Changes:
    return {"release": {**(entries.get("release") or {}), "step": "moved"}}


def _confirmed(event: Event, entries: Entries) -> Changes:
    version, action = event.evidence["version"], event.evidence["action"]
    lineage = list(entries.get("lineage") or [])
    # A request to roll back is about the champion that was: with another one it has no object any more.
    changes: Changes = {"release": None, "request/rollback": None}
    if action == "roll_back":
        left = lineage[-1] if lineage else None
        lineage = lineage[: lineage.index(version) + 1] if version in lineage else [version]
        if left and left != version:
            changes[f"version/{left}"] = {**entries[f"version/{left}"], "status": "rolled_back"}
    else:
        if lineage and lineage[-1] != version:
            changes[f"version/{lineage[-1]}"] = {**entries[f"version/{lineage[-1]}"], "status": "retired"}
        lineage = [*[v for v in lineage if v != version], version]
    changes[f"version/{version}"] = {**entries[f"version/{version}"], "status": "champion", "since": event.at}
    if entries.get("candidate") == version:
        changes["candidate"] = None
    return {**changes, "lineage": lineage}


def _abandoned(event: Event, entries: Entries) -> Changes:
    return {"release": None}


def _scored(event: Event, entries: Entries) -> Changes:
    return {f"scored/{event.evidence['batch_id']}": {**event.evidence, "at": event.at, "sequence": event.sequence}}


def _monitored(event: Event, entries: Entries) -> Changes:
    return {f"monitored/{event.evidence['batch_id']}": {**event.evidence, "at": event.at, "sequence": event.sequence}}


def _requested(what: str) -> Callable[[Event, Entries], Changes]:
    def change(event: Event, entries: Entries) -> Changes:
        return {f"request/{what}": {**event.evidence, "reason": event.reason, "at": event.at, "actor": event.actor}}

    return change


def _remembered(key: str) -> Callable[[Event, Entries], Changes]:
    def change(event: Event, entries: Entries) -> Changes:
        return {key: {**event.evidence, "reason": event.reason, "at": event.at}}

    return change


_FOLDS: dict[Kind, Callable[[Event, Entries], Changes]] = {
    Kind.BATCH_PUBLISHED: _published,
    Kind.BATCH_QUARANTINED: _quarantined,
    Kind.ARRIVAL_REPEATED: _repeated,
    Kind.TRAINING_DECIDED: _training_decided,
    Kind.CANDIDATE_TRAINED: _on_training("trained"),
    Kind.GATE_DECIDED: _gate_decided,
    Kind.CANDIDATE_REGISTERED: _registered,
    Kind.REHEARSED: _rehearsed,
    Kind.APPROVAL_ASKED: _approval("asked"),
    Kind.APPROVAL_GIVEN: _approval("given"),
    Kind.APPROVAL_REFUSED: _approval("refused"),
    Kind.RELEASE_INTENDED: _intended,
    Kind.RELEASE_MOVED: _moved,
    Kind.RELEASE_CONFIRMED: _confirmed,
    Kind.RELEASE_ABANDONED: _abandoned,
    Kind.ALIAS_FOUND_MOVED: _remembered("alias_found"),
    Kind.BATCH_SCORED: _scored,
    Kind.BATCH_MONITORED: _monitored,
    Kind.RETRAIN_REQUESTED: _requested("retrain"),
    Kind.ROLLBACK_REQUESTED: _requested("rollback"),
    Kind.CI_JUDGED: _remembered("ci"),
}
