"""Where a person's rows are: in the published batches and their older versions, the quarantine, and the predictions."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from loopwright.errors import DataFault, UnknownName, shown_names
from loopwright.lake import Lake
from loopwright.lake.labels import keys_of
from loopwright.lake.rows import BATCH, RESERVED, ROW, UNTYPED
from loopwright.ledger.store import Ledger
from loopwright.loop.concerned import Concerned, concerned_by, published_as, trained_here
from loopwright.loop.whom import Whom, arrived_as
from loopwright.stages.ingest.arriving.batch_names import stem
from loopwright.stages.ingest.arriving.fetched import row_numbers
from loopwright.stages.ingest.examining.beside import newest_columns
from loopwright.stages.ingest.keeping.held import ROWS, taken_up

if TYPE_CHECKING:
    from loopwright.declaration import DatasetSpec, Workspace
    from loopwright.lake import Table
    from loopwright.ledger.state import State

Rows = Mapping[str, tuple[int, ...]]
"""Batch to row numbers."""


@dataclass(frozen=True)
class Traces:
    """Where rows are; a batch without a row number has them in older versions only.

    :param batches: published.
    :param quarantine: set aside, in the table.
    :param held: set aside, as they came, by the place of the file.
    :param predictions: of each model.
    :param versions: of each model, those trained or judged on these batches.
    :param labels: by their file.
    :param fetched: in what queries gave.
    :param unread: batches of which bytes are held that nobody could read.
    :param blind: batches whose rows have no such column, published, held or fetched: nobody can be found there by it.
    :param unsure: whose the predictions are of which nothing says of which dataset they are: model to batches.
    :param tables: the version of each table in which the rows have these numbers; a model's predictions by its name.
    :param sequences: of the ledger's events that published the batches.
    :param arrivals: of the ledger's events that handled the arrivals.
    """

    batches: Rows = field(default_factory=dict)
    quarantine: Rows = field(default_factory=dict)
    held: Rows = field(default_factory=dict)
    predictions: Mapping[str, Rows] = field(default_factory=dict)
    versions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    labels: Rows = field(default_factory=dict)
    fetched: Rows = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    tables: Mapping[str, int] = field(default_factory=dict)
    sequences: Mapping[str, int] = field(default_factory=dict)
    arrivals: Mapping[str, int] = field(default_factory=dict)
    blind: tuple[str, ...] = ()
    unsure: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def any(self) -> bool:
        """Whether there are any."""
        tables = (self.batches, self.quarantine, self.held, self.labels, self.fetched)
        return any(tables) or any(self.predictions.values())

    def touched(self) -> list[str]:
        """Return the batches that they are of, sorted."""
        held = {PurePosixPath(place).parent.name for place in self.held}
        return sorted({*self.batches, *self.quarantine, *self.fetched, *held})

    def without(self, batches: Collection[str]) -> Traces:
        """Return the traces in tables but for those of some batches."""

        def left(rows: Rows) -> Rows:
            return {name: found for name, found in rows.items() if name not in batches}

        predictions = {model: left(rows) for model, rows in self.predictions.items()}
        batches, quarantine, labels = left(self.batches), left(self.quarantine), left(self.labels)
        return replace(self, batches=batches, quarantine=quarantine, labels=labels, predictions=predictions)

    def counts(self) -> dict[str, int]:
        """Return how many rows there are now, by kind of table."""
        found = {"batches": self.batches, "quarantine": self.quarantine, "labels": self.labels}
        counted = {name: sum(map(len, rows.values())) for name, rows in found.items()}
        predicted = sum(len(rows) for batches in self.predictions.values() for rows in batches.values())
        fetched = sum(map(len, self.fetched.values()))
        return {**counted, "predictions": predicted, **({"fetched": fetched} if fetched else {})}

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; there is no value of any column among them."""
        plain = {
            name: _plain(getattr(self, name))
            for name in ("batches", "quarantine", "held", "versions", "labels", "fetched")
        }
        whence = {"tables": dict(self.tables), "sequences": dict(self.sequences), "arrivals": dict(self.arrivals)}
        return {**plain, **whence, "predictions": {model: _plain(rows) for model, rows in self.predictions.items()}}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Traces:
        """Rebuild what :meth:`to_dict` gave, of an earlier release too."""
        predictions = {model: _tuples(rows) for model, rows in raw["predictions"].items()}
        batches, quarantine, held = (_tuples(raw[name]) for name in ("batches", "quarantine", "held"))
        return cls(batches, quarantine, held, predictions, _tuples(raw["versions"]), _tuples(raw["labels"]),
                   _tuples(raw.get("fetched") or {}), (), raw.get("tables") or {}, raw.get("sequences") or {},
                   raw.get("arrivals") or {})  # fmt: skip


