"""Rows that nobody decided about are erased when their time is over, and the ledger says so.

What must stay true: it is recorded first, of the very arrival whose time is over; then just that arrival's rows and
files go. What comes under the same name meanwhile keeps its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.state import held_by
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.keeping.leftovers import erase_leftovers
from loopwright.stages.ingest.quarantine.kept import rows_aside
from loopwright.stages.ingest.quarantine.overdue import overdue
from loopwright.stages.ingest.results import rows_counted

if TYPE_CHECKING:
    from loopwright.declaration import Workspace
    from loopwright.declaration.dataset import DatasetSpec
    from loopwright.ledger.state import State


def expire(workspace: Workspace, dataset: DatasetSpec, *, now: datetime | None = None) -> list[str]:
    """Erase what has been in quarantine, or held, for longer than is declared; older versions of the table with it.

    :param workspace: the five places.
    :param dataset: its declaration.
    :param now: aware time; the present when left out.
    :return: the batches whose time is over.
    """
    ledger, subject = Ledger.of(workspace), f"dataset/{dataset.name}"
    over = overdue(ledger.dataset(dataset.name), dataset, now or datetime.now(UTC))
    said = [event for arrival in over for event in ledger.decide(subject, _expired(arrival, dataset))]
    erase_leftovers(workspace, dataset.name)
    return [event.evidence["batch_id"] for event in said]


def _expired(arrival: Mapping[str, Any], dataset: DatasetSpec) -> Callable[[State], Draft | None]:
    batch_id, rows = arrival["batch_id"], rows_aside(arrival)
    days = dataset.quarantine.retention.total_seconds() / 86_400
    why = f"{rows_counted(rows)} and what was held of the batch are erased after {days:g} days"
    evidence = {"batch_id": batch_id, "arrival_digest": arrival["digest"], "rows": rows}

    def decision(now: State) -> Draft | None:
        there = now.get(f"arrival/{batch_id}") or {}
        if there.get("sequence") != arrival["sequence"] or not (there.get("quarantined") or there.get("held")):
            return None
        held = sorted(held_by(there, now.get(f"ruling/{batch_id}")))
        return Draft(Kind.QUARANTINE_EXPIRED, "retention", why, {**evidence, "let_go": held})

    return decision
