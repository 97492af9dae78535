"""Which batches wait to be looked at: scored and not watched since, or watched before their labels were final."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from loopwright.ledger.store import Ledger
from loopwright.stages.monitor.watched import Watched, as_scored

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec, Workspace


def unmonitored(workspace: Workspace, model: ModelSpec, *, now: datetime | None = None) -> list[str]:
    """Return the scored batches that there is something to learn about, oldest first.

    What the scoring version was trained on is left out: it tells nothing about production.

    :param model: the model; one that declares no monitor watches nothing.
    :param now: the present, when it is not now.
    """
    if model.monitor is None:
        return []
    ledger = Ledger.of(workspace)
    state, at = ledger.model(model.name), now or datetime.now(UTC)
    found = (as_scored(state, batch) for batch in ledger.dataset(model.dataset).published())
    watched = (one for one in found if one and not one.learnt_from)
    return [
        one.batch["batch_id"] for one in watched if _waits(one, state.get(f"monitored/{one.batch['batch_id']}"), at)
    ]


def _waits(one: Watched, before: Mapping[str, Any] | None, now: datetime) -> bool:
    if before is None or before["version"] != one.scored["version"] or before["sequence"] < one.scored["sequence"]:
        return True
    matures = (before.get("performance") or {}).get("matures_at")
    return matures is not None and datetime.fromisoformat(matures) <= now
