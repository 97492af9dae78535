"""Which batches wait to be scored: asked of the ledger each time, so that nothing is lost and nothing is done twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from loopwright.ledger.store import Ledger

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.ledger.state import ModelState


def unscored(workspace: Workspace, model: ModelSpec) -> list[str]:
    """Return the published batches without predictions of their present content, oldest first.

    A batch stays scored when the champion changes: its predictions are what was said at the time.

    :param model: the model; one that declares no score, or has no champion, scores nothing.
    """
    ledger = Ledger.of(workspace)
    state = ledger.model(model.name)
    if model.score is None or state.champion is None:
        return []
    return [batch["batch_id"] for batch in ledger.dataset(model.dataset).published() if scored(state, batch) is None]


def unshadowed(workspace: Workspace, model: ModelSpec) -> list[str]:
    """Return the batches that the challenger has yet to answer for, oldest first; none when there is no challenger.

    They are those that the champion scored since the shadow began, and no more than are to be compared.

    :param model: the model; one that does not declare ``release.shadow`` has no challenger.
    """
    ledger = Ledger.of(workspace)
    state = ledger.model(model.name)
    challenger = state.challenger
    if model.release.shadow is None or challenger is None:
        return []
    done, both = state.shadowed(challenger["version"]), []
    for batch in ledger.dataset(model.dataset).since(challenger["shadow"]["dataset_sequence"]):
        before = scored(state, batch)
        if before and before["version"] == challenger["shadow"]["champion"]:
            both.append(batch)
    return [
        batch["batch_id"]
        for batch in both[: challenger["shadow"]["batches"]]
        if (done.get(batch["batch_id"]) or {}).get("content_digest") != batch["content_digest"]
    ]


def scored(state: ModelState, batch: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the record of a batch's scoring, if it was scored as it is now.

    :param state: the model's state.
    :param batch: the published batch.
    """
    done: dict[str, Any] | None = state.get(f"scored/{batch['batch_id']}")
    return done if done and done["content_digest"] == batch["content_digest"] else None