def require_known(workspace: Workspace, dataset: DatasetSpec, whom: Whom) -> None:
    """Refuse to look for somebody by a column that never came, or that the published rows lack.

    :param workspace: the five places.
    :param dataset: its declaration.
    :param whom: whose rows are looked for.
    :raises UnknownName: if no such column ever came; the nearest is said.
    :raises DataFault: if the published rows have no such column.
    """
    lake = Lake.of(workspace)
    published = lake.batches(dataset.name).columns()
    came = [*dataset.sensitive, *lake.quarantine(dataset.name).columns()]
    known = {*published, *came}
    unknown = [name for name in whom.lacking(published) if name in whom.lacking(came, came=True)]
    if unknown and "row" not in known:
        near = get_close_matches(unknown[0], known, n=1)
        raise UnknownName(
            f"No column {unknown[0]!r} ever came.",
            where=f"dataset {dataset.name}",
            allowed=shown_names(sorted(known)),
            mend=f"Did you mean {near[0]!r}?" if near else None,
        )
    if published and (lacking := whom.lacking(published)):
        raise DataFault(
            "The published rows have no such column, so that nobody can be found among them by it.",
            where=f"dataset {dataset.name}",
            got=shown_names(lacking),
            allowed=shown_names(sorted(set(published) - set(RESERVED))),
            mend="Name one of these, such as the key.",
        )


def traces_of(workspace: Workspace, dataset: DatasetSpec, whom: Whom) -> Traces:
    """Find a person's rows.

    :param workspace: the five places.
    :param dataset: its declaration.
    :param whom: whose.
    """
    lake, state = Lake.of(workspace), Ledger.of(workspace).dataset(dataset.name)
    kept, models = newest_columns(state), concerned_by(workspace, dataset.name)
    tables = _versions(workspace, dataset.name, models)
    batches, blind = _in_batches(lake.batches(dataset.name), state.under("batch"), whom, tables.get("batches"))
    there = sorted({*state.under("arrival"), *lake.held_batches(dataset.name)})  # of some nothing is on record yet
    held, unread, unseen = _in_held(lake, dataset.name, there, whom, kept)
    quarantine = _in_quarantine(lake.quarantine(dataset.name), whom, kept, tables.get("quarantine"))
    about = _label_keys(lake, dataset, {"batches": batches, "quarantine": quarantine}, tables)
    labels = _in_labels(lake.labels(dataset.name), whom, kept, dataset.labels_key, about, tables.get("labels"))
    fetched, unfetched = _in_fetched(lake, dataset.name, whom, kept)
    predictions, versions = {}, {}
    pairs = published_as(Ledger.of(workspace), dataset.name)
    for model in models:
        table = lake.predictions(model.name)
        predicted = _in_predictions(table, batches, whom, tables.get(f"predictions/{model.name}"), model)
        if predicted or model.declared:
            predictions[model.name] = predicted
        if marked := _learned(Ledger.of(workspace).model(model.name), model, batches, pairs):
            versions[model.name] = marked
    published, handled = state.under("batch"), state.under("arrival")
    sequences = {batch: published[batch]["sequence"] for batch in batches if batch in published}
    found = Traces(batches, quarantine, held, predictions, versions, labels, fetched, unread, tables, sequences)
    arrivals = {batch: handled[batch]["sequence"] for batch in found.touched() if batch in handled}
    unsure = {model.name: model.unknown for model in models if model.unknown}
    return replace(found, arrivals=arrivals, blind=tuple(sorted({*blind, *unseen, *unfetched})), unsure=unsure)


