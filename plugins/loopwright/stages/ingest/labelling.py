"""Labels that arrive in files of their own: taken in, joined on the key, and how much of each batch they cover.

What must stay true: a file of labels is taken whole or not at all; whether a batch's labels are complete is recorded
with what they were, so that who learns from it can tell whether they changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from loopwright.declaration.cleaning import Convert
from loopwright.declaration.sensitive import treatments_later
from loopwright.errors import ArrivalUnreadable, DataFault, shown_names
from loopwright.lake import Lake
from loopwright.lake.columns import columns_of
from loopwright.lake.labels import labelled
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.arriving.fetching import fetched, require_unchanged
from loopwright.stages.ingest.arriving.labels import labels_there, labels_untaken
from loopwright.stages.ingest.examining.beside import newest_columns
from loopwright.stages.ingest.examining.content import content_digest
from loopwright.stages.ingest.hash_key import require_same_key
from loopwright.stages.ingest.reading.conversion import to_text
from loopwright.stages.ingest.reading.frames import read
from loopwright.stages.ingest.sensitive import protected

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.declaration import Workspace
    from loopwright.declaration.dataset import DatasetSpec
    from loopwright.stages.ingest.arriving.arrival import Arrival


class LabelsUnfit(DataFault):
    """A file of labels that cannot be joined."""


@dataclass(frozen=True)
class LabelsTaken:
    """What came of the files of labels.

    :param files: that are taken in now.
    :param refused: file to why it is not.
    :param covered: batch to the share of its rows that has a label, of those whose labels changed.
    :param complete: those of them that enough rows have a label of, so that they can be learned from and measured.
    """

    dataset: str
    files: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    covered: Mapping[str, float] = field(default_factory=dict)
    complete: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**asdict(self), "files": list(self.files), "complete": list(self.complete)}


def take_labels(workspace: Workspace, dataset: DatasetSpec, *, actor: str = "ingest") -> LabelsTaken:
    """Take in the files of labels that wait, and see what of each published batch they cover.

    :param workspace: the five places.
    :param dataset: its declaration.
    :param actor: who asked, for the ledger.
    """
    if not dataset.labels.arrivals:
        return LabelsTaken(dataset.name)
    require_same_key(workspace, dataset)
    ledger, subject = Ledger.of(workspace), f"dataset/{dataset.name}"
    taken: list[str] = []
    refused: dict[str, str] = {}
    for arrival in labels_untaken(ledger.dataset(dataset.name), labels_there(workspace, dataset)):
        evidence: dict[str, Any] = {"file": arrival.batch_id, "signature": arrival.signature}
        try:
            found, rows, digest = _take_in(workspace, dataset, arrival)
        except DataFault as fault:
            refused[arrival.batch_id] = fault.what
            ledger.record(subject, Draft(Kind.LABELS_REFUSED, actor, fault.what, evidence))
            continue
        evidence |= {"version": found, "rows": rows, "arrival_digest": digest}
        ledger.record(subject, Draft(Kind.LABELS_TAKEN, actor, f"{rows:,} labels in {arrival.batch_id}", evidence))
        taken.append(arrival.batch_id)
    covered = cover(workspace, dataset, actor=actor)
    complete = tuple(batch for batch, share in covered.items() if share >= dataset.labels.complete_at)
    return LabelsTaken(dataset.name, tuple(taken), refused, covered, complete)


def cover(workspace: Workspace, dataset: DatasetSpec, *, actor: str = "ingest") -> dict[str, float]:
    """Record what of each published batch has a label, where batch or labels changed since that was recorded.

    :return: batch to share, of those whose labels are others than before: a file may be about other batches alone.
    """
    ledger, lake = Ledger.of(workspace), Lake.of(workspace)
    state = ledger.dataset(dataset.name)
    counts: dict[str, Any] | None = state.get("labels")
    if not dataset.labels.arrivals or counts is None:
        return {}
    found: dict[str, dict[str, Any]] = {}
    changed: dict[str, float] = {}
    for batch in state.published():
        before = state.get(f"labelled/{batch['batch_id']}") or {}
        asked = {"content_digest": batch["content_digest"], "version": counts["version"]}
        if {name: before.get(name) for name in asked} == asked or not batch["rows"]:
            continue
        rows = lake.batches(dataset.name).read(
            [batch["batch_id"]], columns=dataset.labels_key, version=batch["data_version"]
        )
        labels = labelled(lake, dataset.name, dataset.labels_key, counts, rows)
        known = labels.notna().any(axis=1)
        digest = content_digest(columns_of(labels), len(labels))
        found[batch["batch_id"]] = {**asked, "share": float(known.mean()), "digest": digest}
        if known.any() and (before.get("content_digest"), before.get("digest")) != (asked["content_digest"], digest):
            changed[batch["batch_id"]] = float(known.mean())
    if found:
        said = shown_names([f"{batch} {one['share']:.0%}" for batch, one in found.items()])
        draft = Draft(Kind.BATCHES_LABELLED, actor, f"labelled: {said}", {"batches": found})
        ledger.record(f"dataset/{dataset.name}", draft)
    return changed


def _take_in(workspace: Workspace, dataset: DatasetSpec, arrival: Arrival) -> tuple[int, int, str]:
    with fetched(arrival, workspace.storage_options) as file:
        try:
            texts = _texts(workspace, dataset)
            found = read(file.path, dataset.model_copy(update={"format": "auto"}), text=texts)
            reading = protected(found, dataset, workspace.hash_key, later=True)
        except ArrivalUnreadable as error:
            raise LabelsUnfit(f"The file of labels {arrival.batch_id} cannot be read: {error.what}") from error
        frame, digest = reading.frame, file.digest
    require_unchanged(arrival, workspace.storage_options)
    _require_joinable(frame, dataset, arrival.batch_id)
    keys = [name for name in dataset.labels_key if name in texts]
    frame = frame.assign(**{name: to_text(frame[name]) for name in keys}).reset_index(drop=True)
    version = Lake.of(workspace).labels(dataset.name).replace(frame, arrival.batch_id, as_text=keys)
    return version, len(frame), digest


def _texts(workspace: Workspace, dataset: DatasetSpec) -> list[str]:
    """Return the columns whose digits are text: what is hashed, and a key that is text in the rows (``007``).

    Where labels come before the first rows, it is told by what cleaning will make of the key.
    """
    kept = newest_columns(Ledger.of(workspace).dataset(dataset.name))
    made = {name: kind for step in dataset.clean if isinstance(step, Convert) for name, kind in step.columns.items()}
    keys = [name for name in dataset.labels_key if kept.get(name) == "string" or made.get(name) == "text"]
    hashed = [name for name, how in treatments_later([*dataset.sensitive, *dataset.labels_key], dataset).items()
              if how == "hash"]  # fmt: skip
    return [*keys, *hashed]


def _require_joinable(frame: pd.DataFrame, dataset: DatasetSpec, name: str) -> None:
    key = dataset.labels_key
    lacking = [column for column in key if column not in frame]
    if lacking:
        raise LabelsUnfit(f"The file of labels {name} lacks the key: {shown_names(lacking)}.")
    if len(frame.columns) == len(key):
        raise LabelsUnfit(f"The file of labels {name} holds the key alone, and no label.")
    missing, repeated = int(frame[key].isna().any(axis=1).sum()), int(frame.duplicated(key).sum())
    if missing or repeated or frame.empty:
        raise LabelsUnfit(
            f"The file of labels {name}: of {len(frame):,} rows {missing:,} lack their key and {repeated:,} repeat one."
        )
