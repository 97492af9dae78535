from __future__ import annotations

import dataclasses

from loopwright.ledger.events import GENESIS, Draft, Event, Kind
from loopwright.ledger.soundness import problems, refolded
from loopwright.ledger.state import view


def chain(count: int) -> list[Event]:
    events: list[Event] = []
    for sequence in range(1, count + 1):
        draft = Draft(Kind.BATCH_SCORED, "score", "scored", {"batch_id": f"b{sequence}", "version": "1"})
        previous = events[-1].hash if events else GENESIS
        events.append(Event.following(draft, subject="model/tips", sequence=sequence, at="T", previous_hash=previous))
    return events


def found(events: list[Event], recorded: list[Event] | None = None) -> list[str]:
    """What is wrong with events, where the entries are still those of what was recorded."""
    entries = refolded(events if recorded is None else recorded)
    return problems(events, view("model/tips", len(events), entries))


def test_a_sound_record():
    assert found(chain(3)) == []
    assert found([]) == []


def test_a_changed_event():
    first, second, third = chain(3)
    forged = dataclasses.replace(second, reason="as it suits me")
    assert found([first, forged, third]) == [
        "Event 2 (batch_scored) is not what was recorded: its hash differs.",
    ]


def test_a_changed_event_with_a_hash_to_match():
    first, second, third = chain(3)
    draft = Draft(second.kind, second.actor, "as it suits me", second.evidence)
    forged = Event.following(draft, subject=second.subject, sequence=2, at="T", previous_hash=first.hash)
    assert found([first, forged, third]) == ["Event 3 does not follow the one before it: its link was changed."]


def test_a_removed_event():
    first, _, third = chain(3)
    assert found([first, third]) == ["Event 2 is missing: the next one is 3."]
    assert found([third]) == ["Event 1 is missing: the next one is 3."]


def test_a_last_event_that_was_cut_off():
    events = chain(3)
    assert found(events[:2], events) == ["The entry scored/b3 is not what the events say."]


def test_entries_that_were_changed():
    events = chain(1)
    entries = {"scored/b1": {**refolded(events)["scored/b1"], "version": "2"}}
    assert problems(events, view("model/tips", 1, entries)) == ["The entry scored/b1 is not what the events say."]
