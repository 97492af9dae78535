"""Plain files beside the tables: there whole, or not there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from uuid import uuid4

from loopwright.lake.storage import opened

_UNFINISHED = ".*.part"
"""How a file is named while it is written; one that stays so had a writer that was killed."""


def write_whole(uri: str, content: str | bytes, storage_options: Mapping[str, str]) -> None:
    """Write a file; a reader finds all of the new one, or the old one.

    :param uri: path or URL.
    :param content: text becomes UTF-8.
    :param storage_options: as ``deltalake`` names them.
    :raises MissingExtra: if the library for this kind of URL is not installed.
    :raises OSError: if the storage fails; nothing is left behind then.
    """
    raw = content.encode() if isinstance(content, str) else content
    if "://" not in uri:
        _replace(Path(uri), raw)
        return
    filesystem, path = opened(uri, storage_options)
    with filesystem.open(path, "wb") as stream:  # an object store shows whole objects only
        stream.write(raw)


def read_whole(uri: str, storage_options: Mapping[str, str]) -> bytes:
    """Return a file's bytes.

    :param uri: path or URL.
    :param storage_options: as ``deltalake`` names them.
    :raises FileNotFoundError: if it is not there.
    :raises OSError: if the storage fails.
    """
    filesystem, path = opened(uri, storage_options)
    with filesystem.open(path, "rb") as stream:
        found: bytes = stream.read()
    return found


def names_in(uri: str, storage_options: Mapping[str, str], *, before: datetime | None = None) -> list[str]:
    """Return the names of the files in a folder that are written whole, sorted; none if it is not there.

    :param uri: path or URL.
    :param storage_options: as ``deltalake`` names them.
    :param before: only of those that were written before this moment.
    :raises OSError: if the storage fails.
    """
    filesystem, path = opened(uri, storage_options)
    filesystem.invalidate_cache()
    try:
        found = filesystem.ls(path, detail=False)
    except FileNotFoundError:
        return []
    if before is not None:
        found = [name for name in found if filesystem.modified(name) < before]
    names = sorted(PurePosixPath(str(name)).name for name in found)
    return [name for name in names if not fnmatch(name, _UNFINISHED)]


def erase_unfinished(uri: str, *, older_than: timedelta, dry_run: bool = False) -> int:
    """Erase the local files below a folder that are not written whole, since their writer was killed.

    :param uri: path, or the URL of an object store, which shows whole objects only.
    :param older_than: how long ago a file must have been written: longer than any writing takes.
    :param dry_run: only count them.
    :return: how many files.
    :raises OSError: if the storage fails.
    """
    if "://" in uri:
        return 0
    before, gone = datetime.now(UTC) - older_than, 0
    for path in Path(uri).rglob(_UNFINISHED):
        with suppress(FileNotFoundError):  # it was written whole meanwhile
            if datetime.fromtimestamp(path.stat().st_mtime, UTC) <= before:
                gone += 1
                if not dry_run:
                    path.unlink()
    return gone


def names_below(uri: str, storage_options: Mapping[str, str]) -> list[str]:
    """Return the paths, below a folder, of all files in it and in its folders, sorted; none if it is not there.

    :param uri: path or URL.
    :param storage_options: as ``deltalake`` names them.
    :raises OSError: if the storage fails.
    """
    filesystem, path = opened(uri, storage_options)
    filesystem.invalidate_cache()
    root = str(path).rstrip("/") + "/"
    return sorted(str(found).removeprefix(root) for found in filesystem.find(path))


def written_at(uri: str, storage_options: Mapping[str, str]) -> datetime:
    """Return when a file was written last, as an aware time.

    :param uri: path or URL.
    :param storage_options: as ``deltalake`` names them.
    :raises FileNotFoundError: if it is not there.
    """
    filesystem, path = opened(uri, storage_options)
    found: datetime = filesystem.modified(path)
    return found


def exists(uri: str, storage_options: Mapping[str, str]) -> bool:
    """Whether there is such a file.

    :param uri: path or URL.
    :param storage_options: as ``deltalake`` names them.
    """
    filesystem, path = opened(uri, storage_options)
    return bool(filesystem.exists(path))


def remove(uri: str, storage_options: Mapping[str, str]) -> None:
    """Remove a file, or a folder with all that is in it; one that is not there is fine.

    :param uri: path or URL.
    :param storage_options: as ``deltalake`` names them.
    :raises OSError: if the storage fails.
    """
    filesystem, path = opened(uri, storage_options)
    with suppress(FileNotFoundError):
        filesystem.rm(path, recursive=True)


def _replace(path: Path, raw: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")  # not tempfile's, which only its owner may read
    try:
        with part.open("xb") as stream:
            stream.write(raw)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
