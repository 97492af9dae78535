"""State as a fold over events: pure functions from an event to the few entries that it changes.

A subject's state is a mapping from entry keys (``batch/2013-01``, ``version/3``) to JSON values, so that an event
rewrites only what it touches, however many batches a dataset has. ``fold`` is the only writer of entries; the
store keeps them materialised in the same transaction as the event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.ledger.folds import arrivals, forgetting, labels, production, releases, shadows, trainings

if TYPE_CHECKING:
    from loopwright.ledger.events import Event, Kind
    from loopwright.ledger.folds.words import Changes, Entries, Fold

_FOLDS: dict[Kind, Fold] = {
    **arrivals.FOLDS,
    **forgetting.FOLDS,
    **labels.FOLDS,
    **trainings.FOLDS,
    **releases.FOLDS,
    **shadows.FOLDS,
    **production.FOLDS,
}


def fold(event: Event, entries: Entries) -> Changes:
    """Return the entries that an event changes.

    :param event: the event.
    :param entries: the subject's entries before it.
    """
    return _FOLDS[event.kind](event, entries)
