"""Packed bytes to plain ones, and no further than a real file would go: a bomb unpacks to a thousand times its size."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

UNPACKERS: dict[str, Callable[[Path], Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
"""By the file's ending."""

SMALL, LARGEST_RATIO = 32 * 2**20, 200
"""Bytes that are always unpacked, and how many times its packed size a file may have beyond them. Tables of text pack
to a third or a tenth; a column of one value alone, to a hundredth."""
_PIECE = 2**20


def plain_stream(path: Path, largest: int) -> BinaryIO:
    """Return a file's bytes as a stream, unpacked if its ending says that it is packed.

    :param path: the file.
    :param largest: how many bytes it may have, unpacked.
    :raises ValueError: if it has more, or, once so many were read, if it unpacks to more than any table does.
    """
    opened, packed = UNPACKERS.get(path.suffix.lower()), path.stat().st_size
    if opened is not None:
        return io.BufferedReader(_Bounded(opened(path), packed, largest), _PIECE)
    if packed > largest:
        raise ValueError(f"it has {packed:,} bytes, and `largest_mb` allows {largest:,}")
    return path.open("rb")


def plain_bytes(path: Path, largest: int) -> bytes:
    """Return a file's bytes whole, as :func:`plain_stream` gives them.

    :param path: the file.
    :param largest: how many bytes it may have, unpacked.
    :raises ValueError: likewise.
    """
    found = bytearray()
    with plain_stream(path, largest) as stream:
        if path.suffix.lower() not in UNPACKERS:
            return stream.read()
        while piece := stream.read(_PIECE):
            found += piece
    return bytes(found)


class _Bounded(io.RawIOBase):
    """What is unpacked, up to as many bytes as it may have."""

    def __init__(self, stream: Any, packed: int, largest: int) -> None:
        self._stream, self._packed, self._read = stream, packed, 0
        self._likely = max(SMALL, LARGEST_RATIO * packed)
        self._largest = largest

    def readable(self) -> bool:
        """Whether it can be read."""
        return True

    def close(self) -> None:
        """Close what is unpacked as well."""
        self._stream.close()
        super().close()

    def readinto(self, target: Any) -> int:
        """Read into a buffer."""
        piece = self._stream.read(len(target))
        target[: len(piece)] = piece
        self._read += len(piece)
        allowed = min(self._likely, self._largest)
        if self._read > allowed:
            likely = self._likely <= self._largest
            why = f"no table to {LARGEST_RATIO} times its size" if likely else "`largest_mb` allows no more"
            raise ValueError(f"{self._packed:,} bytes unpack to more than {allowed:,}, and {why}")
        return len(piece)
