"""Rows that nobody decided about are erased when their time is over, and the ledger says so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from loopwright.lake import Lake
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.arriving.overdue import overdue

if TYPE_CHECKING:
    from loopwright.declaration import Workspace
    from loopwright.declaration.dataset import DatasetSpec
    from loopwright.ledger.state import State


def expire(workspace: Workspace, dataset: DatasetSpec, *, now: datetime | None = None) -> list[str]:
    """Erase what has been in quarantine, or held, for longer than is declared; older versions of the table with it.

    :param workspace: the five places.
    :param dataset: its declaration.
    :param now: aware time; the present when left out.
    :return: the batches that something was erased of.
    """
    ledger = Ledger.of(workspace)
    over = overdue(workspace, dataset, now or datetime.now(UTC))
    if not over:
        return []
    lake = Lake.of(workspace)
    table = lake.quarantine(dataset.name)
    for arrival in over:
        table.remove(arrival["batch_id"])
        lake.let_go(dataset.name, arrival["batch_id"])
    table.erase_old_versions()
    for arrival in over:
        ledger.decide(f"dataset/{dataset.name}", _said(arrival, dataset))
    return [arrival["batch_id"] for arrival in over]


def _said(arrival: Mapping[str, Any], dataset: DatasetSpec) -> Any:
    rows = arrival.get("quarantined") or 0
    days = dataset.quarantine.retention.total_seconds() / 86_400
    why = f"{rows:,} rows and what was held of the batch were erased after {days:g} days"
    evidence = {"batch_id": arrival["batch_id"], "arrival_digest": arrival["digest"], "rows": rows}

    def decision(now: State) -> Draft | None:
        there = now.get(f"arrival/{arrival['batch_id']}") or {}
        gone = there.get("sequence") != arrival["sequence"] or not (there.get("quarantined") or there.get("held"))
        return None if gone else Draft(Kind.QUARANTINE_EXPIRED, "retention", why, evidence)

    return decision
