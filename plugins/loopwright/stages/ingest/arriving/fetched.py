"""The numbers of the rows in what a query gave, which stay theirs when others are taken out."""

from __future__ import annotations

import json
from collections.abc import Collection

import pyarrow as pa

_NUMBERS = b"loopwright.rows"


def row_numbers(table: pa.Table) -> list[int]:
    """Return each row's number: its place, from 0, when the query gave it."""
    kept = (table.schema.metadata or {}).get(_NUMBERS)
    return list(range(table.num_rows)) if kept is None else list(json.loads(kept))


def without(table: pa.Table, numbers: Collection[int]) -> pa.Table:
    """Return the table without the rows of these numbers; those that are not there any more are passed over.

    The numbers are kept beside the columns, not among them: a column would be ingested.
    """
    gone, before = set(numbers), row_numbers(table)
    places = [place for place, number in enumerate(before) if number not in gone]
    left = table.take(pa.array(places, pa.int64()))
    kept = json.dumps([before[place] for place in places]).encode()
    return left.replace_schema_metadata({**(table.schema.metadata or {}), _NUMBERS: kept})
