"""Columns and rows."""

from __future__ import annotations

import pyarrow as pa

from support.corpus.making import (
    IDS,
    NAMES,
    SQL,
    Case,
    cells,
    column,
    parquet,
    rows,
    text,
)

CASES: dict[str, Case] = {
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
}
