"""By what an arrival is told from a newer one under the same name: cheap, since no file is opened for it."""

from __future__ import annotations

import errno
import hashlib
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loopwright.lake.storage import is_local, opened

if TYPE_CHECKING:
    from loopwright.stages.ingest.arriving.arrival import Arrival

_MARKS = ("ETag", "etag", "md5Hash", "LastModified", "last_modified", "mtime", "updated", "created")


def signature_of(arrival: Arrival, storage_options: Mapping[str, str] | None = None) -> str | None:
    """Return the signature that an arrival's file has now; ``None`` if it is gone.

    :param arrival: the file as it was listed.
    :param storage_options: for object stores.
    """
    found = [_signature_now(path, storage_options) for path in arrival.paths]
    known = [one for one in found if one is not None]
    if len(known) < len(found):
        return None
    return sum_of(known) if arrival.parts else known[0]


def sum_of(signatures: Sequence[str]) -> str:
    """Return the signature of several files that make one batch: it changes when any of them does, or one comes."""
    return f"{len(signatures)}:{hashlib.sha256(chr(10).join(signatures).encode()).hexdigest()[:32]}"


def _signature_now(path: str, storage_options: Mapping[str, str] | None) -> str | None:
    filesystem, name = opened(path, storage_options)
    try:
        filesystem.invalidate_cache()
        return signature(filesystem, name, {} if is_local(filesystem) else filesystem.info(name))
    except FileNotFoundError:
        return None


def signature(filesystem: Any, name: str, info: Mapping[str, Any]) -> str | None:
    """Return a file's signature, from its size and its time or ETag; ``None`` if it is no file.

    :param filesystem: where it is.
    :param name: the file, as the filesystem calls it.
    :param info: what the filesystem's listing said of it; not asked where the disk itself can be.
    """
    if is_local(filesystem):
        return _local_signature(name)
    if info.get("type") != "file" or name.endswith("/"):
        return None
    mark = next((str(info[key]) for key in _MARKS if info.get(key) is not None), "")
    return f"{info.get('size')}:{mark.strip(chr(34))}"


def _local_signature(name: str) -> str | None:
    """Ask the disk itself: it follows links, and keeps the whole of the time that fsspec rounds to a float."""
    try:
        found = Path(name).stat()
    except FileNotFoundError:  # a dangling link, or gone between two looks
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:  # a link to itself
            return None
        raise
    return f"{found.st_size}:{found.st_mtime_ns}" if stat.S_ISREG(found.st_mode) else None
