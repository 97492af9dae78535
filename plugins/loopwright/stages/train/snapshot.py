"""The rows of a decided training, each batch read at the version of the table that the decision saw it recorded with.

What must stay true: rows that no event speaks of, left by a writing that was killed, are never learned from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from loopwright.declaration import Project
from loopwright.errors import DataFault, UnknownName, shown_names
from loopwright.lake import Lake
from loopwright.lake.labels import with_labels
from loopwright.ledger.store import Ledger
from loopwright.serving.rows import features_of, known_labels

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.evaluation.predicted import Array

BATCH = "_batch_id"


class NothingToLearn(DataFault):
    """The training rows hold no labels, or labels of one class only."""


@dataclass(frozen=True)
class Learnable:
    """Rows that can be learned from: those with a label.

    :param features: as the feature code made them, indexed from 0.
    :param labels: of the same rows.
    :param batch: each row's batch.
    """

    features: pd.DataFrame
    labels: Array
    batch: Array

    def take(self, rows: Array) -> Learnable:
        """Return some of the rows, in their order.

        :param rows: a mask.
        """
        return Learnable(self.features[rows].reset_index(drop=True), self.labels[rows], self.batch[rows])


def decided(workspace: Workspace, model: str, training_id: str) -> dict[str, Any]:
    """Return what the ledger holds of a training.

    :raises UnknownName: if it was never decided.
    """
    state = Ledger.of(workspace).model(model)
    entry = state.training(training_id)
    if entry is None:
        raise UnknownName(
            f"No training {training_id!r} of this model was decided.",
            where=f"model/{model}",
            allowed=shown_names(sorted(state.under("training"))) or "none yet",
            mend="Decide first; the decision gives the id.",
        )
    return entry


def rows_of(workspace: Workspace, spec: ModelSpec, entry: Mapping[str, Any], batches: Sequence[str]) -> pd.DataFrame:
    """Return the raw rows of batches, as they were when the training was decided.

    :param entry: the training as the ledger has it.
    :param batches: which, oldest first.
    """
    lake = Lake.of(workspace)
    rows = lake.batches(spec.dataset).read_as_of(versions_of(entry, batches))
    if not entry.get("labels"):
        return rows
    dataset = Project.at(workspace.project).dataset(spec.dataset)
    return with_labels(lake, spec.dataset, dataset.labels_key, entry["labels"], rows)


def versions_of(entry: Mapping[str, Any], batches: Sequence[str]) -> dict[str, int]:
    """Return the version of the table that each of a training's batches is read at, in their order.

    :param entry: the training as the ledger has it.
    :param batches: which.
    """
    known = entry.get("data_versions") or {}  # a training decided before they were recorded has the newest only
    return {batch: known.get(batch, entry["data_version"]) for batch in batches}


def learnable(spec: ModelSpec, folder: Path, raw: pd.DataFrame) -> Learnable:
    """Return the rows that have a label, as features and labels.

    Features are made of all rows, as in scoring, and only then are those without a label left out.

    :param spec: the model's declaration.
    :param folder: its code.
    :param raw: rows of the dataset.
    :raises NothingToLearn: if no row has a label, or a classification has one class only.
    """
    known = known_labels(spec, folder, raw)
    if not known.mask.any():
        raise NothingToLearn(
            "No row has a label.",
            where=f"model {spec.name}, label {spec.label}",
            got=f"{len(raw)} rows",
            mend="Does the label's column hold values? Do labels mature later (labels.matures_after)?",
        )
    if spec.task != "regression" and len(known.classes) < 2:
        raise NothingToLearn(
            "All labels are the same.",
            where=f"model {spec.name}, label {spec.label}",
            got=known.classes,
            allowed="two classes or more",
            mend="Widen train.window, so that rows of another class are among those learned from.",
        )
    features = features_of(spec, folder, raw)[known.mask].reset_index(drop=True)
    return Learnable(features, known.values, np.asarray(raw[BATCH])[known.mask])
