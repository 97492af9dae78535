"""The rows of one window, asked of the database in pieces, with the types that the database gives them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from loopwright.stages.ingest.arriving.watermarks import from_json
from loopwright.stages.ingest.arriving.windows import above, column_of
from loopwright.stages.ingest.reading.frames import Reading

if TYPE_CHECKING:
    from loopwright.declaration.dataset import Query


CHUNK = 50_000
"""Rows taken from the database at a time."""


def asked(connection: sa.Connection, query: Query, window: Mapping[str, Any]) -> Reading:
    """Return the rows of one window, in the order of the watermark.

    :param connection: to the database.
    :param query: what is declared.
    :param window: its recorded bounds.
    """
    column = column_of(connection, query)
    low, parameters = above(column, window["since"])
    parameters["until"] = from_json(window["until"])
    where = " AND ".join([*low, f"{column} <= :until"])
    text = sa.text(f"SELECT * FROM ({query.sql}) AS q WHERE {where} ORDER BY {column}")  # noqa: S608 - the team's own
    result = connection.execution_options(stream_results=True).execute(text, parameters)
    names = list(map(str, result.keys()))
    columns: list[list[Any]] = [[] for _ in names]
    for rows in result.partitions(CHUNK):
        for column_values, values in zip(columns, zip(*rows, strict=True), strict=True):
            column_values.extend(map(_plain, values))
    table = pa.table(dict(zip(names, map(_array, columns), strict=True)))
    frame = table.to_pandas(types_mapper={pa.int64(): _nullable(table)}.get) if table.num_rows else table.to_pandas()
    return Reading(frame)


def parquet(reading: Reading) -> bytes:
    """Return rows as one Parquet file."""
    target = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(reading.frame, preserve_index=False), target)
    return target.getvalue()


def _nullable(table: pa.Table) -> Any:
    import pandas as pd

    gaps = any(pa.types.is_int64(column.type) and column.null_count for column in table.columns)
    return pd.Int64Dtype() if gaps else None


def _array(values: Sequence[Any]) -> pa.Array:
    if any(isinstance(value, Decimal) for value in values):
        return pa.array(_exact(values))
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError):  # SQLite keeps what it is given, whatever the column's type
        return pa.array([None if value is None else str(value) for value in values], pa.string())


def _exact(values: Sequence[Any]) -> list[Any]:
    """Return decimals as whole numbers or floats where each is the very same number as such, else all as text."""
    there = [value for value in values if value is not None]
    if all(_is_whole(value) for value in there):
        return [None if value is None else int(value) for value in values]
    if all(_is_same(value) for value in there):
        return [None if value is None else float(value) for value in values]
    return [None if value is None else str(value) for value in values]


def _is_whole(value: Any) -> bool:
    """Whether a number has no places after the point, not even empty ones, and fits into 64 bits."""
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        return isinstance(exponent, int) and exponent >= 0 and abs(value) < 2**63
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def _is_same(value: Any) -> bool:
    """Whether the float that is nearest, written as shortly as can be, is the number again."""
    if isinstance(value, Decimal):
        return value.is_nan() or Decimal(repr(float(value))) == value
    return isinstance(value, float) or (isinstance(value, int) and float(value) == value)


def _plain(value: Any) -> Any:
    if isinstance(value, memoryview):
        return bytes(value)
    return value if isinstance(value, str | int | float | bytes | date | Decimal | None) else str(value)
