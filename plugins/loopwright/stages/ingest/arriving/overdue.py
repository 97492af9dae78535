"""Asks of the ledger alone whether anything in quarantine is over its time; only then is the lake opened for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from loopwright.ledger.store import Ledger

if TYPE_CHECKING:
    from loopwright.declaration import Workspace
    from loopwright.declaration.dataset import DatasetSpec


def overdue(workspace: Workspace, dataset: DatasetSpec, now: datetime) -> list[dict[str, Any]]:
    """Return the arrivals that something is kept of for longer than is declared.

    :param workspace: the five places.
    :param dataset: its declaration.
    :param now: aware time.
    """
    return [
        arrival
        for arrival in Ledger.of(workspace).dataset(dataset.name).under("arrival").values()
        if (arrival.get("quarantined") or arrival.get("held"))
        and now - datetime.fromisoformat(arrival["at"]) >= dataset.quarantine.retention
    ]


def erase_overdue(workspace: Workspace, dataset: DatasetSpec) -> list[str]:
    """Erase what is over its time in quarantine.

    :return: the batches that something was erased of.
    """
    if not overdue(workspace, dataset, datetime.now(UTC)):
        return []
    from loopwright.stages.ingest.quarantine.retention import expire

    return expire(workspace, dataset)
