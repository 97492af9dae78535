"""A person's rows are erased: from the tables, what is held, the predictions, and the older versions of each.

What must stay true: the record says that it was done and never whom it was about; what was begun is finished by the
next call, wherever it was killed; and what cannot be erased from here is said, not passed over.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from loopwright.declaration import Project
from loopwright.errors import DataFault
from loopwright.lake import Lake
from loopwright.lake.columns import columns_of
from loopwright.lake.rows import RESERVED
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.loop.traces import Traces, traces_of
from loopwright.stages.ingest.arriving.fetched import without
from loopwright.stages.ingest.examining.content import content_digest
from loopwright.stages.ingest.keeping.held import ROWS, packed, taken_up
from loopwright.stages.ingest.reading.frames import Reading

if TYPE_CHECKING:
    from loopwright.declaration import Workspace
    from loopwright.ledger.state import State


@dataclass(frozen=True)
class Forgotten:
    """What was erased, or would be.

    :param request: names the erasure in the ledger.
    :param rows: erased from each kind of table.
    :param batches: whose rows they were.
    :param versions: of each model, those that were trained or judged on these batches.
    :param left: what cannot be erased from here, and who can.
    :param dry_run: whether nothing was done.
    """

    dataset: str
    request: str | None
    rows: Mapping[str, int]
    batches: tuple[str, ...]
    versions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    left: tuple[str, ...] = ()
    dry_run: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        versions = {model: list(found) for model, found in self.versions.items()}
        return {**asdict(self), "batches": list(self.batches), "versions": versions, "left": list(self.left)}


def forget(
    workspace: Workspace, dataset: str, key: Mapping[str, str], *, why: str, actor: str, dry_run: bool = False
) -> Forgotten:
    """Erase a person's rows, and record that they were.

    :param workspace: the five places.
    :param dataset: its name.
    :param key: column to value, all of which the rows have; as it arrives, to be hashed where that is declared.
    :param why: one sentence, for the ledger; it must not name the person.
    :param actor: who erases, such as ``person:ada``.
    :param dry_run: only say what would be.
    :raises UnknownName: if no such column ever came.
    """
    for value in key.values():
        if value and value in why:
            raise DataFault(
                "The reason names whom it is about, and the ledger keeps it for ever.", mend="Say it without."
            )
    spec, ledger = Project.at(workspace.project).dataset(dataset), Ledger.of(workspace)
    for begun in ledger.dataset(dataset).under("forgetting").values():
        _finish(workspace, dataset, begun)
    found = traces_of(workspace, spec, key)
    if dry_run or not found.any:
        return _told(workspace, dataset, None, found, dry_run=dry_run)
    evidence = {"request": uuid4().hex, **found.to_dict()}
    ledger.record(f"dataset/{dataset}", Draft(Kind.FORGETTING_BEGUN, actor, why, evidence))
    _finish(workspace, dataset, ledger.dataset(dataset).under("forgetting")[evidence["request"]])
    return _told(workspace, dataset, evidence["request"], found)


def _finish(workspace: Workspace, dataset: str, begun: Mapping[str, Any]) -> None:
    """Erase what was begun to be; done twice, it leaves what it left when done once."""
    lake, ledger, plan = Lake.of(workspace), Ledger.of(workspace), Traces.from_dict(begun)
    for model, batches in plan.predictions.items():
        for batch, rows in batches.items():
            lake.predictions(model).forget(batch, rows)
    for batch, rows in plan.quarantine.items():
        lake.quarantine(dataset).forget(batch, rows)
    if plan.quarantine:
        lake.quarantine(dataset).erase_old_versions()
    for batch, rows in plan.held.items():
        _forget_held(lake, dataset, batch, rows)
    for batch, rows in plan.fetched.items():
        _forget_fetched(lake, dataset, batch, rows, handled=ledger.dataset(dataset).arrival(batch) is not None)
    labels = [lake.labels(dataset).forget(name, rows) for name, rows in plan.labels.items()]
    now = {batch: _forget_published(lake, dataset, batch, rows) for batch, rows in plan.batches.items()}
    request = begun["request"]
    for model, versions in plan.versions.items():
        marked = {"request": request, "dataset": dataset, "versions": list(versions), "batches": sorted(plan.batches)}
        ledger.decide(f"model/{model}", _once(Draft(Kind.VERSIONS_MARKED, "forget", _WHY, marked), versions, request))
    counts = {batch: len(rows) for batch, rows in plan.quarantine.items()}
    done = {"request": request, "batches": now, "quarantine": counts, "rows": plan.counts()}
    done["labels_version"] = labels[-1] if labels else None
    draft = Draft(Kind.ROWS_FORGOTTEN, begun["by"], begun["why"], done)
    ledger.decide(f"dataset/{dataset}", lambda now: draft if now.get(f"forgetting/{request}") else None)


_WHY = "A person's rows, which this was trained or judged on, were erased."


def _once(draft: Draft, versions: tuple[str, ...], request: str) -> Any:
    def decision(now: State) -> Draft | None:
        told = [one["request"] for one in (now.get(f"version/{versions[0]}") or {}).get("forgotten") or []]
        return None if request in told else draft

    return decision


def _forget_published(lake: Lake, dataset: str, batch: str, rows: tuple[int, ...]) -> dict[str, Any]:
    table = lake.batches(dataset)
    version = table.forget(batch, rows)
    left = table.read([batch], version=version)
    columns = columns_of(left.drop(columns=list(RESERVED), errors="ignore"))
    return {"rows": len(left), "data_version": version, "content_digest": content_digest(columns, len(left))}


def _forget_held(lake: Lake, dataset: str, batch: str, rows: tuple[int, ...]) -> None:
    for place in lake.held_of(dataset, batch):
        if not place.endswith(ROWS):
            continue
        held = taken_up(lake, place)
        left = held.frame[~held.frame.index.isin(rows)]
        if len(left) < len(held.frame):
            lake.hold(dataset, batch, place.rpartition("/")[2], packed(Reading(left, held.doubled)))


def _forget_fetched(lake: Lake, dataset: str, batch: str, rows: tuple[int, ...], *, handled: bool) -> None:
    """Remove what a query gave where its rows are in the tables; else take the person's out before they get there."""
    if handled:
        lake.remove_fetched(dataset, batch)
        return
    place = next((one for one in lake.fetched_of(dataset) if one.endswith(f"/{batch}.parquet")), None)
    if place is None:
        return
    target = io.BytesIO()
    pq.write_table(without(pq.read_table(pa.BufferReader(lake.held(place))), rows), target)
    lake.write_fetched(dataset, batch, target.getvalue())


def _told(
    workspace: Workspace, dataset: str, request: str | None, found: Traces, *, dry_run: bool = False
) -> Forgotten:
    left = ["the source's own files, which would bring the rows again: ask their owner"] if found.any else []
    lake = Lake.of(workspace)
    tables = [
        lake.batches(dataset),
        lake.quarantine(dataset),
        *(lake.predictions(model) for model in found.predictions),
    ]
    if shows := [table.uri for table in tables if table.log_shows_values()]:
        left.append(f"extreme values of columns in the logs of tables that an earlier release made: {', '.join(shows)}")
    if found.unread:
        left.append(f"bytes that could not be read and are held as they came: {', '.join(found.unread)}")
    runs = [f"{model} {', '.join(versions)}" for model, versions in found.versions.items() if versions]
    if runs:
        left.append(f"what these versions learned, and the samples that their MLflow runs keep: {'; '.join(runs)}")
    batches = tuple(sorted({*found.batches, *found.quarantine, *found.held}))
    return Forgotten(dataset, request, found.counts(), batches, found.versions, tuple(left), dry_run)
