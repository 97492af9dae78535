"""Where a person's rows are: in the published batches and their older versions, the quarantine, and the predictions."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from loopwright.declaration import Project
from loopwright.declaration.cleaning import Rename
from loopwright.errors import DataFault, UnknownName, shown_names
from loopwright.lake import Lake
from loopwright.lake.labels import keys_of
from loopwright.lake.rows import BATCH, ROW
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.arriving.batch_names import stem
from loopwright.stages.ingest.arriving.fetched import row_numbers
from loopwright.stages.ingest.keeping.held import ROWS, taken_up
from loopwright.stages.ingest.reading.conversion import to_text
from loopwright.stages.ingest.sensitive import digest

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.declaration import DatasetSpec, Workspace
    from loopwright.lake import Table

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
        return {**counted, "predictions": predicted}

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


def traces_of(workspace: Workspace, dataset: DatasetSpec, key: Mapping[str, str]) -> Traces:
    """Find a person's rows.

    :param workspace: the five places.
    :param dataset: its declaration.
    :param key: column, by its name in the arrival or in the table, to value.
    :raises UnknownName: if no such column ever came.
    """
    _require_kept(dataset, key)
    now, came = _names(dataset, key, workspace.hash_key)
    lake, state = Lake.of(workspace), Ledger.of(workspace).dataset(dataset.name)
    _require_known(workspace, dataset, now, came)
    tables = _versions(workspace, dataset.name)
    batches = _in_batches(lake.batches(dataset.name), now, tables.get("batches"))
    held, unread = _in_held(lake, dataset.name, sorted(state.under("arrival")), came)
    quarantine = _in_quarantine(lake.quarantine(dataset.name), came, tables.get("quarantine"))
    about = _label_keys(lake, dataset, {"batches": batches, "quarantine": quarantine}, tables)
    labels = _in_labels(lake.labels(dataset.name), came, dataset.labels_key, about, tables.get("labels"))
    fetched = _in_fetched(lake, dataset.name, came)
    predictions, versions = {}, {}
    for model in _models(workspace, dataset.name):
        predictions[model] = _in_predictions(lake.predictions(model), batches, now, tables.get(f"predictions/{model}"))
        entries = Ledger.of(workspace).model(model).under("version")
        seen = {name: {*entry.get("batches", ()), *entry.get("holdout", ())} for name, entry in entries.items()}
        if marked := tuple(
            sorted((name for name in seen if seen[name] & set(batches)), key=lambda name: (len(name), name))
        ):
            versions[model] = marked
    published, handled = state.under("batch"), state.under("arrival")
    sequences = {batch: published[batch]["sequence"] for batch in batches if batch in published}
    found = Traces(batches, quarantine, held, predictions, versions, labels, fetched, unread, tables, sequences)
    arrivals = {batch: handled[batch]["sequence"] for batch in found.touched() if batch in handled}
    return replace(found, arrivals=arrivals)


def _versions(workspace: Workspace, dataset: str) -> dict[str, int]:
    """Return the newest version of each table that there is: what is found is found in these."""
    lake = Lake.of(workspace)
    tables = {name: getattr(lake, name)(dataset) for name in ("batches", "quarantine", "labels")}
    tables |= {f"predictions/{model}": lake.predictions(model) for model in _models(workspace, dataset)}
    found = {name: table.version() for name, table in tables.items()}
    return {name: version for name, version in found.items() if version is not None}


def _names(dataset: DatasetSpec, key: Mapping[str, str], secret: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the key under the names after cleaning, and under those of the arrival; hashed where that is declared."""
    renamed: dict[str, str] = {}  # name now: name in the arrival
    for step in dataset.clean:
        if isinstance(step, Rename):
            renamed |= {new: renamed.get(old, old) for old, new in step.columns.items()}
    now, came = {}, {}
    for name, value in key.items():
        arrived = renamed.get(name, name)
        wanted = digest(value, secret) if dataset.sensitive.get(arrived) == "hash" else value
        came[arrived] = wanted
        now[next((new for new, old in renamed.items() if old == arrived), arrived)] = wanted
    return now, came


def _require_known(workspace: Workspace, dataset: DatasetSpec, now: Mapping[str, str], came: Mapping[str, str]) -> None:
    lake = Lake.of(workspace)
    known: set[str] = set(dataset.sensitive)
    for table in (lake.batches(dataset.name), lake.quarantine(dataset.name)):
        known |= set(table.columns())
    unknown = [name for name, arrived in zip(now, came, strict=True) if name not in known and arrived not in known]
    if unknown and "row" not in known:
        near = get_close_matches(unknown[0], known, n=1)
        raise UnknownName(
            f"No column {unknown[0]!r} ever came.",
            where=f"dataset {dataset.name}",
            allowed=shown_names(sorted(known)),
            mend=f"Did you mean {near[0]!r}?" if near else None,
        )


def _require_kept(dataset: DatasetSpec, key: Mapping[str, str]) -> None:
    """Refuse to look for what was dropped on reading: nobody would be found, and that would look like an answer."""
    for name in key:
        if dataset.sensitive.get(name) == "drop":
            raise DataFault(
                "Nobody can be looked for by a column that is dropped on reading.",
                where=f"dataset {dataset.name}: sensitive",
                got=name,
                mend="Name another column that the rows were kept with, such as the key.",
            )


def _matching(frame: pd.DataFrame, key: Mapping[str, str]) -> pd.DataFrame:
    if any(name not in frame for name in key):
        return frame.head(0)
    chosen = None
    for name, value in key.items():
        hit = to_text(frame[name]).eq(value).fillna(False)
        chosen = hit if chosen is None else chosen & hit
    return frame if chosen is None else frame[chosen.to_numpy(bool)]


