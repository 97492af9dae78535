"""Plain files beside the tables: there whole, or not there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

from loopwright.lake.storage import opened


def write_whole(uri: str, text: str, storage_options: Mapping[str, str]) -> None:
    """Write a text file; a reader finds all of the new one, or the old one.

    :param uri: path or URL.
    :param storage_options: as ``deltalake`` names them.
    :raises MissingExtra: if the library for this kind of URL is not installed.
    :raises OSError: if the storage fails; nothing is left behind then.
    """
    if "://" not in uri:
        _replace(Path(uri), text)
        return
    filesystem, path = opened(uri, storage_options)
    with filesystem.open(path, "w", encoding="utf-8") as stream:  # an object store shows whole objects only
        stream.write(text)


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")  # not tempfile's, which only its owner may read
    try:
        with part.open("x", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
