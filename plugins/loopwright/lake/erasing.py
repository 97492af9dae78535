"""Files of a table that are no part of it any more, or never were, erased.

What must stay true: nothing goes that a version which stays refers to; a writer at work never loses the file that its
commit is about to name, so what no version names goes only when it is older than any writing takes.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pyarrow.parquet as pq

from loopwright.lake.files import exists, names_below, names_in, read_whole, remove, written_at
from loopwright.lake.rows import BATCH

if TYPE_CHECKING:
    from deltalake import DeltaTable

_PARTS = "part-*.parquet"
"""How Delta's writers, ours included, name the files of a table; what has another name is none of our business."""
_LOG = "_delta_log"


def erase_dead_files(table: DeltaTable, uri: str, batch_id: str, storage_options: Mapping[str, str]) -> int:
    """Erase the files of a batch that no longer are part of the table, and that only older versions would read.

    Delta-rs can only do so for all batches at once, which would take away versions that models refer to.

    :return: how many files.
    """
    dead = table.vacuum(retention_hours=0, dry_run=True, enforce_retention_duration=False, full=False)
    mine = [path for path in dead if f"{BATCH}={batch_id}" in unquote(path).split("/")]
    for path in mine:
        remove(f"{uri}/{path}", storage_options)
    return len(mine)


def erase_unneeded(
    table: DeltaTable, uri: str, kept: list[int], hours: int, storage_options: Mapping[str, str], *, dry_run: bool
) -> int:
    """Erase the files that were replaced so many hours ago, and that none of the kept versions reads.

    One by one, for delta-rs' own clean-up makes a new version of the table each time, also where nothing goes.

    :param kept: versions that stay readable, besides the newest.
    :return: how many files were there to go.
    """
    dead = table.vacuum(
        retention_hours=hours, dry_run=True, enforce_retention_duration=False, keep_versions=kept or None
    )
    there = [path for path in dead if exists(f"{uri}/{path}", storage_options)]
    for path in [] if dry_run else there:
        remove(f"{uri}/{path}", storage_options)
    return len(there)


def erase_unnamed(
    opened: Callable[[], DeltaTable | None],
    uri: str,
    older_than: timedelta,
    storage_options: Mapping[str, str],
    *,
    dry_run: bool,
) -> int:
    """Erase the files that no version names: their writer was killed before its commit.

    :param opened: opens the newest version; asked after the files were listed, so that what was committed meanwhile
        is known.
    :param older_than: how long ago a file must have been written.
    :return: how many files were there to go.
    """
    before = datetime.now(UTC) - older_than
    there = [path for path in names_below(uri, storage_options) if fnmatch(PurePosixPath(path).name, _PARTS)]
    table = opened() if there else None
    if table is None:  # without a log nothing can be said of them; the next writer makes one
        return 0
    dead = table.vacuum(retention_hours=0, dry_run=True, enforce_retention_duration=False, full=False)
    known = {PurePosixPath(unquote(path)).name for path in (*table.file_uris(), *dead)}
    unknown = [path for path in there if PurePosixPath(path).name not in known]
    old = [path for path in unknown if _is_older(f"{uri}/{path}", before, storage_options)]
    named = _named_in_log(uri, {PurePosixPath(path).name for path in old}, storage_options) if old else set()
    going = [path for path in old if PurePosixPath(path).name not in named]
    for path in [] if dry_run else going:
        remove(f"{uri}/{path}", storage_options)
    return len(going)


def _is_older(uri: str, before: datetime, storage_options: Mapping[str, str]) -> bool:
    try:
        return written_at(uri, storage_options) < before
    except FileNotFoundError:  # its writer took it away itself
        return False


def _named_in_log(uri: str, names: set[str], storage_options: Mapping[str, str]) -> set[str]:
    """Return which files any version in the log names, also one that the newest has forgotten that it replaced.

    Delta-rs knows that only as long as the table says that such marks are kept, which others may have changed.
    """
    found: set[str] = set()
    for entry in names_in(f"{uri}/{_LOG}", storage_options):
        raw = read_whole(f"{uri}/{_LOG}/{entry}", storage_options)
        text = _as_text(raw) if entry.endswith(".parquet") else raw.decode(errors="replace")
        found |= {name for name in names - found if name in text}
    return found


def _as_text(checkpoint: bytes) -> str:
    held = pq.ParquetFile(io.BytesIO(checkpoint))
    columns = [name for name in ("add", "remove") if name in held.schema_arrow.names]
    return json.dumps(held.read(columns=columns).to_pylist(), default=str)