def _learned(state: State, model: Concerned, batches: Rows, pairs: frozenset[tuple[str, int]]) -> tuple[str, ...]:
    """Return the versions that were trained or judged on these batches, in their order."""
    entries = state.under("version")
    seen = {name: {*entry.get("batches", ()), *entry.get("holdout", ())} for name, entry in entries.items()}
    marked = [name for name in seen if seen[name] & set(batches)]
    marked = [name for name in marked if model.declared or trained_here(state, name, pairs)]
    return tuple(sorted(marked, key=lambda name: (len(name), name)))


def _versions(workspace: Workspace, dataset: str, models: Sequence[Concerned]) -> dict[str, int]:
    """Return the newest version of each table that there is: what is found is found in these."""
    lake = Lake.of(workspace)
    tables = {name: getattr(lake, name)(dataset) for name in ("batches", "quarantine", "labels")}
    tables |= {f"predictions/{model.name}": lake.predictions(model.name) for model in models}
    found = {name: table.version() for name, table in tables.items()}
    return {name: version for name, version in found.items() if version is not None}


def _in_batches(
    table: Table, published: Mapping[str, Mapping[str, Any]], whom: Whom, newest: int | None
) -> tuple[dict[str, tuple[int, ...]], set[str]]:
    """Return the person's rows, and the batches whose rows, or older versions of them, lack a part of the key."""
    if newest is None:
        return {}, set()
    columns = whom.columns(table.columns())
    found = _by_batch(whom.matching(table.read(columns=[BATCH, ROW, *columns], version=newest)))
    had = {batch: list(said.get("columns") or ()) for batch, said in published.items() if said["rows"]}
    blind = {batch for batch, names in had.items() if names and whom.lacking(names)}
    for batch, paths in table.replaced_files().items():
        for path in paths:
            rows = table.rows_of_file(path, [*columns, UNTYPED])
            if rows is None or not len(rows):
                continue
            if whom.lacking([*rows.columns, *_without_values(rows)]):
                blind.add(batch)
            elif batch not in found and len(whom.matching(rows)):
                found[batch] = ()
    return found, blind


def _without_values(rows: pd.DataFrame) -> list[str]:
    """Return the columns that the rows of a file came with, and that have no value in them."""
    noted = rows[UNTYPED].dropna().unique() if UNTYPED in rows else ()
    return [name for note in noted for name in json.loads(note)]


def _in_quarantine(table: Table, whom: Whom, kept: Mapping[str, str], newest: int | None) -> dict[str, tuple[int, ...]]:
    if newest is None:
        return {}
    frame = table.read(version=newest)
    found = _by_batch(whom.matching_as_came(frame, kept))
    if "row" in frame:  # whole rows as JSON, where their columns clashed
        said = [json.loads(text) if isinstance(text, str) and text[:1] == "{" else {} for text in frame["row"]]
        whole = pd.DataFrame(said, index=frame.index, dtype="str").drop(columns=[BATCH, ROW], errors="ignore")
        hit = whom.matching_as_came(whole, kept).index
        for batch, rows in _by_batch(frame.loc[hit]).items():
            found[batch] = tuple(sorted({*found.get(batch, ()), *rows}))
    return found


def _label_keys(
    lake: Lake, dataset: DatasetSpec, found: Mapping[str, Rows], tables: Mapping[str, int]
) -> frozenset[str]:
    """Return the keys by which labels of the found rows are joined: a label need not say whom it is about."""
    keys: set[str] = set()
    for name, rows in found.items() if dataset.labels.arrivals else ():
        table: Table = getattr(lake, name)(dataset.name)
        there = table.columns()
        joined_on = list(dataset.labels_key)
        if name == "quarantine":  # rows as they came, under their names there
            joined_on = [arrived_as(dataset, one, there) or one for one in joined_on]
        if not any(rows.values()) or not set(joined_on) <= set(there):
            continue
        frame = table.read(sorted(rows), columns=[BATCH, ROW, *joined_on], version=tables[name])
        mine = [row in rows[batch] for batch, row in zip(frame[BATCH], frame[ROW], strict=True)]
        keys |= set(keys_of(frame[mine], joined_on))
    return frozenset(keys)


