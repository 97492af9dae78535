"""Files that only older versions of a table read, each by itself: versions without number share them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pyarrow.parquet as pq

from loopwright.lake.files import names_below
from loopwright.lake.reading import to_pandas
from loopwright.lake.rows import BATCH
from loopwright.lake.storage import opened

if TYPE_CHECKING:
    import pandas as pd
    from deltalake import DeltaTable


def replaced_files(table: DeltaTable, uri: str, storage_options: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the files of each batch that only older versions read and that are still there, as paths below the table.

    From the newest version alone, which remembers them all: to open each older one costs as much as the log is long.
    """
    dead = table.vacuum(retention_hours=0, dry_run=True, enforce_retention_duration=False, full=False)
    there = set(names_below(uri, storage_options)) if dead else set()
    found: dict[str, list[str]] = {}
    for path in sorted(there.intersection(dead)):
        batch = next(part for part in unquote(path).split("/") if part.startswith(f"{BATCH}="))
        found.setdefault(batch.partition("=")[2], []).append(path)
    return found


def rows_of_file(uri: str, columns: Sequence[str], storage_options: Mapping[str, str]) -> pd.DataFrame | None:
    """Return all rows of a file, and of these columns those that it has; ``None`` if it was erased meanwhile.

    :param uri: of the file.
    """
    filesystem, path = opened(uri, storage_options)
    try:
        with filesystem.open(path, "rb") as stream:
            file = pq.ParquetFile(stream)
            return to_pandas(file.read(columns=[name for name in columns if name in file.schema_arrow.names]))
    except FileNotFoundError:
        return None
