"""Rows erased as was planned, from where they were found; what was written anew since is left, to be looked at again.

What must stay true: done twice, it leaves what it left when done once; no row goes for having the number of another.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from loopwright.lake import Lake
from loopwright.lake.columns import columns_of
from loopwright.lake.rows import RESERVED
from loopwright.lake.table import BatchChanged
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.loop.traces import Traces
from loopwright.stages.ingest.arriving.fetched import without
from loopwright.stages.ingest.examining.content import content_digest
from loopwright.stages.ingest.keeping.held import ROWS, packed, taken_up
from loopwright.stages.ingest.reading.frames import Reading

if TYPE_CHECKING:
    from loopwright.declaration import Workspace
    from loopwright.lake import Table
    from loopwright.ledger.state import State


def erase(workspace: Workspace, dataset: str, begun: Mapping[str, Any]) -> tuple[str, ...]:
    """Erase what was begun to be, and record that it is.

    :param workspace: the five places.
    :param dataset: its name.
    :param begun: the plan, as the ledger has it.
    :return: the batches that were written anew since they were looked at, of which nothing was erased.
    """
    lake, ledger, plan = Lake.of(workspace), Ledger.of(workspace), Traces.from_dict(begun)
    request = begun["request"]
    changed: set[str] = set()
    for model, batches in plan.predictions.items():
        _forget(lake.predictions(model), batches, plan.tables.get(f"predictions/{model}"), request, changed)
    kept = _forget(lake.quarantine(dataset), plan.quarantine, plan.tables.get("quarantine"), request, changed)
    if plan.quarantine:
        lake.quarantine(dataset).erase_old_versions()
    for place, rows in plan.held.items():
        _forget_held(lake, dataset, place, rows)
    for batch, rows in plan.fetched.items():
        _forget_fetched(lake, dataset, batch, rows, handled=ledger.dataset(dataset).arrival(batch) is not None)
    labels = _forget(lake.labels(dataset), plan.labels, plan.tables.get("labels"), request, changed)
    gone = _forget(lake.batches(dataset), plan.batches, plan.tables.get("batches"), request, changed)
    now = {batch: _as_it_is(lake, dataset, batch, version) for batch, version in gone.items()}
    for batch, sequence in plan.sequences.items():
        if batch in now:
            now[batch]["sequence"] = sequence
    for model, versions in plan.versions.items():
        marked = {"request": request, "dataset": dataset, "versions": list(versions), "batches": sorted(plan.batches)}
        ledger.decide(f"model/{model}", _once(Draft(Kind.VERSIONS_MARKED, "forget", _WHY, marked), versions, request))
    counts = {batch: len(plan.quarantine[batch]) for batch in kept}
    done = {"request": request, "batches": now, "quarantine": counts, "rows": plan.counts()}
    done |= {"arrivals": dict(plan.arrivals), "changed": sorted(changed)}
    done["labels_version"] = max(labels.values()) if labels else None
    draft = Draft(Kind.ROWS_FORGOTTEN, begun["by"], begun["why"], done)
    ledger.decide(f"dataset/{dataset}", lambda now: draft if now.get(f"forgetting/{request}") else None)
    return tuple(sorted(changed))


_WHY = "A person's rows, which this was trained or judged on, were erased."


def _once(draft: Draft, versions: tuple[str, ...], request: str) -> Callable[[State], Draft | None]:
    def decision(now: State) -> Draft | None:
        told = [one["request"] for one in (now.get(f"version/{versions[0]}") or {}).get("forgotten") or []]
        return None if request in told else draft

    return decision


def _forget(
    table: Table, planned: Mapping[str, tuple[int, ...]], seen: int | None, request: str, changed: set[str]
) -> dict[str, int]:
    """Return the batches that rows were taken out of, with the version without them; the others are ``changed``."""
    done: dict[str, int] = {}
    for batch, rows in planned.items():
        with _noted(batch, changed):
            version = table.forget(batch, rows, seen=seen, request=request)
            if version is not None:
                done[batch] = version
    return done


@contextmanager
def _noted(batch: str, changed: set[str]) -> Iterator[None]:
    try:
        yield
    except BatchChanged:
        changed.add(batch)


def _as_it_is(lake: Lake, dataset: str, batch: str, version: int) -> dict[str, Any]:
    left = lake.batches(dataset).read([batch], version=version)
    columns = columns_of(left.drop(columns=list(RESERVED), errors="ignore"))
    return {"rows": len(left), "data_version": version, "content_digest": content_digest(columns, len(left))}


def _forget_held(lake: Lake, dataset: str, place: str, rows: tuple[int, ...]) -> None:
    """Take rows out of a held file, or, of a plan of an earlier release, out of all that is held of a batch."""
    if "/" not in place:
        for one in lake.held_of(dataset, place):
            _forget_held(lake, dataset, one, rows)
        return
    name = PurePosixPath(place)
    if name.name not in {PurePosixPath(one).name for one in lake.held_of(dataset, name.parent.name)}:
        return  # it went meanwhile
    if not place.endswith(ROWS):
        return
    held = taken_up(lake, place)
    left = held.frame[~held.frame.index.isin(rows)]
    if len(left) < len(held.frame):
        lake.hold(dataset, name.parent.name, name.name, packed(Reading(left, held.doubled)))


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
