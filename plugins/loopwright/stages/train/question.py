"""What a training would be now: which batches, held out or learned from, and the digests that tell it from another.

What must stay true: two questions with one fingerprint would train the same model, so the second need not be asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from loopwright.declaration import Project
from loopwright.declaration.code import code_digest
from loopwright.declaration.loading import digest_of, said
from loopwright.stages.train.environment import environment_of

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.ledger.state import DatasetState

TRAINED_BY = {"task", "label", "features", "train"}
"""The parts of a declaration that a fitted model depends on."""
JUDGED_BY = TRAINED_BY | {"gate"}
"""The parts that its verdict depends on as well."""

Batch = Mapping[str, Any]


@dataclass(frozen=True)
class Question:
    """A training that might be.

    :param batches: to learn from, oldest first; none when there are not enough.
    :param holdout: held out, oldest first.
    :param mature: every batch with rows whose labels are final.
    :param dataset_sequence: of the dataset's last event: what was published after it is new.
    :param data_version: of the lake's table that holds them all.
    :param data_versions: of the table that each batch was recorded with, by batch.
    :param labels: what of the labels counts, where these come in files of their own.
    :param params: the declared parameters, and over them a person's.
    :param overrides: the names of the person's.
    """

    batches: tuple[str, ...]
    holdout: tuple[str, ...]
    mature: tuple[Batch, ...]
    dataset_sequence: int
    data_version: int | None
    data_versions: Mapping[str, int]
    labels: Mapping[str, Any] | None
    data_digest: str
    code_digest: str
    declaration_digest: str
    params: Mapping[str, Any]
    overrides: tuple[str, ...]
    fingerprint: str | None

    @classmethod
    def of(
        cls, workspace: Workspace, spec: ModelSpec, dataset: DatasetState, params: Mapping[str, Any], now: datetime
    ) -> Question:
        """Ask what a training would be now.

        :param dataset: the state of the model's dataset.
        :param params: a person's parameters for this once.
        :param now: what labels are mature at.
        """
        project = Project.at(workspace.project)
        folder = project.model_folder(spec.name)
        published = dataset.published()
        labels = project.dataset(spec.dataset).labels
        mature = matured(published, labels.matures_after.total_seconds(), now)
        if labels.arrivals:
            mature = [batch for batch in mature if is_labelled(dataset, batch, labels.complete_at)]
        batches, holdout = divided(mature, spec.train.window.batches, spec.train.holdout.batches)
        merged = {**spec.train.params, **params}
        data = digest_of({"train": _contents(batches, dataset), "holdout": _contents(holdout, dataset)})
        code = code_digest(folder)
        parts = {
            "data": data,
            "code": code,
            "declaration": said(spec, TRAINED_BY),
            "params": merged,
            "environment": environment_of(folder),
        }
        return cls(
            batches=tuple(b["batch_id"] for b in batches),
            holdout=tuple(b["batch_id"] for b in holdout),
            mature=tuple(mature),
            dataset_sequence=dataset.sequence,
            data_version=max((b["data_version"] for b in published), default=None),
            data_versions={b["batch_id"]: b["data_version"] for b in (*batches, *holdout)},
            labels=dataset.get("labels") if labels.arrivals else None,
            data_digest=data,
            code_digest=code,
            declaration_digest=declaration_digest(spec),
            params=merged,
            overrides=tuple(sorted(params)),
            fingerprint=digest_of(parts) if batches else None,
        )

    @property
    def seen(self) -> list[str]:
        """The mature batches' ids."""
        return [batch["batch_id"] for batch in self.mature]


def matured(published: Sequence[Batch], after_seconds: float, now: datetime) -> list[Batch]:
    """Return the batches with rows whose labels are final, in the order given.

    :param published: batches as the ledger has them.
    :param after_seconds: how long after its arrival a batch's labels may still change.
    :param now: an aware time.
    """
    return [
        batch
        for batch in published
        if batch["rows"] and (now - datetime.fromisoformat(batch["published_at"])).total_seconds() >= after_seconds
    ]


def is_labelled(dataset: DatasetState, batch: Batch, complete_at: float) -> bool:
    """Tell whether as many rows of a batch have their label, from a file of its own, as are asked for.

    :param dataset: the dataset's state.
    :param complete_at: the share of rows.
    """
    found = dataset.labels_of(batch)
    return found is not None and found["share"] >= complete_at


def divided(mature: Sequence[Batch], window: int | None, holdout: int) -> tuple[list[Batch], list[Batch]]:
    """Split batches into those to learn from and the newest, held out; nothing to learn from when too few.

    :param mature: oldest first.
    :param window: how many of those before the holdout are learned from; all when ``None``.
    :param holdout: how many of the newest are held out.
    """
    before, held = list(mature[:-holdout]), list(mature[-holdout:])
    if not before:
        return [], held
    return (before if window is None else before[-window:]), held


def declaration_digest(spec: ModelSpec) -> str:
    """Return a digest of what of a declaration a verdict depends on."""
    return digest_of(said(spec, JUDGED_BY))


def _contents(batches: Sequence[Batch], dataset: DatasetState) -> list[list[str]]:
    contents = []
    for batch in batches:
        labels = dataset.labels_of(batch)
        contents.append([batch["batch_id"], batch["content_digest"], *([labels["digest"]] if labels else [])])
    return contents
