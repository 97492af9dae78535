"""Which models a dataset's rows went to: those declared on it, and those that were and are gone, or moved to another.

What must stay true: a model's predictions outlive its folder in the project, so the ledger and the lake are asked too;
and batches of two datasets may have one name, so that of a model which is not declared here only what the record shows
to be this dataset's is taken for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loopwright.declaration import Project
from loopwright.errors import DeclarationError, UnknownName
from loopwright.lake import Lake
from loopwright.lake.rows import BATCH
from loopwright.ledger.events import Kind
from loopwright.ledger.store import Ledger

if TYPE_CHECKING:
    from loopwright.declaration import Workspace
    from loopwright.ledger.state import State


@dataclass(frozen=True)
class Concerned:
    """A model, and of which batches its predictions are of the dataset's rows.

    :param name: its name.
    :param declared: whether it is declared on the dataset: then all of them are.
    :param batches: else those on record as the dataset's.
    :param unknown: else those of which nothing says whose they are.
    """

    name: str
    declared: bool
    batches: frozenset[str] = frozenset()
    unknown: tuple[str, ...] = ()

    def has(self, batch: str) -> bool:
        """Whether its predictions for a batch are of the dataset's rows."""
        return self.declared or batch in self.batches


def concerned_by(workspace: Workspace, dataset: str) -> list[Concerned]:
    """Return the models that rows of a dataset went to, sorted by name.

    :param workspace: the five places.
    :param dataset: its name.
    """
    project, lake, ledger = Project.at(workspace.project), Lake.of(workspace), Ledger.of(workspace)
    subjects = ledger.subjects()
    recorded = {name.removeprefix("model/") for name in subjects if name.startswith("model/")}
    declared = {name: _dataset_of(project, name) for name in project.model_names()}
    names = sorted({*declared, *recorded, *lake.models()})
    strays = [name for name in names if declared.get(name) != dataset]
    ours = _contents(ledger, dataset) if strays else {}
    others = {name.removeprefix("dataset/") for name in subjects if name.startswith("dataset/")} - {dataset}
    shared = {batch for other in others for batch in _contents(ledger, other)} if strays else set()
    found = [Concerned(name, declared=True) for name in names if name not in strays]
    for name in strays:
        there = _predicted(lake, name)
        mine, unknown = set(), []
        scored = ledger.model(name).under("scored")
        for batch in sorted({*there, *scored} & set(ours)):
            if batch in scored:
                mine |= {batch} if scored[batch].get("content_digest") in ours[batch] else set()
            elif declared.get(name) is None:
                mine |= {batch} if batch not in shared else set()
                unknown += [batch] if batch in shared else []
        if mine or unknown or declared.get(name) is None:
            found.append(Concerned(name, declared=False, batches=frozenset(mine), unknown=tuple(unknown)))
    return sorted(found, key=lambda one: one.name)


def published_as(ledger: Ledger, dataset: str) -> frozenset[tuple[str, int]]:
    """Return a dataset's batches, each with every version of the table that it was published in, or is in now.

    :param ledger: the record.
    :param dataset: its name.
    """
    events = ledger.events(f"dataset/{dataset}", kinds=[Kind.BATCH_PUBLISHED])
    told = [*(event.evidence for event in events), *ledger.dataset(dataset).published()]
    return frozenset((one["batch_id"], one["data_version"]) for one in told)


def trained_here(state: State, version: str, pairs: frozenset[tuple[str, int]]) -> bool:
    """Whether the record shows that a version was trained on a dataset's batches.

    :param state: of the model.
    :param version: its name.
    :param pairs: the dataset's batches, each with the version of the table that it was published in.
    """
    entry = state.get(f"version/{version}") or {}
    seen = (state.get(f"training/{entry.get('training_id')}") or {}).get("data_versions") or {}
    return bool(seen) and set(seen.items()) <= pairs


def _dataset_of(project: Project, model: str) -> str | None:
    """Return the dataset that a model is declared on; ``None`` where its declaration cannot be read."""
    try:
        return project.model(model).dataset
    except (DeclarationError, UnknownName):
        return None


def _contents(ledger: Ledger, dataset: str) -> Mapping[str, set[str]]:
    """Return every content that each batch of a dataset was ever published with, as its digest."""
    found: dict[str, set[str]] = {}
    events = ledger.events(f"dataset/{dataset}", kinds=[Kind.BATCH_PUBLISHED, Kind.ROWS_FORGOTTEN])
    for event in events:
        said = event.evidence
        told = {said["batch_id"]: said} if event.kind is Kind.BATCH_PUBLISHED else said["batches"]
        for batch, one in told.items():
            found.setdefault(batch, set()).add(one["content_digest"])
    return found


def _predicted(lake: Lake, model: str) -> set[str]:
    table = lake.predictions(model)
    return set() if table.version() is None else set(table.read(columns=[BATCH])[BATCH].unique())
