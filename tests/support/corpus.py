"""A corpus of bad input: files that are each broken in one way, and what becomes of each. It reads as documentation.

Every case is a small daily batch of orders with one thing done to it. ``becomes`` is its verdict: ``published`` (odd,
and not bad), ``quarantined`` by the named check, ``refused`` (it can be no batch, and no byte of it is read), or
``ignored`` (it is no arrival).
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import os
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
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

CASES: dict[str, Case] = {
    # Bytes that are not what they say.
    "no bytes at all": Case("{day}.csv", "quarantined", "readable", b""),
    "nothing but line ends": Case("{day}.csv", "quarantined", "readable", b"\n\n\r\n"),
    "a Parquet file of no bytes": Case("{day}.parquet", "quarantined", "readable", b""),
    "a CSV file that breaks off in a row": Case("{day}.csv", "quarantined", "readable", GOOD.encode()[:-30]),
    "a Parquet file that breaks off": Case("{day}.parquet", "quarantined", "readable", parquet()[:-200]),
    "Parquet with the footer's magic gone": Case("{day}.parquet", "quarantined", "readable", parquet()[:-4] + b"XXXX"),
    "Parquet with a footer length beyond the file": Case(
        "{day}.parquet", "quarantined", "readable", parquet()[:-8] + struct.pack("<i", 2**30) + b"PAR1"
    ),
    "Parquet with its pages overwritten": Case(
        "{day}.parquet", "quarantined", "readable", b"PAR1" + b"\xff" * 400 + parquet()[404:]
    ),
    "encrypted Parquet": Case("{day}.parquet", "quarantined", "readable", b"PARE" + parquet()[4:-4] + b"PARE"),
    "text called Parquet": Case("{day}.parquet", "quarantined", "readable", GOOD.encode()),
    "Parquet called text": Case("{day}.csv", "quarantined", "readable", parquet()),
    "a zip archive called text": Case("{day}.csv", "quarantined", "readable", zipped()),
    "a web page of an error": Case("{day}.csv", "quarantined", "", b"<html><body>503 <b>Busy</b></body></html>\n"),
    "an ending that says nothing": Case("{day}.xlsx", "quarantined", "readable", zipped()),
    "gzip that is none": Case("{day}.csv.gz", "quarantined", "readable", GOOD.encode()),
    "gzip that breaks off": Case("{day}.csv.gz", "quarantined", "readable", gzip.compress(GOOD.encode())[:-30]),
    "gzip with a wrong checksum": Case(
        "{day}.csv.gz", "quarantined", "readable", gzip.compress(GOOD.encode())[:-8] + b"\0" * 8
    ),
    "gzip of nothing": Case("{day}.csv.gz", "quarantined", "readable", gzip.compress(b"")),
    "gzip in gzip": Case("{day}.csv.gz", "quarantined", "readable", gzip.compress(gzip.compress(GOOD.encode()))),
    "a gzip bomb": Case("{day}.csv.gz", "quarantined", "readable", bomb),
    "bzip2 that breaks off": Case("{day}.csv.bz2", "quarantined", "readable", bz2.compress(GOOD.encode())[:-30]),
    "xz that breaks off": Case("{day}.csv.xz", "quarantined", "readable", lzma.compress(GOOD.encode())[:-30]),
    # Encodings.
    "Latin-1 where UTF-8 is declared": Case(
        "{day}.csv", "quarantined", "readable", cells("note", "Müller").decode().encode("latin-1")
    ),
    "two encodings in one file": Case(
        "{day}.csv",
        "quarantined",
        "readable",
        cells("note", "Müller") + "902,2024-01-02 11:00:00,1,DE,Käse\n".encode("cp1252"),
    ),
    "UTF-16": Case("{day}.csv", "quarantined", "readable", GOOD.encode("utf-16")),
    "a byte-order mark": Case("{day}.csv", "published", "", b"\xef\xbb\xbf" + GOOD.encode()),
    "NUL bytes in a cell": Case("{day}.csv", "quarantined", "readable", cells("note", "a\0b")),
    "a NUL byte in the header": Case(
        "{day}.csv", "quarantined", "readable", GOOD.replace("note\n", "no\0te\n", 1).encode()
    ),
    "half the file NUL bytes": Case("{day}.csv", "quarantined", "readable", GOOD.encode()[:300] + b"\0" * 300),
    "a lone surrogate in JSON": Case(
        "{day}.jsonl", "quarantined", "", lines().replace('"note 3"', '"\\ud800"').encode()
    ),
    # Lines, headers and cells.
    "Windows line ends": Case("{day}.csv", "published", "", GOOD.replace("\n", "\r\n").encode()),
    "a header and no rows": Case("{day}.csv", "quarantined", "rows", text([]).encode()),
    "rows and no header": Case("{day}.csv", "quarantined", "columns", GOOD.split("\n", 1)[1].encode()),
    "the header again in the middle": Case(
        "{day}.csv", "quarantined", "event_time", (GOOD + GOOD.replace("note ", "more ")).encode()
    ),
    "a doubled column": Case(
        "{day}.csv", "quarantined", "columns", text([[*row, 1] for row in rows(2)], [*NAMES, "amount"]).encode()
    ),
    "a column without a name": Case(
        "{day}.csv", "published", "", text([[*row, 1] for row in rows(2)], [*NAMES, ""]).encode()
    ),
    "rows longer than the header": Case(
        "{day}.csv", "quarantined", "readable", GOOD.replace("note 5", "note 5,more,and more").encode()
    ),
    "a row shorter than the header": Case(
        "{day}.csv", "quarantined", "readable", GOOD.replace(",NL,note 5", "").encode()
    ),
    "another delimiter": Case("{day}.csv", "quarantined", "columns", text(delimiter=";").encode()),
    "a quote that never closes": Case(
        "{day}.csv", "quarantined", "readable", GOOD.replace("note 5", '"note 5').encode()
    ),
    "a line end within quotes": Case("{day}.csv", "published", "", cells("note", "two\nlines")),
    "ten megabytes in one cell": Case("{day}.csv", "published", "", cells("note", "x" * 10_000_000)),
    "a formula in a cell": Case("{day}.csv", "published", "", cells("note", '=HYPERLINK("http://x")')),
    "SQL in a cell": Case("{day}.csv", "published", "", cells("note", SQL)),
    # JSON lines.
    "a JSON array in place of lines": Case(
        "{day}.jsonl",
        "quarantined",
        "readable",
        json.dumps([dict(zip(NAMES, row, strict=True)) for row in rows(2)]).encode(),
    ),
    "JSON that breaks off": Case("{day}.jsonl", "quarantined", "readable", lines().encode()[:-30]),
    "a line that is no object": Case("{day}.jsonl", "quarantined", "readable", (lines() + "42\n").encode()),
    "JSON nested a hundred thousand deep": Case(
        "{day}.jsonl", "quarantined", "readable", b'{"order_id": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"
    ),
    "a key twice in an object": Case(
        "{day}.jsonl", "quarantined", "readable", lines().replace('"amount"', '"country": "XX", "amount"').encode()
    ),
    "an object in a cell": Case(
        "{day}.jsonl", "quarantined", "types", lines(lambda row: {**row, "note": {"a": 1}}).encode()
    ),
    "a list in a cell": Case(
        "{day}.jsonl", "quarantined", "types", lines(lambda row: {**row, "note": [1, 2]}).encode()
    ),
    "numbers and text in one column": Case(
        "{day}.jsonl",
        "quarantined",
        "types",
        lines(lambda row: {**row, "note": row["order_id"] if row["order_id"] % 2 else "x"}).encode(),
    ),
    "an integer beyond any number of bits": Case(
        "{day}.jsonl", "quarantined", "", lines(lambda row: {**row, "order_id": 10**40 + row["order_id"]}).encode()
    ),
    # Numbers.
    "integers beyond 64 bits": Case("{day}.csv", "quarantined", "types", cells("order_id", 2**63, 2**63 + 1)),
    "integers below 64 bits": Case("{day}.csv", "quarantined", "types", cells("order_id", -(2**63) - 1)),
    "unsigned integers beyond 63 bits": Case(
        "{day}.parquet",
        "quarantined",
        "types",
        column("order_id", pa.array([2**64 - 1 - n for n in range(12)], pa.uint64())),
    ),
    "NaN amounts": Case(
        "{day}.parquet",
        "quarantined",
        "expect_column_values_to_not_be_null(amount)",
        column("amount", [float("nan")] * 12),
    ),
    "infinite amounts": Case(
        "{day}.parquet",
        "quarantined",
        "expect_column_values_to_be_between(amount)",
        column("amount", [float("inf")] * 12),
    ),
    "amounts of minus zero": Case("{day}.parquet", "published", "", column("amount", [-0.0] * 12)),
    "an amount that overflows": Case(
        "{day}.csv", "quarantined", "expect_column_values_to_be_between(amount)", cells("amount", "1e400")
    ),
    "amounts in words": Case("{day}.csv", "quarantined", "", cells("amount", *["many"] * 12)),
    "amounts with a decimal comma": Case("{day}.csv", "quarantined", "", cells("amount", *["10,5"] * 12)),
    "one amount with its currency": Case("{day}.csv", "quarantined", "", cells("amount", "10.5 EUR")),
    "a sentinel for a missing amount": Case(
        "{day}.csv", "quarantined", "expect_column_values_to_be_between(amount)", cells("amount", -999)
    ),
    "decimals for floats": Case(
        "{day}.parquet", "published", "", column("amount", [Decimal(n) / 4 for n in range(12)])
    ),
    # Times.
    "a date in the year 0": Case("{day}.csv", "quarantined", "event_time", cells("ordered_at", "0000-01-01 00:00:00")),
    "dates before the year 1, as numbers": Case(
        "{day}.parquet",
        "quarantined",
        "event_time",
        column("ordered_at", pa.array([-62_200_000_000_000_000 + n for n in range(12)], pa.timestamp("us"))),
    ),
    "a date in the year 9999": Case("{day}.csv", "published", "", cells("ordered_at", "9999-12-31 23:59:59")),
    "a date in the year 10000": Case("{day}.csv", "quarantined", "", cells("ordered_at", "10000-01-01 00:00:00")),
    "the thirtieth of February": Case("{day}.csv", "quarantined", "", cells("ordered_at", "2024-02-30 10:00:00")),
    "words for dates": Case("{day}.csv", "quarantined", "event_time", cells("ordered_at", *["yesterday"] * 12)),
    "seconds for dates": Case(
        "{day}.csv", "quarantined", "", cells("ordered_at", *range(1_704_000_000, 1_704_000_012))
    ),
    "no date at all": Case("{day}.csv", "quarantined", "event_time", cells("ordered_at", *[""] * 12)),
    "times of the day for dates": Case(
        "{day}.parquet", "quarantined", "", column("ordered_at", pa.array(range(12), pa.time32("s")))
    ),
    "durations for dates": Case(
        "{day}.parquet", "quarantined", "", column("ordered_at", pa.array(range(12), pa.duration("s")))
    ),
    "dates with a zone, unlike before": Case(
        "{day}.parquet", "quarantined", "types", column("ordered_at", pa.array(range(12), pa.timestamp("us", "UTC")))
    ),
    "dates in nanoseconds": Case(
        "{day}.parquet",
        "published",
        "",
        column("ordered_at", pa.array([1_704_190_000_000_000_001 + n for n in range(12)], pa.timestamp("ns"))),
    ),
    # Columns.
    "a column gone": Case(
        "{day}.csv", "quarantined", "columns", text([row[:-1] for row in rows(2)], NAMES[:-1]).encode()
    ),
    "a column renamed": Case("{day}.csv", "quarantined", "columns", text(header=[*NAMES[:-1], "remark"]).encode()),
    "the key's column gone": Case(
        "{day}.csv", "quarantined", "key", text([row[1:] for row in rows(2)], NAMES[1:]).encode()
    ),
    "a column that turned to text": Case(
        "{day}.parquet", "quarantined", "types", column("order_id", [f"#{n}" for n in IDS])
    ),
    "a thousand columns": Case(
        "{day}.parquet",
        "published",
        "",
        parquet(lambda columns: {**columns, **{f"c{n}": [n] * 12 for n in range(1_000)}}),
    ),
    "five thousand columns, and a bad row": Case(
        "{day}.parquet",
        "quarantined",
        "expect_column_values_to_be_in_set(country)",
        parquet(lambda columns: {**columns, "country": ["XX"] * 12, **{f"c{n}": [n] * 12 for n in range(5_000)}}),
    ),
    "columns in another order": Case(
        "{day}.csv", "published", "", text([row[::-1] for row in rows(2)], NAMES[::-1]).encode()
    ),
    "quotes in a column's name": Case("{day}.parquet", "published", "", column("say \"hello\", 'you'", [1] * 12)),
    "a line end in a column's name": Case("{day}.parquet", "published", "", column("two\nlines", [1] * 12)),
    "SQL in a column's name": Case("{day}.parquet", "published", "", column(SQL, [1] * 12)),
    "a path for a column's name": Case("{day}.parquet", "published", "", column("../../etc/passwd", [1] * 12)),
    "ten thousand letters for a column's name": Case("{day}.parquet", "published", "", column("n" * 10_000, [1] * 12)),
    "no letters for a column's name": Case("{day}.parquet", "published", "", column("", [1] * 12)),
    "two columns that differ in case only": Case("{day}.parquet", "quarantined", "types", column("AMOUNT", [1] * 12)),
    "the lake's own name for a column": Case(
        "{day}.parquet", "quarantined", "columns", column("_batch_id", ["../x"] * 12)
    ),
    "the lake's own number of rows": Case("{day}.parquet", "quarantined", "columns", column("_row", [0] * 12)),
    "a column twice in Parquet": Case(
        "{day}.parquet",
        "quarantined",
        "columns",
        parquet(
            lambda columns: pa.table([*map(pa.array, columns.values()), pa.array([1] * 12)], names=[*NAMES, "note"])
        ),
    ),
    "lists in a column": Case("{day}.parquet", "quarantined", "types", column("note", [[1]] * 12)),
    "records in a column": Case("{day}.parquet", "quarantined", "types", column("note", [{"a": 1}] * 12)),
    "maps in a column": Case(
        "{day}.parquet",
        "quarantined",
        "types",
        column("note", pa.array([[("a", 1)]] * 12, pa.map_(pa.string(), pa.int64()))),
    ),
    "bytes for text": Case("{day}.parquet", "quarantined", "types", column("note", [b"\xff\xfe"] * 12)),
    "a dictionary for text": Case(
        "{day}.parquet", "published", "", column("note", pa.array(["a", "b"] * 6).dictionary_encode())
    ),
    "no columns": Case("{day}.parquet", "quarantined", "rows", parquet(lambda columns: pa.table({}))),
    # Rows.
    "zero rows": Case("{day}.parquet", "quarantined", "rows", parquet(lambda columns: pa.table(columns).slice(0, 0))),
    "nothing but nulls": Case(
        "{day}.parquet", "quarantined", "key", parquet(lambda columns: {name: [None] * 12 for name in columns})
    ),
    "one row repeated": Case(
        "{day}.parquet", "quarantined", "key", parquet(lambda columns: pa.table(columns).take([0] * 12))
    ),
    "a key missing": Case("{day}.csv", "quarantined", "key", cells("order_id", "")),
    "a key twice": Case("{day}.csv", "quarantined", "key", cells("order_id", 205)),
    "a country nobody knows": Case(
        "{day}.csv", "quarantined", "expect_column_values_to_be_in_set(country)", cells("country", "XX")
    ),
    "a country in lower case": Case(
        "{day}.csv", "quarantined", "expect_column_values_to_be_in_set(country)", cells("country", "de")
    ),
    "a country with a blank": Case(
        "{day}.csv", "quarantined", "expect_column_values_to_be_in_set(country)", cells("country", "DE ")
    ),
    # Names and places.
    "a name that leads out": Case("a..%2f..{day}.csv", "refused", "", GOOD.encode()),
    "a name that begins with a dash": Case("-rf {day}.csv", "refused", "", GOOD.encode()),
    "a name with a line end": Case("x\n{day}.csv", "refused", "", GOOD.encode()),
    "a name with SQL in it": Case("x'; DROP TABLE {day}.csv", "refused", "", GOOD.encode()),
    "a name of 240 letters": Case("n" * 234 + "{day}.csv", "refused", "", GOOD.encode()),
    "a name that runs from right to left": Case("\u202e{day}.csv", "refused", "", GOOD.encode()),
    "two files of one name": Case("{day}.csv", "refused", "", twins),
    "a link that leads out of the folder": Case("{day}.csv", "refused", "", link_out),
    "a link to nowhere": Case("{day}.csv", "ignored", "", link_to("nowhere.csv")),
    "a link to itself": Case("{day}.csv", "ignored", "", lambda path: path.symlink_to(path)),
    "a folder that is called a file": Case("{day}.csv", "ignored", "", Path.mkdir),
    "a pipe that nobody writes to": Case("{day}.csv", "ignored", "", os.mkfifo),
    "a file still being written, by its name": Case("{day}.csv.part", "ignored", "", GOOD.encode()[:99]),
    "a hidden file": Case(".{day}.csv", "ignored", "", b"\0\0\0\1Bud1"),
}
