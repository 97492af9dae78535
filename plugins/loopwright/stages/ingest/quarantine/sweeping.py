"""Asks of the ledger alone whether anything is to be erased; only then is the lake opened for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.quarantine.overdue import overdue

if TYPE_CHECKING:
    from loopwright.declaration import Workspace
    from loopwright.declaration.dataset import DatasetSpec


def erase_overdue(workspace: Workspace, dataset: DatasetSpec) -> list[str]:
    """Erase what is over its time in quarantine, and what a run that was killed has left to be erased.

    :return: the batches that are over their time.
    """
    state = Ledger.of(workspace).dataset(dataset.name)
    if not state.erasing() and not overdue(state, dataset, datetime.now(UTC)):
        return []
    from loopwright.stages.ingest.quarantine.retention import expire

    return expire(workspace, dataset)
