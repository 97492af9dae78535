"""What would be true if something were recorded: the folds, asked about drafts that never become events."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from loopwright.ledger.events import GENESIS, Draft, Event
from loopwright.ledger.folds import fold
from loopwright.ledger.state import view

if TYPE_CHECKING:
    from loopwright.ledger.state import State


def supposed(state: State, *drafts: Draft) -> State:
    """Return what a subject's state would be after drafts; nothing is recorded.

    :param state: as it is.
    :param drafts: what would be recorded, in order.
    """
    entries, sequence = dict(state.entries), state.sequence
    for draft in drafts:
        sequence += 1
        at = datetime.now(UTC).isoformat()
        event = Event.following(draft, subject=state.subject, sequence=sequence, at=at, previous_hash=GENESIS)
        for key, value in fold(event, entries).items():
            entries.pop(key, None)
            if value is not None:
                entries[key] = value
    return view(state.subject, sequence, entries)
