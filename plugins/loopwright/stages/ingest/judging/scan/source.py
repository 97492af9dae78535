"""What is scanned, and the DuckDB that scans it, in bounded memory: what does not fit goes to a folder of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow.parquet as pq

from loopwright.lake.rows import ROW
from loopwright.stages.ingest.judging.scan.columns import KINDS, Column, identifier

if TYPE_CHECKING:
    import pyarrow as pa

MEMORY = "600MB"
"""What DuckDB may hold; a process stays below a gibibyte with it, its libraries included."""


@dataclass(frozen=True)
class Source:
    """A batch as DuckDB sees it.

    :param relation: what stands after FROM; it has the batch's columns and ``_row``.
    :param names: the batch's columns as the file itself calls them, in order.
    :param prepare: what a new connection needs, such as the table that is scanned.
    """

    relation: str
    names: tuple[str, ...]
    prepare: Callable[[Any], Any] | None = None

    @contextmanager
    def connected(self) -> Iterator[Any]:
        """Have a DuckDB connection that can scan it."""
        with TemporaryDirectory(prefix="loopwright-scan-") as spill:
            connection = duckdb.connect(
                config={"memory_limit": MEMORY, "temp_directory": spill, "autoinstall_known_extensions": False}
            )
            try:
                if self.prepare is not None:
                    self.prepare(connection)
                yield connection
            finally:
                connection.close()

    @cached_property
    def columns(self) -> Mapping[str, Column]:
        """The batch's columns. Names that differ in case only are one to SQL: such columns are not compiled for."""
        with self.connected() as connection:
            described = connection.execute(f"DESCRIBE SELECT * FROM {self.relation}").fetchall()
        types = {name: kind for name, kind, *_ in described}
        lowered = [name.lower() for name in (*self.names, ROW)]
        return {
            name: Column(name, KINDS.get(str(types.get(name))) if lowered.count(name.lower()) == 1 else None)
            for name in self.names
        }


def parquet(path: Path) -> Source:
    """Return a Parquet file as a source; its rows are numbered as they come, unless it numbers them itself.

    :param path: the file.
    """
    names = pq.ParquetFile(path).schema_arrow.names
    quoted = re.sub(r"([*?\[])", r"[\1]", str(path)).replace("'", "''")
    if ROW in names:
        return Source(f"read_parquet('{quoted}')", tuple(name for name in names if name != ROW))
    if "file_row_number" in names:
        relation = f"(SELECT *, row_number() OVER () - 1 AS {identifier(ROW)} FROM read_parquet('{quoted}'))"
        return Source(relation, tuple(names))
    numbered = f"read_parquet('{quoted}', file_row_number = true)"
    relation = f"(SELECT * EXCLUDE (file_row_number), file_row_number AS {identifier(ROW)} FROM {numbered})"
    return Source(relation, tuple(names))


def table(rows: pa.Table) -> Source:
    """Return a table in memory as a source.

    :param rows: with a column ``_row``.
    """
    names = tuple(name for name in rows.column_names if name != ROW)
    return Source("batch", names, lambda connection: connection.register("batch", rows))
