"""How large the texts of a Parquet file are once decoded: a dictionary holds each once, however often rows refer to it.

The footer counts the dictionary and the references, so that a megabyte of file may be a terabyte of values. Known here
without decoding them. Values inside lists and structs are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow.compute as pc
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

_TEXTS = ("BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY")


@dataclass(frozen=True)
class _Chunk:
    """One column of one row group.

    :param packed: bytes of its pages, uncompressed.
    :param width: bytes of each value, where all have as many.
    """

    name: str
    group: int
    rows: int
    packed: int
    width: int | None


def require_short_texts(path: Path, footer: pq.FileMetaData, largest: int) -> None:
    """Refuse a file whose texts decode to more than is declared.

    :param path: the file.
    :param footer: of it.
    :param largest: bytes that they may take together.
    :raises ValueError: naming a column that has too many of them.
    """
    chunks = list(_chunks(footer))
    if sum(chunk.rows * (chunk.width or chunk.packed) for chunk in chunks) <= largest:  # none is longer than its pages
        return
    with pq.ParquetFile(path, pre_buffer=False, read_dictionary=sorted({chunk.name for chunk in chunks})) as file:
        most = {chunk: chunk.rows * (chunk.width or _longest(file, chunk)) for chunk in chunks}
        known, rest = 0, sum(most.values())
        for chunk in sorted(chunks, key=most.__getitem__, reverse=True):
            if known + rest <= largest:
                return
            rest -= most[chunk]
            for size in _sizes(file, chunk):
                known += size
                if known > largest:
                    raise ValueError(
                        f"its texts decode to more than the {largest:,} bytes that `largest_mb` allows: the rows of"
                        f" {chunk.name!r} repeat values of up to {chunk.width or _longest(file, chunk):,} bytes"
                    )


def _chunks(footer: pq.FileMetaData) -> Iterator[_Chunk]:
    flat = set(footer.schema.names) & set(footer.schema.to_arrow_schema().names)
    for place in range(footer.num_row_groups):
        group = footer.row_group(place)
        for number in range(group.num_columns):
            column, said = group.column(number), footer.schema.column(number)
            is_flat = said.name in flat and said.path == said.name
            if is_flat and column.has_dictionary_page and column.physical_type in _TEXTS:
                width = said.length if column.physical_type == _TEXTS[1] else None
                yield _Chunk(said.name, place, group.num_rows, column.total_uncompressed_size, width)


def _longest(file: pq.ParquetFile, chunk: _Chunk) -> int:
    """Return the bytes of the longest text in a chunk's dictionary, which comes whole with the first row."""
    batch = next(file.iter_batches(batch_size=1, row_groups=[chunk.group], columns=[chunk.name]), None)
    return 0 if batch is None else int(pc.max(_lengths(batch.column(0))).as_py() or 0)


def _sizes(file: pq.ParquetFile, chunk: _Chunk) -> Iterator[int]:
    """Yield the bytes of a chunk's texts as rows hold them, piece by piece; nothing is held but the dictionary."""
    if chunk.width:
        yield chunk.rows * chunk.width
        return
    for batch in file.iter_batches(row_groups=[chunk.group], columns=[chunk.name]):
        lengths = _lengths(batch.column(0))
        yield int(pc.sum(lengths.take(batch.column(0).indices).cast("int64")).as_py() or 0)


def _lengths(column: pa.DictionaryArray) -> pa.Array:
    return pc.binary_length(column.dictionary)
