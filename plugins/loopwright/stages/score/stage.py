"""Score one batch: rows first, then the event; scored twice, it leaves what it left when scored once."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from loopwright.declaration import Project
from loopwright.errors import NotReady
from loopwright.lake import Lake
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.serving import load_version
from loopwright.serving.kept import CHAMPION
from loopwright.stages.score.explaining import reasons_column
from loopwright.stages.score.waiting import scored

if TYPE_CHECKING:
    from loopwright.declaration import DatasetSpec, ModelSpec, Workspace
    from loopwright.ledger.state import State


@dataclass(frozen=True)
class Scored:
    """What became of one batch.

    :param model: the model's name.
    :param batch_id: the batch.
    :param version: the champion that scored it.
    :param rows: rows with a prediction.
    :param table_version: version of the table of predictions that holds them.
    :param status: ``scored``, or ``unchanged`` when its present content was scored before.
    """

    model: str
    batch_id: str
    version: str
    rows: int
    table_version: int
    status: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


def score_batch(
    workspace: Workspace, model: ModelSpec, batch_id: str, *, force: bool = False, actor: str = "score"
) -> Scored:
    """Write the champion's predictions for one batch, in place of any that were there.

    :param batch_id: a published batch.
    :param force: score it again although its content was scored, by today's champion.
    :param actor: who asks for it.
    :raises NotReady: if there is no champion.
    :raises UnknownName: if there is no such batch; the nearest is said.
    """
    ledger = Ledger.of(workspace)
    state = ledger.model(model.name)
    if state.champion is None:
        raise NotReady("There is no champion to score with.", where=f"model/{model.name}", mend="Release one first.")
    batch = ledger.dataset(model.dataset).batch(batch_id)
    done = scored(state, batch)
    if done and not force:
        return Scored(model.name, batch_id, done["version"], done["rows"], done["table_version"], "unchanged")
    champion = state.champion
    rows = Lake.of(workspace).batches(model.dataset).read([batch_id], version=batch["data_version"])
    predictor = load_version(workspace, champion)
    features = predictor.features(rows)
    answers = predictor.answers(features)
    if model.score is not None and model.score.reasons and len(rows):
        answers = answers.assign(reasons=reasons_column(workspace, champion, predictor, features, model.score.reasons))
    table = predictions(rows, answers, Project.at(workspace.project).dataset(model.dataset), champion["version"])
    table_version = Lake.of(workspace).predictions(model.name).replace(table, batch_id, role=CHAMPION)
    evidence = {
        "batch_id": batch_id,
        "version": champion["version"],
        "rows": len(table),
        "table_version": table_version,
        "content_digest": batch["content_digest"],
    }
    why = f"Version {champion['version']} scored {len(table)} rows."
    _record(ledger, model, Draft(Kind.BATCH_SCORED, actor, why, evidence), force=force)
    return Scored(model.name, batch_id, champion["version"], len(table), table_version, "scored")


def predictions(rows: pd.DataFrame, answers: pd.DataFrame, dataset: DatasetSpec, version: str) -> pd.DataFrame:
    """Return a batch's predictions as they are kept: what names the row, the answer, and who gave it when.

    :param rows: the batch, with its reserved columns.
    :param answers: ``prediction``, and scores where there are any, for the same rows in the same order.
    :param dataset: its declaration, which says what names a row.
    :param version: the version that answered.
    """
    named = [column for column in (*dataset.key, dataset.event_time) if column in rows and column not in answers]
    table = pd.concat(
        [rows[["_row", *dict.fromkeys(named)]].reset_index(drop=True), answers.reset_index(drop=True)], axis=1
    )
    return table.assign(model_version=version, scored_at=datetime.now(UTC))


def _record(ledger: Ledger, model: ModelSpec, draft: Draft, *, force: bool) -> None:
    """Record the scoring, unless another process recorded the same while this one scored."""
    said = {key: draft.evidence[key] for key in ("batch_id", "version", "content_digest")}

    def decide(state: State) -> Draft | None:
        known = state.get(f"scored/{said['batch_id']}") or {}
        return None if not force and {key: known.get(key) for key in said} == said else draft

    ledger.decide(f"model/{model.name}", decide)