def _in_labels(
    table: Table,
    whom: Whom,
    kept: Mapping[str, str],
    joined_on: Sequence[str],
    about: Collection[str],
    newest: int | None,
) -> dict[str, tuple[int, ...]]:
    """Return the rows of labels, and every file of them: an older one of the same name may have held some."""
    known = set(table.columns()) if newest is not None else set()
    by_key, by_rows = not whom.lacking(known, came=True), bool(about) and set(joined_on) <= known
    if not (by_key or by_rows):
        return {}
    asked = {*(whom.columns(known, came=True) if by_key else ()), *(joined_on if by_rows else ())}
    frame = table.read(columns=[BATCH, ROW, *sorted(asked)], version=newest)
    hits = [whom.matching_as_came(frame, kept)] if by_key else []
    hits += [frame[keys_of(frame, joined_on).isin(about)]] if by_rows else []
    found: dict[str, set[int]] = {}
    for hit in hits:
        for name, rows in _by_batch(hit).items():
            found.setdefault(name, set()).update(rows)
    return (
        {str(name): tuple(sorted(found.get(str(name), ()))) for name in sorted(frame[BATCH].unique())} if found else {}
    )


def _in_fetched(
    lake: Lake, dataset: str, whom: Whom, kept: Mapping[str, str]
) -> tuple[dict[str, tuple[int, ...]], set[str]]:
    found: dict[str, tuple[int, ...]] = {}
    blind: set[str] = set()
    for place in lake.fetched_of(dataset):
        table = pq.read_table(pa.BufferReader(lake.held(place)))
        frame = table.to_pandas().set_axis(row_numbers(table))
        if len(frame) and whom.lacking(frame.columns, came=True):
            blind.add(stem(place))
        if rows := whom.matching_as_came(frame, kept).index.tolist():
            found[stem(place)] = tuple(rows)
    return found, blind


def _in_held(
    lake: Lake, dataset: str, batches: list[str], whom: Whom, kept: Mapping[str, str]
) -> tuple[dict[str, tuple[int, ...]], tuple[str, ...], set[str]]:
    found: dict[str, tuple[int, ...]] = {}
    unread, blind = [], set()
    for batch in batches:
        for place in lake.held_of(dataset, batch):
            if not place.endswith(ROWS):
                unread.append(batch)
                continue
            frame = taken_up(lake, place).frame
            if len(frame) and whom.lacking(frame.columns, came=True):
                blind.add(batch)
            if rows := whom.matching_as_came(frame, kept).index.tolist():
                found[place] = tuple(rows)
    return found, tuple(unread), blind


def _in_predictions(
    table: Table, batches: Rows, whom: Whom, newest: int | None, model: Concerned
) -> dict[str, tuple[int, ...]]:
    if newest is None:
        return {}
    columns = whom.columns(table.columns())
    frame = table.read(columns=[BATCH, ROW, *columns], version=newest)
    found = _by_batch(whom.matching(frame)) if not whom.lacking(columns) else {}
    there = {batch: set(rows) for batch, rows in frame.groupby(BATCH)[ROW] if model.has(str(batch))}
    for batch, rows in batches.items():
        if mine := {*found.get(batch, ()), *(there.get(batch, set()) & set(rows))}:
            found[batch] = tuple(sorted(mine))
        elif batch in there:
            found[batch] = ()  # older versions may have been predictions for them
    return {batch: rows for batch, rows in found.items() if model.has(batch)}


def _by_batch(frame: pd.DataFrame) -> dict[str, tuple[int, ...]]:
    return {str(batch): tuple(sorted(set(rows.tolist()))) for batch, rows in frame.groupby(BATCH)[ROW]}


def _plain(rows: Mapping[str, tuple[Any, ...]]) -> dict[str, list[Any]]:
    return {name: list(found) for name, found in rows.items()}


def _tuples(raw: Mapping[str, list[Any]]) -> dict[str, tuple[Any, ...]]:
    return {name: tuple(found) for name, found in raw.items()}
