"""The good rows of a day, and ways to break them."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

DATASET = """\
name: orders
owner: tests
arrivals: arrivals/orders/*
key: [order_id]
event_time: ordered_at
"""
EXPECTATIONS = """\
expectations:
  - {type: expect_column_values_to_not_be_null, kwargs: {column: amount}}
  - {type: expect_column_values_to_be_between, kwargs: {column: amount, min_value: 0, max_value: 10000}}
  - {type: expect_column_values_to_be_in_set, kwargs: {column: country, value_set: [DE, FR, NL]}}
"""
NAMES = ["order_id", "ordered_at", "amount", "country", "note"]


@dataclass(frozen=True)
class Case:
    """One file.

    :param name: of the file; ``{day}`` is the batch.
    :param becomes: its verdict.
    :param check: the check that fails.
    :param make: its bytes; or what puts it at a path, where bytes are not enough.
    """

    name: str
    becomes: str
    check: str
    make: Callable[[Path], Any] | bytes


def rows(day: int) -> list[list[Any]]:
    """The good rows of a day."""
    return [
        [100 * day + n, f"2024-01-{day:02d} 10:{n:02d}:00", 10.5 + n, ["DE", "FR", "NL"][n % 3], f"note {n}"]
        for n in range(12)
    ]


def text(table: list[list[Any]] | None = None, header: list[str] | None = None, delimiter: str = ",") -> str:
    """The rows (else the good ones) as CSV."""
    made = io.StringIO()
    writer = csv.writer(made, delimiter=delimiter, lineterminator="\n")
    writer.writerows([NAMES if header is None else header, *(rows(2) if table is None else table)])
    return made.getvalue()


def parquet(change: Callable[[dict[str, Any]], Any] | None = None, **how: Any) -> bytes:
    """The rows as Parquet, with something done to the columns."""
    columns: dict[str, Any] = dict(zip(NAMES, map(list, zip(*rows(2), strict=True)), strict=True))
    changed = change(columns) if change else None
    made = pa.BufferOutputStream()
    pq.write_table(changed if isinstance(changed, pa.Table) else pa.table(changed or columns), made, **how)
    return made.getvalue().to_pybytes()


def lines(change: Callable[[dict[str, Any]], Any] = lambda row: row) -> str:
    """The rows as JSON lines, with something done to each."""
    return "".join(json.dumps(change(dict(zip(NAMES, row, strict=True)))) + "\n" for row in rows(2))


def cells(column: str, *values: Any) -> bytes:
    """CSV in which the first values of a column are these."""
    table = rows(2)
    for row, value in zip(table, values, strict=False):
        row[NAMES.index(column)] = value
    return text(table).encode()


def column(name: str, values: Any) -> bytes:
    """Parquet in which a column is this one."""
    return parquet(lambda columns: {**columns, name: values})


def zipped() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("orders.csv", text())
    return made.getvalue()


def bomb(path: Path) -> None:
    """A kilobyte or so for every megabyte that it becomes."""
    with gzip.open(path, "wb", compresslevel=9) as stream:
        stream.write(text().encode())
        for _ in range(48):
            stream.write(b"\n" * 2**20)


def link_to(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to((path.parent / target).resolve())


def link_out(path: Path) -> None:
    elsewhere = path.parents[2] / "elsewhere.csv"
    elsewhere.write_text(text())
    path.symlink_to(elsewhere)


def twins(path: Path) -> None:
    path.write_text(text())
    path.with_name(path.name + ".gz").write_bytes(gzip.compress(text().encode()))


GOOD = text()
SQL = "x'); DROP TABLE batches; --"
IDS = [100 * 2 + n for n in range(12)]
FULL_DAY = "2024-01-02 10:00:00"
