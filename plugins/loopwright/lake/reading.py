"""From a table's files to the frame that a stage works on: always the same rows in the same order."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from difflib import get_close_matches
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from loopwright.errors import UnknownName, shown_names
from loopwright.lake import rows
from loopwright.lake.columns import ARROW

if TYPE_CHECKING:
    from deltalake import DeltaTable

EXACT_IN_DOUBLE = 2**53
"""Beyond it a whole number may have no double of its own."""


def frame_of(
    table: DeltaTable, batch_ids: Sequence[str] | None, columns: Sequence[str] | None, role: str | None
) -> pd.DataFrame:
    """Return the rows of these batches, ordered by batch as asked, then by row.

    :param batch_ids: which, in which order; ``None`` for all, sorted.
    :param columns: which; ``None`` for all but the lake's own note.
    :param role: only this role's rows.
    :raises UnknownName: if a column is asked for that no batch ever brought.
    """
    found = _ordered(_rows(table, batch_ids, columns, role), batch_ids)
    found = _with_untyped(found)
    if columns is not None:
        _require(columns, found.column_names)
        found = found.select(list(columns))
    return _to_pandas(found)


def count_of(table: DeltaTable, batch_id: str) -> int:
    """Return how many rows a batch has, from the files' footers."""
    counted: int = table.to_pyarrow_dataset().count_rows(filter=pc.field(rows.BATCH) == batch_id)
    return counted


def _rows(
    table: DeltaTable, batch_ids: Sequence[str] | None, columns: Sequence[str] | None, role: str | None
) -> pa.Table:
    source = table.to_pyarrow_dataset()
    conditions = []
    if batch_ids is not None:
        conditions.append(pc.field(rows.BATCH).isin(pa.array(batch_ids, pa.string())))
    if role is not None:
        conditions.append(pc.field(rows.ROLE) == role)
    names = source.schema.names
    if columns is not None:
        needed = {*columns, rows.BATCH, rows.ROW, rows.UNTYPED}
        names = [name for name in names if name in needed]
    return source.to_table(columns=names, filter=reduce(and_, conditions) if conditions else None)


def _ordered(found: pa.Table, batch_ids: Sequence[str] | None) -> pa.Table:
    batches = found[rows.BATCH]
    asked = sorted(batches.unique().to_pylist()) if batch_ids is None else batch_ids
    rank = pc.index_in(batches, value_set=pa.array(asked, pa.string())).to_numpy()
    order = np.lexsort((found[rows.ROW].to_numpy(), rank))
    return found if (np.diff(order) == 1).all() else found.take(order)


def _with_untyped(found: pa.Table) -> pa.Table:
    noted = rows.notes(found)
    if rows.UNTYPED in found.column_names:
        found = found.drop_columns([rows.UNTYPED])
    for name, seems in noted.items():
        if name not in found.column_names:
            found = found.append_column(name, pa.nulls(found.num_rows, ARROW[seems]))
    return found


def _require(columns: Sequence[str], there: Collection[str]) -> None:
    unknown = [name for name in columns if name not in there]
    if unknown:
        near = get_close_matches(unknown[0], there, n=1)
        raise UnknownName(
            "The table has no such column.",
            got=shown_names(unknown),
            allowed=shown_names(sorted(there)),
            mend=f"Did you mean {near[0]}?" if near else "Name one of the columns that it has.",
        )


def _to_pandas(found: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = found.to_pandas()
    for name in found.column_names:
        if found[name].null_count and _is_long_beyond_double(found[name]):
            frame[name] = found[name].to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    return frame


def _is_long_beyond_double(column: pa.ChunkedArray) -> bool:
    """Whether pandas would lose digits of identifiers by making them floats for a null's sake."""
    if not pa.types.is_int64(column.type) or column.null_count == len(column):
        return False
    ends = pc.min_max(column).as_py()
    return bool(max(abs(ends["min"]), abs(ends["max"])) > EXACT_IN_DOUBLE)
