"""Whether a subject's record is what was recorded: pure functions over its events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from loopwright.ledger.events import GENESIS, Event
from loopwright.ledger.folds import fold

if TYPE_CHECKING:
    from loopwright.ledger.state import State

_ENTRY = "The entry "


def problems(events: Sequence[Event], state: State) -> list[str]:
    """Return what is wrong, a sentence each.

    A last event that was cut off leaves a sound chain behind; it shows in entries that no event accounts for.

    :param events: all of one subject's, in order.
    :param state: as materialised.
    """
    return broken(events) or _differing(events, state)


def broken(events: Iterable[Event]) -> list[str]:
    """Return where a subject's chain of events is not what was recorded, a sentence each.

    :param events: all of one subject's, in order.
    """
    found, before = [], None
    for event in events:
        found += out_of_line(event, before)
        before = event
    return found


def out_of_line(event: Event, before: Event | None) -> list[str]:
    """Return what is wrong with one event as the one after another, a sentence each.

    :param event: the event.
    :param before: its subject's event before it; ``None`` for the first.
    """
    previous, expected = (before.hash, before.sequence + 1) if before else (GENESIS, 1)
    found = []
    if event.sequence != expected:
        found.append(f"Event {expected} is missing: the next one is {event.sequence}.")
    elif event.previous_hash != previous:
        found.append(f"Event {event.sequence} does not follow the one before it: its link was changed.")
    if not event.verifies():
        found.append(f"Event {event.sequence} ({event.kind.value}) is not what was recorded: its hash differs.")
    return found


def how_to_mend(subject: str, problems: Sequence[str]) -> str:
    """Return what a person does about a record that is not what was recorded.

    :param subject: whose record.
    :param problems: as :func:`problems` gives them.
    """
    _, _, name = subject.partition("/")
    # Where an event itself was changed there is nothing sound to fold from.
    folds = all(problem.startswith(_ENTRY) for problem in problems)
    rebuilt = f"`loopwright ledger rebuild {subject}` folds the state anew from its events, which are sound; "
    return (
        f"`loopwright history {name or subject} --verify` tells all. Find who changed it; {rebuilt if folds else ''}"
        "`loopwright ledger restore` takes a backup into an empty ledger."
    )


def departed(sequence: int, expected: str, found: str | None) -> str | None:
    """Return what is wrong with a chain whose event is not the one that a backup ends with; ``None`` when it is.

    :param sequence: of the backup's last event.
    :param expected: its hash.
    :param found: the hash that stands in its place; ``None`` where nothing does.
    """
    if found is None:
        return f"The backup has an event {sequence}, and this ledger does not: its last events were cut off."
    if found != expected:
        return f"Event {sequence} is another than in the backup: this record was made anew."
    return None


def refolded(events: Sequence[Event]) -> dict[str, Any]:
    """Return the entries that events fold to.

    :param events: all of one subject's, in order.
    """
    entries: dict[str, Any] = {}
    for event in events:
        for key, value in fold(event, entries).items():
            if value is None:
                entries.pop(key, None)
            else:
                entries[key] = value
    return entries


def _differing(events: Sequence[Event], state: State) -> list[str]:
    entries = refolded(events)
    keys = sorted(key for key in entries.keys() | state.entries.keys() if entries.get(key) != state.entries.get(key))
    return [f"{_ENTRY}{key} is not what the events say." for key in keys]
