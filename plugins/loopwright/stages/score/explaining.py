"""Reasons for single answers: on demand for rows of a batch, and beside every prediction where that is declared."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from loopwright.declaration import Project
from loopwright.declaration.sensitive import hidden, shy_of
from loopwright.errors import NotReady, UnknownName, shown_names
from loopwright.evaluation.reasons import shapley_values, told
from loopwright.lake import Lake
from loopwright.ledger.store import Ledger
from loopwright.serving import load_version
from loopwright.serving.kept import REFERENCE
from loopwright.tracking import Tracking

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.evaluation.predicted import Array
    from loopwright.ledger.state import DatasetState
    from loopwright.serving import Predictor

BACKGROUND = 200
"""Rows of the training's sample that an answer is compared with."""
_BY_EYE = 64
"""Orders for each row that somebody looks at."""
_IN_BULK = 4
"""Orders for each row of a whole batch."""


def explain_rows(
    workspace: Workspace,
    model: ModelSpec,
    batch_id: str | None = None,
    rows: Sequence[int] | None = None,
    *,
    version: str | None = None,
    top: int = 5,
) -> dict[str, Any]:
    """Return why rows of a published batch get their answers.

    :param workspace: where everything is.
    :param model: the model's declaration.
    :param batch_id: the batch; the newest when left out.
    :param rows: row numbers within it; the first three when left out.
    :param version: a registered version; the champion when left out.
    :param top: reasons for each row.
    :raises NotReady: if there is no champion, or no batch.
    :raises UnknownName: if there is no such version, batch or row.
    """
    ledger = Ledger.of(workspace)
    entry = _entry(ledger, model.name, version)
    batch = _batch(ledger.dataset(model.dataset), batch_id)
    whole = Lake.of(workspace).batches(model.dataset).read([batch["batch_id"]], version=batch["data_version"])
    wanted = list(rows) if rows else list(range(min(3, len(whole))))
    absent = [str(number) for number in wanted if not 0 <= number < len(whole)]
    if absent:
        raise UnknownName(
            "The batch does not have such rows.", got=shown_names(absent), allowed=f"0 to {len(whole) - 1}"
        )
    predictor = load_version(workspace, entry)
    features = predictor.features(whole).iloc[wanted]
    answers = predictor.answers(features)
    background = background_of(workspace, entry, predictor)
    reasons = _reasons(workspace, predictor, features, background, top, _BY_EYE)
    return {
        "model": model.name,
        "version": entry["version"],
        "batch_id": batch["batch_id"],
        "of": _said_of(predictor),
        "typical": float(np.mean(_number(predictor, background))),
        "rows": [
            {"row": number, "answer": float(value), "reasons": why}
            for number, value, why in zip(wanted, _numbers(predictor, answers), reasons, strict=True)
        ],
    }


def reasons_column(
    workspace: Workspace, entry: Mapping[str, Any], predictor: Predictor, features: pd.DataFrame, top: int
) -> list[str]:
    """Return the reasons for every row, as JSON text, to be kept beside the predictions.

    :param entry: the version as the ledger has it.
    :param features: as the estimator sees them.
    :param top: reasons for each row.
    """
    background = background_of(workspace, entry, predictor)
    found = _reasons(workspace, predictor, features, background, top, _IN_BULK)
    return [json.dumps(why, ensure_ascii=False) for why in found]


def background_of(workspace: Workspace, entry: Mapping[str, Any], predictor: Predictor) -> pd.DataFrame:
    """Return some rows that the version was trained on, as the estimator sees them.

    :param entry: the version as the ledger has it.
    """
    import pandas as pd

    from loopwright.serving.served import conformed

    with TemporaryDirectory() as scratch:
        kept = pd.read_parquet(Tracking.of(workspace).download(entry["run_id"], REFERENCE, Path(scratch)))
    chosen = np.unique(np.linspace(0, len(kept) - 1, min(len(kept), BACKGROUND)).astype(int))
    return conformed(kept.iloc[chosen].reset_index(drop=True), predictor.card)


def _reasons(
    workspace: Workspace,
    predictor: Predictor,
    features: pd.DataFrame,
    background: pd.DataFrame,
    top: int,
    samples: int,
) -> list[list[dict[str, Any]]]:
    rows = features.reset_index(drop=True)
    values = shapley_values(rows, background, lambda frame: _number(predictor, frame), samples=samples)
    project = Project.at(workspace.project)
    dataset = project.dataset(project.model(predictor.card["model"]).dataset)
    return told(rows, values, top, shy_of(rows.columns, hidden(dataset)))


def _number(predictor: Predictor, features: pd.DataFrame) -> Array:
    return _numbers(predictor, predictor.answers(features))


def _numbers(predictor: Predictor, answers: pd.DataFrame) -> Array:
    """Return what reasons are about: the probability of the second class, of more the likeliest, or the value."""
    predicted = predictor.as_arrays(answers)
    if predicted.score is None:
        return np.asarray(predicted.label, dtype=float)
    score = predicted.score if predicted.score.ndim == 1 else predicted.score.max(axis=1)
    return np.asarray(score, dtype=float)


def _said_of(predictor: Predictor) -> str:
    classes = predictor.card["classes"]
    return (
        f"probability of {classes[1]}"
        if len(classes) == 2
        else "probability of the likeliest class"
        if classes
        else "value"
    )


def _entry(ledger: Ledger, name: str, version: str | None) -> Mapping[str, Any]:
    state = ledger.model(name)
    found = state.champion if version is None else state.version(version)
    if found is None and version is None:
        raise NotReady(
            "There is no champion to ask.",
            where=f"model/{name}",
            mend="Release a version, or name one: --version VERSION.",
        )
    if found is None:
        raise UnknownName(
            f"There is no version {version!r}.",
            where=f"model/{name}",
            allowed=shown_names(sorted(state.under("version"))),
        )
    return found


def _batch(state: DatasetState, batch_id: str | None) -> Mapping[str, Any]:
    if batch_id is not None:
        return state.batch(batch_id)
    published = state.published()
    if not published:
        raise NotReady("No batch is published yet.", where=state.subject, mend="Ingest one first.")
    return published[-1]
