"""What every fold is: a pure function from an event, and the entries before it, to the entries that it changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from loopwright.ledger.events import Event

Entries = Mapping[str, Any]
Changes = dict[str, Any]
"""Entry key to its new value; ``None`` removes the entry."""
Fold = Callable[[Event, Entries], Changes]


def remembered(key: str) -> Fold:
    """Return a fold that keeps the last event of its kind under a key.

    :param key: of the entry.
    """

    def change(event: Event, entries: Entries) -> Changes:
        return {key: {**event.evidence, "reason": event.reason, "at": event.at}}

    return change
