"""The challenger's answers, beside the champion's and never in their place; nothing of it can disturb these."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, cast

from loopwright.declaration import Project
from loopwright.errors import NotReady
from loopwright.lake import Lake
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.serving import load_version
from loopwright.serving.kept import CHALLENGER
from loopwright.serving.predictor import CANNOT_ANSWER
from loopwright.stages.score.stage import predictions
from loopwright.stages.score.waiting import unshadowed

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.ledger.state import ModelState, State


@dataclass(frozen=True)
class Shadowed:
    """What became of one batch.

    :param model: the model's name.
    :param batch_id: the batch.
    :param version: the challenger.
    :param rows: rows with an answer.
    :param status: ``shadowed``; ``failed`` when the challenger could not answer, which is on record.
    :param why: one sentence.
    """

    model: str
    batch_id: str
    version: str
    rows: int
    status: str
    why: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


def shadow_batch(workspace: Workspace, model: ModelSpec, batch_id: str, *, actor: str = "score") -> Shadowed:
    """Write the challenger's predictions for a batch that the champion has scored.

    What the challenger's own code does wrong is recorded, and is a no when its shadow is judged.

    :param batch_id: one that :func:`unshadowed` named.
    :param actor: who asks for it.
    :raises NotReady: if no challenger waits for this batch.
    :raises ArtifactTampered: if its bytes are not those that were judged.
    """
    ledger = Ledger.of(workspace)
    state = ledger.model(model.name)
    challenger = state.challenger
    if challenger is None or batch_id not in unshadowed(workspace, model):
        raise NotReady("No challenger waits for this batch.", where=f"model/{model.name}", got=batch_id)
    batch, version = ledger.dataset(model.dataset).batch(batch_id), str(challenger["version"])
    evidence = {"batch_id": batch_id, "version": version, "content_digest": batch["content_digest"]}
    rows = Lake.of(workspace).batches(model.dataset).read([batch_id], version=batch["data_version"])
    try:
        answers = load_version(workspace, challenger).predict(rows)
    except CANNOT_ANSWER as fault:
        why = f"Version {version} could not answer: {fault.what}"
        _record(ledger, model, Draft(Kind.BATCH_SHADOWED, actor, why, {**evidence, "rows": 0, "fault": fault.what}))
        return Shadowed(model.name, batch_id, version, 0, "failed", why)
    table = predictions(rows, answers, Project.at(workspace.project).dataset(model.dataset), version)
    written = Lake.of(workspace).predictions(model.name).replace(table, batch_id, role=CHALLENGER)
    why = f"Version {version} answered for {len(table)} rows, beside the champion."
    draft = Draft(Kind.BATCH_SHADOWED, actor, why, {**evidence, "rows": len(table), "table_version": written})
    _record(ledger, model, draft)
    return Shadowed(model.name, batch_id, version, len(table), "shadowed", why)


def _record(ledger: Ledger, model: ModelSpec, draft: Draft) -> None:
    """Record it, unless another process did, or the challenger was withdrawn while it answered."""
    seen = draft.evidence

    def decide(state: State) -> Draft | None:
        now = cast("ModelState", state)
        known = now.shadowed(seen["version"]).get(seen["batch_id"]) or {}
        gone = (now.challenger or {}).get("version") != seen["version"]
        return None if gone or known.get("content_digest") == seen["content_digest"] else draft

    ledger.decide(f"model/{model.name}", decide)
