"""Which arrivals wait: the one answer that triggers, sensors and the loop share. It only lists and reads the ledger.

What must stay true: a batch is handled when the ledger says so for that very signature, never because a file is old. A
batch that was set aside waits again when it would be judged by something else, or beside others, today.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from loopwright.ledger.state import DatasetState, natural
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.arriving.arrival import Arrival, Listing
from loopwright.stages.ingest.arriving.listing import listed_for
from loopwright.stages.ingest.examining.beside import stands_as_before
from loopwright.stages.ingest.examining.judged_by import judged_by

if TYPE_CHECKING:
    from loopwright.declaration import Workspace
    from loopwright.declaration.dataset import DatasetSpec


def waiting(workspace: Workspace, dataset: DatasetSpec, *, batch_id: str | None = None, force: bool = False) -> Listing:
    """Return the arrivals that ingest has still to handle, in order, and what it cannot handle.

    :param workspace: where arrivals and ledger are.
    :param dataset: the dataset.
    :param batch_id: only this one; if it was set aside, it is listed, so that its verdict is said again.
    :param force: also those that were handled.
    :raises UnknownName: if no arrival gives ``batch_id``; the nearest is said.
    :raises DeclarationError: if batches were set aside, and what they would be judged by today cannot be read.
    """
    found = listed_for(workspace, dataset)
    if batch_id is not None:
        found = found.only(batch_id, dataset)
    if force:
        return found
    state = Ledger.of(workspace).dataset(dataset.name)
    if batch_id is not None and _is_set_aside(state, batch_id):
        return found
    today = judged_by(workspace.project, dataset) if state.set_aside() else None
    return Listing(tuple(unhandled(state, found.arrivals, today, ruled=batch_id is None)), found.refused)


def unhandled(
    state: DatasetState, listed: Sequence[Arrival], today: str | None, *, ruled: bool = True
) -> list[Arrival]:
    """Return what the ledger has no answer for, in the natural order of the batch ids.

    :param state: the dataset's state.
    :param listed: what there is at the source.
    :param today: as for :func:`is_handled`.
    :param ruled: also batches that a person decided about and whose file is gone.
    """
    waits = [one for one in listed if not is_handled(state, one, today)]
    return sorted([*waits, *(_ruled_about(state, listed) if ruled else [])], key=lambda one: natural(one.batch_id))


def is_handled(state: DatasetState, arrival: Arrival, today: str | None) -> bool:
    """Tell whether the ledger has an answer for this very file, and one that still stands.

    :param state: the dataset's state.
    :param arrival: the file.
    :param today: the digest of what a batch would be judged by; ``None`` where that is not known.
    """
    known = state.arrival(arrival.batch_id)
    ruling = state.ruling(arrival.batch_id)
    if known is None or known["signature"] != arrival.signature or (ruling and not ruling["done"]):
        return False
    if known["status"] != "quarantined" or today is None:
        return True
    return known.get("judged_by") == today and stands_as_before(state, known)


def _ruled_about(state: DatasetState, listed: Sequence[Arrival]) -> list[Arrival]:
    """Return the batches that a person decided about and whose file is gone: what was held of them is there."""
    there = {one.batch_id for one in listed}
    known = [(ruling, state.arrival(ruling["batch_id"])) for ruling in state.open_rulings()]
    return [
        Arrival(ruling["batch_id"], str(ruling["held"]), arrival["signature"])
        for ruling, arrival in known
        if arrival and ruling["batch_id"] not in there
    ]


def _is_set_aside(state: DatasetState, batch_id: str) -> bool:
    return any(known["batch_id"] == batch_id for known in state.set_aside())
