"""Cleaned pieces in one Parquet file of their own, in the lake's types, for as long as the batch is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from loopwright.lake.columns import ARROW, TYPELESS_SEEMS, Columns, ColumnUnfit, columns_of
from loopwright.lake.rows import RESERVED, ROW
from loopwright.stages.ingest.pieces import NotInPieces
from loopwright.stages.ingest.scratch import scratch

if TYPE_CHECKING:
    from loopwright.lake.part import Piece
    from loopwright.stages.ingest.scratch import Scratch

_ROWS = 65_536
"""Rows that are read of it at a time."""
_NUMBERS = {f"{kind}{width}": "long" for kind in ("int", "uint") for width in (8, 16, 32, 64)}
_KINDS = {**_NUMBERS, "Int64": "long", "float32": "double", "float64": "double", "bool": "boolean", "str": "string"}
_KINDS |= {"boolean": "boolean"}
_KINDS |= {f"datetime64[{unit}]": "timestamp_ntz" for unit in ("s", "ms", "us", "ns")}
_KINDS |= {f"datetime64[{unit}, UTC]": "timestamp" for unit in ("s", "ms", "us", "ns")}
"""The types of pandas that come out of the lake's types as they went in, and the lake's names of these."""
_OBJECTS = ("date", "boolean", "null")
"""What a column of objects may hold."""
_WITH_GAPS = {frozenset({"int64", "Int64"}): "Int64", frozenset({"bool", "boolean"}): "boolean"}
"""Types that a conversion gives by whether a value is missing, and the one that the whole has then."""


@dataclass(frozen=True)
class Staged:
    """A cleaned batch on disk.

    :param path: a Parquet file, with the row numbers as ``_row``.
    :param rows: how many.
    :param columns: names and types, without values; ``untyped`` are those without a single value.
    :param dtypes: what each column is in pandas.
    :param place: the folder that it is in, which goes when nobody refers to it any more.
    """

    path: Path
    rows: int
    columns: Columns
    dtypes: Mapping[str, str]
    place: Scratch

    def erase(self) -> None:
        """Remove it."""
        self.place.erase()

    @property
    def names(self) -> list[str]:
        """All columns, in order."""
        return list(self.dtypes)

    def column(self, name: str) -> Iterator[pa.Array]:
        """Return a column's values in pieces."""
        return (batch.column(0) for batch in self._batches([name]))

    def pieces(self) -> Iterator[Piece]:
        """Return the rows in pieces, those that they were staged in, as the lake writes them."""
        own = list(self.columns.types)
        with pq.ParquetFile(self.path, pre_buffer=False) as file:
            for place in range(file.num_row_groups):
                rows = file.read_row_group(place, columns=[ROW, *own]).combine_chunks()
                yield rows[ROW].to_numpy(), {name: rows[name] for name in own}

    def load(self, names: Sequence[str] | None = None) -> pd.DataFrame:
        """Return some columns whole, as pandas had them, under their row numbers.

        :param names: ``None`` for all.
        """
        wanted = self.names if names is None else list(names)
        found = pq.read_table(self.path, columns=[ROW, *wanted])
        frame: pd.DataFrame = found.select(wanted).to_pandas().astype({name: self.dtypes[name] for name in wanted})
        frame.index = pd.Index(found[ROW].to_numpy())
        return frame

    def _batches(self, names: list[str]) -> Iterator[pa.RecordBatch]:
        with pq.ParquetFile(self.path, pre_buffer=False) as file:
            yield from file.iter_batches(batch_size=_ROWS, columns=names)


def stage(pieces: Iterable[pd.DataFrame]) -> Staged:
    """Write pieces to a place of their own.

    :param pieces: cleaned, their index the row numbers.
    :raises NotInPieces: if what the whole would be like cannot be told from them.
    """
    place = scratch()
    try:
        writer = _Writer(place.path / "batch.parquet")
        for frame in pieces:
            writer.write(frame)
        return writer.closed(place)
    except BaseException:
        place.erase()
        raise


class _Writer:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: pq.ParquetWriter | None = None
        self._kinds: dict[str, str] = {}
        self._dtypes: dict[str, set[str]] = {}
        self._held: dict[str, int] = {}
        self._rows = 0

    def write(self, frame: pd.DataFrame) -> None:
        if frame.empty:
            return
        columns = _columns(frame)
        kinds = {name: _kind(str(frame[name].dtype), columns, name) for name in frame.columns}
        if self._file is None:
            self._kinds, self._dtypes = kinds, {name: set() for name in kinds}
            types = {name: pa.null() if kind == "null" else ARROW[kind] for name, kind in kinds.items()}
            self._file = pq.ParquetWriter(self._path, pa.schema({**types, ROW: pa.int64()}), compression="lz4")
        _require_alike(kinds, self._kinds)
        schema, nothing = self._file.schema, len(frame)
        own = {name: columns.typed.get(name, pa.nulls(nothing, schema.field(name).type)) for name in kinds}
        self._file.write_table(pa.table({**own, ROW: frame.index.to_numpy(np.int64)}, schema=schema))
        for name in kinds:
            self._dtypes[name].add(str(frame[name].dtype))
            self._held[name] = self._held.get(name, 0) + (name in columns.typed)
        self._rows += len(frame)

    def closed(self, place: Scratch) -> Staged:
        if self._file is None:
            raise NotInPieces("no rows are left of it")
        self._file.close()
        types = {name: kind for name, kind in self._kinds.items() if self._held[name]}
        untyped = {
            name: TYPELESS_SEEMS if kind == "null" else kind for name, kind in self._kinds.items() if name not in types
        }
        dtypes = {name: _of_the_whole(name, found) for name, found in self._dtypes.items()}
        return Staged(self._path, self._rows, Columns({}, types, untyped), dtypes, place)


def _columns(frame: pd.DataFrame) -> Columns:
    if set(RESERVED) & set(frame.columns):
        raise NotInPieces("a column has a name that the lake uses itself")
    finer = [name for name in frame if "[ns" in str(frame[name].dtype) and (frame[name].dt.nanosecond > 0).any()]
    if finer:
        raise NotInPieces(f"{finer[0]!r} is finer than a microsecond")
    try:
        return columns_of(frame)
    except ColumnUnfit as error:
        raise NotInPieces(error.what) from error


def _kind(dtype: str, columns: Columns, name: str) -> str:
    kind = _KINDS.get(dtype)
    if kind is None and dtype == "object":
        kind = columns.types.get(name, "null")
        kind = kind if kind in _OBJECTS else None
    if kind is None or (name in columns.types and columns.types[name] != kind):
        raise NotInPieces(f"{name!r} is {dtype}")
    return kind


def _require_alike(kinds: Mapping[str, str], first: Mapping[str, str]) -> None:
    if list(kinds) != list(first):
        raise NotInPieces("its columns are not the same in all of its parts")
    for name, kind in kinds.items():
        if not _fits(kind, first[name]):
            raise NotInPieces(f"{name!r} is {kind} in some of its parts, and {first[name]} in others")


def _fits(kind: str, first: str) -> bool:
    """Whether a column goes on as it began; of objects, a piece may hold none."""
    return kind == first or (kind == "null" and first in _OBJECTS)


def _of_the_whole(name: str, found: set[str]) -> str:
    if len(found) == 1:
        return next(iter(found))
    whole = _WITH_GAPS.get(frozenset(found))
    if whole is None:
        raise NotInPieces(f"{name!r} is not of one type in all of its parts")
    return whole
