from __future__ import annotations

import dataclasses
import json

import pytest

from loopwright.ledger.events import GENESIS, Draft, Event, Kind

DRAFT = Draft(Kind.BATCH_SCORED, "score", "scored", {"batch_id": "2024-01", "rows": 3, "share": 0.1})


def event(draft: Draft = DRAFT, sequence: int = 1, previous_hash: str = GENESIS) -> Event:
    return Event.following(
        draft, subject="model/tips", sequence=sequence, at="2024-01-31T00:00:00+00:00", previous_hash=previous_hash
    )


def test_an_event_says_what_its_draft_said():
    recorded = event()
    assert (recorded.kind, recorded.actor, recorded.reason, recorded.evidence) == (
        Kind.BATCH_SCORED,
        "score",
        "scored",
        {"batch_id": "2024-01", "rows": 3, "share": 0.1},
    )
    assert recorded.verifies()


def test_an_event_survives_json():
    raw = json.loads(json.dumps(event().to_dict()))
    assert Event(**{**raw, "kind": Kind(raw["kind"])}) == event()
    assert Event(**{**raw, "kind": Kind(raw["kind"])}).verifies()


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "model/other"},
        {"sequence": 2},
        {"at": "2024-02-01T00:00:00+00:00"},
        {"kind": Kind.BATCH_MONITORED},
        {"actor": "person:eve"},
        {"reason": "as it suits me"},
        {"evidence": {"batch_id": "2024-01", "rows": 4, "share": 0.1}},
        {"previous_hash": "1" * 64},
    ],
)
def test_any_change_breaks_the_hash(change):
    assert not dataclasses.replace(event(), **change).verifies()


def test_the_order_of_evidence_does_not_matter():
    other = dataclasses.replace(DRAFT, evidence=dict(reversed(list(DRAFT.evidence.items()))))
    assert event(other).hash == event().hash


def test_a_hash_depends_on_all_before_it():
    first, other = event(), event(dataclasses.replace(DRAFT, reason="otherwise"))
    assert event(sequence=2, previous_hash=first.hash).hash != event(sequence=2, previous_hash=other.hash).hash


def test_evidence_is_json():
    with pytest.raises(ValueError, match="not JSON compliant"):
        event(dataclasses.replace(DRAFT, evidence={"share": float("nan")}))
