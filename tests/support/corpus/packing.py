"""Bytes that are not what they say, and encodings."""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct

from support.corpus.making import (
    GOOD,
    Case,
    bomb,
    cells,
    lines,
    parquet,
    zipped,
)

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
}