def _in_batches(table: Table, key: Mapping[str, str], newest: int | None) -> dict[str, tuple[int, ...]]:
    if newest is None or not set(key) <= set(table.columns()):
        return {}
    found = _by_batch(_matching(table.read(columns=[BATCH, ROW, *key], version=newest), key))
    for batch, paths in table.replaced_files().items():
        if batch not in found and any(_is_in_file(table, path, key) for path in paths):
            found[batch] = ()
    return found


def _is_in_file(table: Table, path: str, key: Mapping[str, str]) -> bool:
    rows = table.rows_of_file(path, list(key))
    return rows is not None and len(_matching(rows, key)) > 0


def _in_quarantine(table: Table, key: Mapping[str, str], newest: int | None) -> dict[str, tuple[int, ...]]:
    if newest is None:
        return {}
    frame = table.read(version=newest)
    found = _by_batch(_matching(frame, key))
    if "row" in frame:  # whole rows as JSON, where their columns clashed
        said = frame["row"].map(lambda text: json.loads(text) if isinstance(text, str) and text[:1] == "{" else {})
        hit = said.map(lambda row: all(row.get(name) == value for name, value in key.items()))
        for batch, rows in _by_batch(frame[hit.astype(bool)]).items():
            found[batch] = tuple(sorted({*found.get(batch, ()), *rows}))
    return found


def _label_keys(
    lake: Lake, dataset: DatasetSpec, found: Mapping[str, Rows], tables: Mapping[str, int]
) -> frozenset[str]:
    """Return the keys by which labels of the found rows are joined: a label need not say whom it is about."""
    keys: set[str] = set()
    for name, rows in found.items() if dataset.labels.arrivals else ():
        table: Table = getattr(lake, name)(dataset.name)
        if not any(rows.values()) or not set(dataset.labels_key) <= set(table.columns()):
            continue
        frame = table.read(sorted(rows), columns=[BATCH, ROW, *dataset.labels_key], version=tables[name])
        mine = [row in rows[batch] for batch, row in zip(frame[BATCH], frame[ROW], strict=True)]
        keys |= set(keys_of(frame[mine], dataset.labels_key))
    return frozenset(keys)


def _in_labels(
    table: Table, key: Mapping[str, str], joined_on: Sequence[str], about: Collection[str], newest: int | None
) -> dict[str, tuple[int, ...]]:
    """Return the rows of labels, and every file of them: an older one of the same name may have held some."""
    known = set(table.columns()) if newest is not None else set()
    by_key, by_rows = set(key) <= known, bool(about) and set(joined_on) <= known
    if not (by_key or by_rows):
        return {}
    asked = {*(key if by_key else ()), *(joined_on if by_rows else ())}
    frame = table.read(columns=[BATCH, ROW, *sorted(asked)], version=newest)
    hits = [_matching(frame, key)] if by_key else []
    hits += [frame[keys_of(frame, joined_on).isin(about)]] if by_rows else []
    found: dict[str, set[int]] = {}
    for hit in hits:
        for name, rows in _by_batch(hit).items():
            found.setdefault(name, set()).update(rows)
    return (
        {str(name): tuple(sorted(found.get(str(name), ()))) for name in sorted(frame[BATCH].unique())} if found else {}
    )


def _in_fetched(lake: Lake, dataset: str, key: Mapping[str, str]) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    for place in lake.fetched_of(dataset):
        table = pq.read_table(pa.BufferReader(lake.held(place)))
        frame = table.to_pandas().set_axis(row_numbers(table))
        if rows := _matching(frame, key).index.tolist():
            found[stem(place)] = tuple(rows)
    return found


def _in_held(
    lake: Lake, dataset: str, batches: list[str], key: Mapping[str, str]
) -> tuple[dict[str, tuple[int, ...]], tuple[str, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    unread = []
    for batch in batches:
        for place in lake.held_of(dataset, batch):
            if not place.endswith(ROWS):
                unread.append(batch)
                continue
            if rows := _matching(taken_up(lake, place).frame, key).index.tolist():
                found[place] = tuple(rows)
    return found, tuple(unread)


def _in_predictions(
    table: Table, batches: Rows, key: Mapping[str, str], newest: int | None
) -> dict[str, tuple[int, ...]]:
    if newest is None:
        return {}
    columns = [name for name in key if name in table.columns()]
    frame = table.read(columns=[BATCH, ROW, *columns], version=newest)
    found = _by_batch(_matching(frame, key)) if len(columns) == len(key) else {}
    there = {batch: set(rows) for batch, rows in frame.groupby(BATCH)[ROW]}
    for batch, rows in batches.items():
        if mine := {*found.get(batch, ()), *(there.get(batch, set()) & set(rows))}:
            found[batch] = tuple(sorted(mine))
        elif batch in there:
            found[batch] = ()  # older versions may have been predictions for them
    return found


def _by_batch(frame: pd.DataFrame) -> dict[str, tuple[int, ...]]:
    return {str(batch): tuple(sorted(set(rows.tolist()))) for batch, rows in frame.groupby(BATCH)[ROW]}


def _models(workspace: Workspace, dataset: str) -> list[str]:
    project = Project.at(workspace.project)
    return [name for name in project.model_names() if project.model(name).dataset == dataset]


def _plain(rows: Mapping[str, tuple[Any, ...]]) -> dict[str, list[Any]]:
    return {name: list(found) for name, found in rows.items()}


def _tuples(raw: Mapping[str, list[Any]]) -> dict[str, tuple[Any, ...]]:
    return {name: tuple(found) for name, found in raw.items()}
