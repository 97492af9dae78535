"""What a Parquet file's footer says of it, before anything is decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow.parquet as pq

SMALL, LARGEST_RATIO = 2**30, 1000
"""Bytes that are always decoded, and how many times its own size a file may take beyond them: columns of one value
alone pack that well, tables do not."""
_WIDTH = 8
"""Bytes that a value takes in memory at the least."""


def decoded_size(footer: pq.FileMetaData) -> int:
    """Return about how many bytes a file's columns take when decoded: at the least a value's width for each row."""
    groups = [footer.row_group(place) for place in range(footer.num_row_groups)]
    return sum(
        max(group.column(place).total_uncompressed_size, _WIDTH * group.num_rows)
        for group in groups
        for place in range(group.num_columns)
    )


def require_decodable(footer: pq.FileMetaData, packed: int, largest: int) -> None:
    """Refuse a file that decodes to more than is declared, or than any table does.

    :param footer: of the file.
    :param packed: bytes of the file.
    :param largest: bytes that it may take when decoded.
    :raises ValueError: naming the bytes, and its rows.
    """
    size, rows = decoded_size(footer), footer.num_rows
    said = f"{packed:,} bytes decode to {rows:,} rows, about {size:,} bytes"
    if size > largest:
        raise ValueError(f"{said}, and `largest_mb` allows {largest:,}")
    if size > max(SMALL, LARGEST_RATIO * packed):
        raise ValueError(f"{said}, and no table to {LARGEST_RATIO:,} times its size")
