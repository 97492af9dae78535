"""Packed bytes to plain ones, and no further than a real file would go: a bomb unpacks to a thousand times its size."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

UNPACKERS: dict[str, Callable[[Path], Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
"""By the file's ending."""

SMALL, LARGEST_RATIO = 32 * 2**20, 200
"""Bytes that are always unpacked, and how many times its packed size a file may have beyond them. Tables of text pack
to a third or a tenth; a column of one value alone, to a hundredth."""
_PIECE = 2**20


def plain_bytes(path: Path, largest: int) -> bytes:
    """Return a file's bytes, unpacked if its ending says that it is packed.

    :param path: the file.
    :param largest: how many bytes it may have, unpacked.
    :raises ValueError: if it has more, or unpacks to more than any table does.
    """
    opened, packed = UNPACKERS.get(path.suffix.lower()), path.stat().st_size
    if opened is None:
        if packed > largest:
            raise ValueError(f"it has {packed:,} bytes, and `largest_mb` allows {largest:,}")
        return path.read_bytes()
    likely = max(SMALL, LARGEST_RATIO * packed)
    allowed = min(likely, largest)
    found = bytearray()
    with opened(path) as stream:
        while piece := stream.read(_PIECE):
            found += piece
            if len(found) > allowed:
                why = (
                    f"no table to {LARGEST_RATIO} times its size"
                    if likely <= largest
                    else "`largest_mb` allows no more"
                )
                raise ValueError(f"{packed:,} bytes unpack to more than {allowed:,}, and {why}")
    return bytes(found)
