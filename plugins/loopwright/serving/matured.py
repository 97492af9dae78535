"""Published batches with their labels, and from when on these are final."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from loopwright.declaration import Project
from loopwright.ledger.store import Ledger

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.declaration import DatasetSpec, ModelSpec, Workspace


def labelled_rows(workspace: Workspace, model: ModelSpec, batch: Mapping[str, Any]) -> pd.DataFrame:
    """Return a batch's rows as they were published, with the labels that came in files of their own since.

    :param model: the model's declaration.
    :param batch: the published batch.
    """
    from loopwright.lake import Lake
    from loopwright.lake.labels import with_labels

    lake, dataset = Lake.of(workspace), Project.at(workspace.project).dataset(model.dataset)
    rows = lake.batches(model.dataset).read([batch["batch_id"]], version=batch["data_version"])
    taken = Ledger.of(workspace).dataset(model.dataset).get("labels") if dataset.labels.arrivals else None
    return with_labels(lake, model.dataset, dataset.labels_key, taken, rows)


def labels_complete(workspace: Workspace, dataset: DatasetSpec, batch: Mapping[str, Any]) -> bool:
    """Tell whether enough of a batch's rows have a label, where labels come in files of their own.

    :param dataset: its declaration.
    :param batch: the published batch.
    """
    if not dataset.labels.arrivals:
        return True
    found = Ledger.of(workspace).dataset(dataset.name).labels_of(batch)
    return found is not None and found["share"] >= dataset.labels.complete_at


def labels_mature_at(dataset: DatasetSpec, batch: Mapping[str, Any]) -> datetime:
    """Return when a batch's labels are final.

    :param dataset: its declaration.
    :param batch: the published batch.
    """
    return datetime.fromisoformat(batch["published_at"]).astimezone(UTC) + dataset.labels.matures_after
