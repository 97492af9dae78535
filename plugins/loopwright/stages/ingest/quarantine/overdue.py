"""What has been in quarantine, or held, for longer than is declared: asked of the ledger alone."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
