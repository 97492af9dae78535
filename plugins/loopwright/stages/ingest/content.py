"""What a batch holds, as digest and column types: independent of the file format that it came in."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from loopwright.lake.columns import Columns

_RAW = {"long": None, "double": None, "timestamp": pa.int64(), "timestamp_ntz": pa.int64(), "date": pa.int32()}
"""Types of fixed width, and the integer that their bits are."""


def content_digest(columns: Columns, rows: int) -> str:
    """Return a digest over names, types and values, in order.

    :param columns: in the lake's types, to which every format comes down.
    :param rows: how many there are.
    :return: 64 hexadecimal digits.
    """
    digest = hashlib.sha256(f"{rows}\0".encode())
    for name, values in columns.typed.items():
        kind = columns.types[name]
        digest.update(f"{name}\0{kind}\0".encode())
        digest.update(np.packbits(values.is_null().to_numpy(zero_copy_only=False)).tobytes())
        _digest_values(digest, values, kind)
    for name in columns.untyped:  # what such a column seems to be depends on the format
        digest.update(f"{name}\0null\0".encode())
    return digest.hexdigest()


def column_types(columns: Columns) -> dict[str, str]:
    """Return each column's type by Delta's name; ``null`` for one without a value.

    :param columns: in the lake's types.
    """
    return {**columns.types, **dict.fromkeys(columns.untyped, "null")}


def _digest_values(digest: hashlib._Hash, values: pa.Array, kind: str) -> None:
    if kind in _RAW:
        bits = values.cast(_RAW[kind]) if _RAW[kind] else values
        digest.update(np.ascontiguousarray(bits.fill_null(0).to_numpy(zero_copy_only=False)).tobytes())
    elif kind == "boolean":
        digest.update(values.fill_null(False).to_numpy(zero_copy_only=False).tobytes())
    else:
        _digest_texts(digest, values)


def _digest_texts(digest: hashlib._Hash, values: pa.Array) -> None:
    """Hash lengths, then bytes, so that no two columns run together to the same."""
    filled = values.cast(pa.large_binary()).fill_null(b"")
    digest.update(pc.binary_length(filled).to_numpy(zero_copy_only=False).tobytes())
    _, offsets, data = filled.buffers()
    ends = np.frombuffer(offsets, np.int64)[filled.offset : filled.offset + len(filled) + 1]
    if data is not None and len(ends):
        digest.update(memoryview(data)[int(ends[0]) : int(ends[-1])])
