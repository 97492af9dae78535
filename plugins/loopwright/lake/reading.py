"""From a table's files to the frame that a stage works on: always the same rows in the same order."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from loopwright.errors import UnknownName, shown_names
from loopwright.lake import rows
from loopwright.lake.columns import ARROW

if TYPE_CHECKING:
    import pyarrow.dataset as datasets
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
    wanted = batches_of(table) if batch_ids is None else list(dict.fromkeys(batch_ids))
    found = _with_untyped(pa.concat_tables(_rows(table.to_pyarrow_dataset(), wanted, columns, role)))
    if columns is not None:
        _require(columns, found.column_names)
        found = found.select(list(columns))
    return to_pandas(found)


def frame_as_of(tables: Mapping[str, DeltaTable]) -> pd.DataFrame:
    """Return the rows of batches, each as one version of the table has it, in the order of the batches.

    Columns come as the newest of these versions has them, so that where the rows are the same, so is the frame.

    :param tables: batch to the table, opened at the batch's version.
    """
    newest = max(tables.values(), key=lambda table: table.version()).to_pyarrow_dataset()
    parts = _rows(newest, [], None, None)
    for batch_id, table in tables.items():
        parts += _rows(table.to_pyarrow_dataset(), [batch_id], None, None)
    # A column may have come, or become wider, from one version to the next.
    return to_pandas(_with_untyped(pa.concat_tables(parts, promote_options="permissive")))


def batches_of(table: DeltaTable) -> list[str]:
    """Return the batches that a table holds, sorted."""
    return sorted({partition[rows.BATCH] for partition in table.partitions()})


def count_of(table: DeltaTable, batch_id: str) -> int:
    """Return how many rows a batch has, from the files' footers."""
    counted: int = table.to_pyarrow_dataset().count_rows(filter=pc.field(rows.BATCH) == batch_id)
    return counted


def _rows(
    source: datasets.Dataset, batch_ids: Sequence[str], columns: Sequence[str] | None, role: str | None
) -> list[pa.Table]:
    """Return no rows, which have the columns, and then each batch's."""
    names = _leading(source.schema.names)
    if columns is not None:
        needed = {*columns, rows.ROW, rows.UNTYPED}
        names = [name for name in names if name in needed]
    parts = [source.schema.empty_table().select(names)]
    for (
        batch_id
    ) in batch_ids:  # batch by batch is in order already; to sort them together costs as much as to read them
        condition = pc.field(rows.BATCH) == batch_id
        if role is not None:
            condition &= pc.field(rows.ROLE) == role
        parts.append(_ordered(source.to_table(columns=names, filter=condition)))
    return parts


def _leading(names: Sequence[str]) -> list[str]:
    """Return the names with the reserved ones first, wherever schema changes have put them."""
    places = {name: place for place, name in enumerate(rows.RESERVED)}
    return sorted(names, key=lambda name: places.get(name, len(places)))


def _ordered(batch: pa.Table) -> pa.Table:
    numbers = batch[rows.ROW].to_numpy()
    in_order = bool((np.diff(numbers) >= 0).all())
    return batch if in_order else batch.take(np.argsort(numbers, kind="stable"))


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


def to_pandas(found: pa.Table) -> pd.DataFrame:
    """Return a table as a frame: whole numbers with nulls as floats, or as ``Int64`` where these would lose digits."""
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
