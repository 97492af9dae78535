"""What a batch holds, as digest and column types: independent of the file format that it came in.

The digest is taken column by column, and of each column piece by piece, so that a batch need not be in memory for it;
where one piece ends and the next begins leaves no trace in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from loopwright.lake.columns import Columns

Pieces = Callable[[str], Iterable[pa.Array]]
"""A column's name to its values, in pieces, as often as they are asked for."""

_RAW = {"long": None, "double": None, "timestamp": pa.int64(), "timestamp_ntz": pa.int64(), "date": pa.int32()}
"""Types of fixed width, and the integer that their bits are."""


def content_digest(columns: Columns, rows: int) -> str:
    """Return a digest over names, types and values, in order.

    :param columns: in the lake's types, to which every format comes down.
    :param rows: how many there are.
    :return: 64 hexadecimal digits.
    """
    return content_digest_of(lambda name: [columns.typed[name]], columns.types, columns.untyped, rows)


def content_digest_of(pieces: Pieces, types: Mapping[str, str], untyped: Iterable[str], rows: int) -> str:
    """Return the digest that :func:`content_digest` gives, of a batch that is read a column and a piece at a time.

    :param pieces: gives the values of a column that holds one, in the lake's types.
    :param types: those columns, and the lake's names of their types.
    :param untyped: the columns that hold no value.
    :param rows: how many there are.
    """
    digest = hashlib.sha256(f"{rows}\0".encode())
    for name, kind in types.items():
        digest.update(f"{name}\0{kind}\0".encode())
        _digest_gaps(digest, pieces(name))
        _digest_values(digest, lambda name=name: pieces(name), kind)  # type: ignore[misc]
    for name in untyped:  # what such a column seems to be depends on the format
        digest.update(f"{name}\0null\0".encode())
    return digest.hexdigest()


def column_types(columns: Columns) -> dict[str, str]:
    """Return each column's type by Delta's name; ``null`` for one without a value.

    :param columns: in the lake's types.
    """
    return {**columns.types, **dict.fromkeys(columns.untyped, "null")}


def _digest_gaps(digest: hashlib._Hash, pieces: Iterable[pa.Array]) -> None:
    """Hash a bit a row: whether it is missing. Bits that fill no byte wait for the next piece."""
    waiting = np.zeros(0, bool)
    for values in pieces:
        bits = np.concatenate([waiting, values.is_null().to_numpy(zero_copy_only=False)])
        whole = len(bits) // 8 * 8
        digest.update(np.packbits(bits[:whole]).tobytes())
        waiting = bits[whole:]
    digest.update(np.packbits(waiting).tobytes())


def _digest_values(digest: hashlib._Hash, pieces: Callable[[], Iterable[pa.Array]], kind: str) -> None:
    if kind in _RAW:
        for values in pieces():
            bits = values.cast(_RAW[kind]) if _RAW[kind] else values
            digest.update(np.ascontiguousarray(bits.fill_null(0).to_numpy(zero_copy_only=False)).tobytes())
    elif kind == "boolean":
        for values in pieces():
            digest.update(values.fill_null(False).to_numpy(zero_copy_only=False).tobytes())
    else:  # lengths, then bytes, so that no two columns run together to the same
        for values in pieces():
            digest.update(pc.binary_length(_filled(values)).to_numpy(zero_copy_only=False).tobytes())
        for values in pieces():
            _digest_bytes(digest, _filled(values))


def _filled(values: pa.Array) -> Any:
    return values.cast(pa.large_binary()).fill_null(b"")


def _digest_bytes(digest: hashlib._Hash, filled: Any) -> None:
    _, offsets, data = filled.buffers()
    ends = np.frombuffer(offsets, np.int64)[filled.offset : filled.offset + len(filled) + 1]
    if data is not None and len(ends):
        digest.update(memoryview(data)[int(ends[0]) : int(ends[-1])])
