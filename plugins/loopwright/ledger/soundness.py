"""Whether a subject's record is what was recorded: pure functions over its events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from loopwright.ledger.events import GENESIS, Event
from loopwright.ledger.folds import fold

if TYPE_CHECKING:
    from loopwright.ledger.state import State


def problems(events: Sequence[Event], state: State) -> list[str]:
    """Return what is wrong, a sentence each.

    A last event that was cut off leaves a sound chain behind; it shows in entries that no event accounts for.

    :param events: all of one subject's, in order.
    :param state: as materialised.
    """
    found = []
    previous, expected = GENESIS, 1
    for event in events:
        if event.sequence != expected:
            found.append(f"Event {expected} is missing: the next one is {event.sequence}.")
        elif event.previous_hash != previous:
            found.append(f"Event {event.sequence} does not follow the one before it: its link was changed.")
        if not event.verifies():
            found.append(f"Event {event.sequence} ({event.kind.value}) is not what was recorded: its hash differs.")
        previous, expected = event.hash, event.sequence + 1
    return found or _differing(events, state)


def refolded(events: Sequence[Event]) -> dict[str, Any]:
    """Return the entries that events fold to.

    :param events: all of one subject's, in order.
    """
    entries: dict[str, Any] = {}
    for event in events:
        changes = fold(event, entries)
        entries = {key: value for key, value in {**entries, **changes}.items() if value is not None}
    return entries


def _differing(events: Sequence[Event], state: State) -> list[str]:
    entries = refolded(events)
    keys = sorted(key for key in entries.keys() | state.entries.keys() if entries.get(key) != state.entries.get(key))
    return [f"The entry {key} is not what the events say." for key in keys]
