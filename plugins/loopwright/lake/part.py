"""A batch's rows as one Parquet file of our own writing, which a commit then names.

Of a stream that it is given, Delta-rs holds back what grows with its rows; written here, a batch takes the memory of a
piece. What must stay true: nobody reads the file before the commit that names it; it is committed onto the very version
that was looked at, or not at all, for Delta-rs sees no conflict between two such commits; and a file that a commit may
have named is never taken away.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, Schema
from deltalake.exceptions import CommitFailedError
from deltalake.table import TableFeatures
from deltalake.transaction import AddAction, create_table_with_add_actions

from loopwright.errors import DataFault
from loopwright.lake.columns import ARROW
from loopwright.lake.files import remove
from loopwright.lake.rows import ROW
from loopwright.lake.storage import is_local, opened
from loopwright.lake.writing import CONFIGURATION, ONTO_THIS_VERSION, made_once

if TYPE_CHECKING:
    from loopwright.lake.columns import Columns
    from loopwright.lake.rows import Rows

Piece = tuple[np.ndarray, Mapping[str, pa.Array]]
"""Row numbers, and columns of as many values."""


LARGE = 64 * 2**20
"""Bytes of a batch in memory from which on its file is written here: Delta-rs would take several times as much more."""
_ROWS = 131_072
"""Rows of a batch in memory that are written at a time."""


@dataclass(frozen=True)
class Part:
    """A file that waits for its commit.

    :param path: below the table.
    :param schema: of its rows, the columns by which the table is partitioned included.
    :param size: bytes.
    :param rows: how many.
    :param first: the least row number.
    :param last: the greatest.
    """

    path: str
    schema: pa.Schema
    size: int
    rows: int
    first: int
    last: int

    def added(self, target: Rows) -> AddAction:
        """Return what a commit says of it."""
        ends = {"minValues": {ROW: self.first}, "maxValues": {ROW: self.last}} if self.rows else {}
        known = {"numRecords": self.rows, **ends, "nullCount": {ROW: 0}}
        return AddAction(self.path, self.size, target.marks, int(time.time() * 1000), True, json.dumps(known))


@contextmanager
def written(
    uri: str, target: Rows, columns: Columns, pieces: Iterable[Piece], storage_options: Mapping[str, str]
) -> Iterator[Part]:
    """Write rows beside those of the table; they are taken away again if they turn out not to fit it.

    :param uri: the table.
    :param columns: all columns and their types.
    :param pieces: row numbers, and the values of the columns that hold any; one piece at a time is held.
    :raises OSError: if the storage fails.
    """
    folder = "/".join(f"{name}={quote(value, safe='')}" for name, value in target.marks.items())
    path = f"{folder}/part-00000-{uuid4()}-c000.snappy.parquet"  # as Delta-rs names its own
    try:
        part = _write(uri, path, target, columns, pieces, storage_options)
    except BaseException:
        remove(f"{uri}/{path}", storage_options)
        raise
    try:
        yield part
    except (DataFault, CommitFailedError):  # of any other error it cannot be told what it came to, and the file stays
        if not _names(DeltaTable(uri, storage_options=dict(storage_options) or None), part):
            remove(f"{uri}/{path}", storage_options)
        raise


def is_large(columns: Columns) -> bool:
    """Whether a batch in memory is to be written here."""
    return sum(int(values.nbytes) for values in columns.typed.values()) >= LARGE


def sliced(numbers: np.ndarray, own: Mapping[str, pa.Array]) -> Iterator[Piece]:
    """Return a batch in memory in pieces, of which none is copied.

    :param numbers: its rows'.
    :param own: its columns.
    """
    for first in range(0, len(numbers), _ROWS):
        yield numbers[first : first + _ROWS], {name: values.slice(first, _ROWS) for name, values in own.items()}


def create_with(uri: str, target: Rows, part: Part, options: dict[str, str] | None) -> int:
    """Make the table, with this file in it.

    :return: its version.
    :raises CommitFailedError: if another made it first.
    """
    with made_once(uri, options):
        create_table_with_add_actions(
            uri,
            Schema.from_arrow(part.schema),
            [part.added(target)],
            mode="error",
            partition_by=list(target.marks),
            configuration=CONFIGURATION,
            storage_options=options,
            commit_properties=ONTO_THIS_VERSION,
        )
    return 0


def replace_by(table: DeltaTable, target: Rows, part: Part) -> int:
    """Put a file in place of what the table holds of its rows, new columns included.

    :param table: as it was looked at; the columns that it has are of the same types in the file.
    :return: the version that holds them.
    :raises CommitFailedError: if anybody has committed anything since.
    """
    if _names(table, part):  # the commit before this one got there, and only the answer was lost
        return int(table.version())
    table.create_write_transaction(
        [part.added(target)],
        mode="overwrite",
        schema=_with_new(table, part.schema),
        partition_by=list(target.marks),
        partition_filters=[(name, "=", value) for name, value in target.marks.items()],
        commit_properties=ONTO_THIS_VERSION,
    )
    return int(table.version()) + 1


def _names(table: DeltaTable, part: Part) -> bool:
    name = PurePosixPath(part.path).name
    return any(uri.endswith(name) for uri in table.file_uris())


def _with_new(table: DeltaTable, brought: pa.Schema) -> Schema:
    """Return the table's columns and, after them, those that it does not have yet."""
    has = {field.name for field in table.schema().fields}
    new = [field for field in brought if field.name not in has]
    if any(field.type == ARROW["timestamp_ntz"] for field in new):
        _let_in_local_times(table)
    return Schema([*table.schema().fields, *Schema.from_arrow(pa.schema(new)).fields]) if new else table.schema()


def _let_in_local_times(table: DeltaTable) -> None:
    """Say in the table that it may hold moments without a zone, in a commit of its own, which changes no row.

    :raises CommitFailedError: when that is done, for the table is to be looked at anew.
    """
    if "timestampNtz" not in (table.protocol().writer_features or []):
        table.alter.add_feature(TableFeatures.TimestampWithoutTimezone, allow_protocol_versions_increase=True)
        raise CommitFailedError("The table lets in moments without a zone now.")


def _write(
    uri: str, path: str, target: Rows, columns: Columns, pieces: Iterable[Piece], options: Mapping[str, str]
) -> Part:
    schema = target.assembled(_nothing(columns), np.zeros(0, np.int64), columns.untyped).schema
    kept = [name for name in schema.names if name not in target.marks]  # a partition's value is said by its folder
    count, first, last = 0, None, None
    filesystem, name = opened(f"{uri}/{path}", options)
    if is_local(filesystem):
        filesystem.makedirs(str(PurePosixPath(name).parent), exist_ok=True)
    with filesystem.open(name, "wb") as stream:
        with pq.ParquetWriter(stream, pa.schema([schema.field(name) for name in kept]), compression="snappy") as file:
            for numbers, own in pieces:
                rows = target.assembled({name: own[name] for name in columns.types}, numbers, columns.untyped)
                file.write_table(rows.select(kept))
                if len(numbers):
                    count += len(numbers)
                    ends = int(numbers.min()), int(numbers.max())
                    first = ends[0] if first is None else min(first, ends[0])
                    last = ends[1] if last is None else max(last, ends[1])
        size = stream.tell()
    return Part(path, schema, size, count, first or 0, last or 0)


def _nothing(columns: Columns) -> dict[str, pa.Array]:
    return {name: pa.array([], ARROW[kind]) for name, kind in columns.types.items()}
