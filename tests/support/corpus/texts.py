"""Lines, headers and cells of delimited text, and JSON lines."""

from __future__ import annotations

import json

from support.corpus.making import (
    GOOD,
    NAMES,
    SQL,
    Case,
    cells,
    lines,
    rows,
    text,
)

CASES: dict[str, Case] = {
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
}
