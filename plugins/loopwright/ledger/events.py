"""What can be recorded: the kinds of event, a draft of one, and one as it stands in the ledger.

An event is never changed or removed. Each carries the hash of the one before it in its subject, so a ledger that was
edited by hand is found out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

GENESIS = "0" * 64
"""The hash that the first event of a subject follows."""


class Kind(StrEnum):
    """Everything that the loop records. Subjects are ``dataset/<name>``, ``model/<name>`` and ``project``."""

    BATCH_PUBLISHED = "batch_published"
    BATCH_QUARANTINED = "batch_quarantined"
    QUERY_BEGUN = "query_begun"
    QUERY_FETCHED = "query_fetched"
    ARRIVAL_REPEATED = "arrival_repeated"
    LABELS_TAKEN = "labels_taken"
    LABELS_REFUSED = "labels_refused"
    BATCHES_LABELLED = "batches_labelled"
    QUARANTINE_ASKED = "quarantine_asked"
    QUARANTINE_RULED = "quarantine_ruled"
    QUARANTINE_DROPPED = "quarantine_dropped"
    QUARANTINE_EXPIRED = "quarantine_expired"
    LEFTOVERS_ERASED = "leftovers_erased"
    HASH_KEY_SET = "hash_key_set"
    FORGETTING_BEGUN = "forgetting_begun"
    ROWS_FORGOTTEN = "rows_forgotten"
    FORGETTING_CHECKED = "forgetting_checked"
    VERSIONS_MARKED = "versions_marked"
    TRAINING_DECIDED = "training_decided"
    CANDIDATE_TRAINED = "candidate_trained"
    GATE_DECIDED = "gate_decided"
    GATE_OVERRIDDEN = "gate_overridden"
    CANDIDATE_REGISTERED = "candidate_registered"
    REHEARSED = "rehearsed"
    SHADOW_STARTED = "shadow_started"
    SHADOW_DECIDED = "shadow_decided"
    APPROVAL_ASKED = "approval_asked"
    APPROVAL_GIVEN = "approval_given"
    APPROVAL_REFUSED = "approval_refused"
    APPROVAL_EXPIRED = "approval_expired"
    APPROVAL_VOIDED = "approval_voided"
    CANDIDATE_SUPERSEDED = "candidate_superseded"
    RELEASE_INTENDED = "release_intended"
    RELEASE_MOVED = "release_moved"
    RELEASE_CONFIRMED = "release_confirmed"
    RELEASE_ABANDONED = "release_abandoned"
    ADOPTION_BEGUN = "adoption_begun"
    VERSION_ADOPTED = "version_adopted"
    VERSION_REPRODUCED = "version_reproduced"
    VERSION_LOST = "version_lost"
    VERSION_REMOVED = "version_removed"
    TARGET_TOLD = "target_told"
    TARGET_FAILED = "target_failed"
    ALIAS_FOUND_MOVED = "alias_found_moved"
    BATCH_SCORED = "batch_scored"
    BATCH_SHADOWED = "batch_shadowed"
    BATCH_MONITORED = "batch_monitored"
    RETRAIN_REQUESTED = "retrain_requested"
    ROLLBACK_REQUESTED = "rollback_requested"
    CI_JUDGED = "ci_judged"


@dataclass(frozen=True)
class Draft:
    """An event somebody wants recorded.

    :param kind: what happened or was decided.
    :param actor: who or what decided, such as ``ingest``, ``gate`` or ``person:ada``.
    :param reason: one sentence, for people.
    :param evidence: plain JSON values: what the decision rests on, digests included.
    """

    kind: Kind
    actor: str
    reason: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Event:
    """An event as recorded.

    :param subject: ``dataset/<name>``, ``model/<name>`` or ``project``.
    :param sequence: 1 for the subject's first event, then without a gap.
    :param at: ISO 8601, UTC.
    :param previous_hash: hash of the subject's event before this one.
    :param hash: hash over all of the above and the content.
    """

    subject: str
    sequence: int
    at: str
    kind: Kind
    actor: str
    reason: str
    evidence: Mapping[str, Any]
    previous_hash: str
    hash: str

    @classmethod
    def following(cls, draft: Draft, *, subject: str, sequence: int, at: str, previous_hash: str) -> Event:
        """Return the draft as the next event of its subject."""
        content = {
            "subject": subject,
            "sequence": sequence,
            "at": at,
            "kind": draft.kind.value,
            "actor": draft.actor,
            "reason": draft.reason,
            "evidence": dict(draft.evidence),
            "previous_hash": previous_hash,
        }
        return cls(**{**content, "kind": draft.kind}, hash=_hash(content))  # type: ignore[arg-type]

    def verifies(self) -> bool:
        """Whether the content still gives the recorded hash."""
        content = {key: value for key, value in self.to_dict().items() if key != "hash"}
        return _hash(content) == self.hash

    @property
    def who(self) -> str:
        """Who decided, for people; where somebody gave another's name, with who typed it."""
        typed_by = self.evidence.get("typed_by")
        return f"{self.actor} (typed by {typed_by})" if typed_by else self.actor

    @property
    def about(self) -> str:
        """Which batch, version, training or project it is about, for people; empty when its subject says it all."""
        seen = self.evidence
        version = f"version {seen['version']}" if seen.get("version") else ""
        return str(seen.get("batch_id") or version or seen.get("training_id") or seen.get("project") or "")

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**asdict(self), "kind": self.kind.value, "evidence": dict(self.evidence)}


def _hash(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
