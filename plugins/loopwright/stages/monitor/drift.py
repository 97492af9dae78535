"""Drift of a batch against what its model was trained on: features and predictions, column by column."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from loopwright.declaration import Project
from loopwright.declaration.sensitive import readable, shy_of
from loopwright.errors import NotReady
from loopwright.ledger.store import Ledger
from loopwright.profiling import ColumnDrift, compare, judge_columns, sampled
from loopwright.serving import load_version
from loopwright.serving.disclosure import crowded
from loopwright.serving.kept import REFERENCE
from loopwright.stages.monitor.watched import Watched, watched
from loopwright.tracking import Tracking
from loopwright.verdict import Outcome

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.declaration.model import Drift


@dataclass(frozen=True)
class DriftReport:
    """What one batch looks like beside the training of the version that scored it.

    :param model: the model's name.
    :param batch_id: the batch.
    :param version: the version that scored it.
    :param outcome: ``fail`` is drifted; ``not_applicable`` when nothing was asked.
    :param why: one sentence.
    :param share: drifted columns among those that count.
    :param drifted: their names, largest effect first.
    :param unsure: columns whose effect chance could explain.
    :param new_columns: features that the training did not have.
    :param rows: rows of the batch that were compared.
    :param columns: what became of each column.
    """

    model: str
    batch_id: str
    version: str
    outcome: Outcome
    why: str
    share: float = 0.0
    drifted: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    new_columns: tuple[str, ...] = ()
    rows: int = 0
    columns: tuple[ColumnDrift, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            **self.summary(),
            "model": self.model,
            "batch_id": self.batch_id,
            "columns": [column.to_dict() for column in self.columns],
        }

    def summary(self) -> dict[str, Any]:
        """Return what the ledger keeps: everything but the columns one by one."""
        return {
            "version": self.version,
            "outcome": self.outcome.value,
            "why": self.why,
            "share": self.share,
            "drifted": list(self.drifted),
            "unsure": list(self.unsure),
            "new_columns": list(self.new_columns),
            "rows": self.rows,
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> DriftReport:
        """Rebuild what :meth:`to_dict` gave."""
        names = {key: tuple(raw[key]) for key in ("drifted", "unsure", "new_columns")}
        columns = tuple(ColumnDrift.from_dict(column) for column in raw["columns"])
        return cls(**{**raw, **names, "columns": columns, "outcome": Outcome(raw["outcome"])})


def detect_drift(workspace: Workspace, model: ModelSpec, batch_id: str) -> DriftReport:
    """Compare a scored batch with the training of the version that scored it. Reads only.

    :param batch_id: a scored batch.
    :raises UnknownName: if there is no such batch.
    :raises NotReady: if it was not scored, or changed since.
    """
    one = watched(workspace, model, batch_id)
    asked = model.monitor.drift if model.monitor else None
    if asked is None or one.learnt_from:
        why = f"version {one.version['version']} was trained on it" if asked else "the model declares no drift"
        return DriftReport(model.name, batch_id, one.version["version"], Outcome.NOT_APPLICABLE, why)
    reference, current = _sides(workspace, model, one, asked)
    worth = dict.fromkeys(_answers(reference), _worth(workspace, model, one, len(reference)))
    columns = compare(reference, current, threshold=asked.threshold, worth=worth)
    judged = judge_columns(columns, asked.share)
    return DriftReport(
        model=model.name,
        batch_id=batch_id,
        version=one.version["version"],
        outcome=judged.outcome,
        why=judged.why,
        share=judged.share,
        drifted=judged.drifted,
        unsure=judged.unsure,
        new_columns=tuple(sorted(set(map(str, current)) - set(map(str, reference)))),
        rows=len(current),
        columns=columns,
    )


def draw_drift(workspace: Workspace, model: ModelSpec, batch_id: str) -> str:
    """Draw the comparison for people with Evidently, and log it to the version's run.

    :param batch_id: a scored batch.
    :return: the path of the artifact in the run.
    """
    from loopwright.profiling.page import page

    one = watched(workspace, model, batch_id)
    asked = model.monitor.drift if model.monitor else None
    if asked is None:
        raise NotReady("The model declares no drift.", where=f"include/models/{model.name}/model.yaml: monitor")
    html = page(*_sides(workspace, model, one, asked))
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder) / "drift.html"
        drawn.write_text(html, encoding="utf-8")
        Tracking.of(workspace).log_file(one.version["run_id"], drawn, f"monitor/{batch_id}")
    return f"monitor/{batch_id}/drift.html"


def _sides(workspace: Workspace, model: ModelSpec, one: Watched, asked: Drift) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return samples of the training's and of today's features and predictions."""
    with tempfile.TemporaryDirectory() as folder:
        kept = Tracking.of(workspace).download(one.version["run_id"], REFERENCE, Path(folder))
        reference = pd.read_parquet(kept)
    predictor = load_version(workspace, one.version)
    # As the code made them: what serving leaves out (a column empty at the training and no longer) is drift as well.
    features = predictor.made(one.rows(workspace, model)).reset_index(drop=True)
    features.columns = features.columns.map(str)
    answers = one.predictions(workspace, model)
    given = [column for column in _answers(reference) if column in answers]
    # A feature that is called like an answer gave way to it in the reference as well.
    current = pd.concat([features.drop(columns=given, errors="ignore"), answers[given]], axis=1)
    reference, current = sampled(reference, asked.sample), sampled(current, asked.sample)
    shy = shy_of(current.columns, readable(Project.at(workspace.project).dataset(model.dataset)))
    return reference, crowded(current, shy, seed=model.train.seed, known=reference)  # as the reference was kept


def _answers(reference: pd.DataFrame) -> list[str]:
    """Return the columns that hold predictions."""
    return [str(name) for name in reference if name in ("prediction", "score") or str(name).startswith("score_")]


def _worth(workspace: Workspace, model: ModelSpec, one: Watched, draws: int) -> int:
    """Return how many rows the reference's predictions are worth: drawn, with repeats, from those of the holdout."""
    published = Ledger.of(workspace).dataset(model.dataset).published()
    held: int = sum(batch["rows"] for batch in published if batch["batch_id"] in one.version["holdout"])
    return int(1 / (1 / max(held, 1) + 1 / max(draws, 1)))
