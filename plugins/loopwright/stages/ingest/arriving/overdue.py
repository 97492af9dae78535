"""Asks of the ledger alone whether anything is to be erased; only then is the lake opened for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from loopwright.ledger.store import Ledger

if TYPE_CHECKING:
    from loopwright.declaration import Workspace
    from loopwright.declaration.dataset import DatasetSpec
    from loopwright.ledger.state import DatasetState


def overdue(state: DatasetState, dataset: DatasetSpec, now: datetime) -> list[dict[str, Any]]:
    """Return the arrivals that something is kept of for longer than is declared.

    :param state: what the ledger knows of the dataset.
    :param dataset: its declaration.
    :param now: aware time.
    """
    return [
        arrival
        for arrival in state.under("arrival").values()
        if (arrival.get("quarantined") or arrival.get("held"))
        and now - datetime.fromisoformat(arrival["at"]) >= dataset.quarantine.retention
    ]


def erase_overdue(workspace: Workspace, dataset: DatasetSpec) -> list[str]:
    """Erase what is over its time in quarantine, and what a run that was killed has left to be erased.

    :return: the batches that are over their time.
    """
    state = Ledger.of(workspace).dataset(dataset.name)
    if not state.erasing() and not overdue(state, dataset, datetime.now(UTC)):
        return []
    from loopwright.stages.ingest.quarantine.retention import expire

    return expire(workspace, dataset)
