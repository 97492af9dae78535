"""What DuckDB tells of a staged batch, in bounded memory: what does not fit it sorts on disk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from loopwright.lake.rows import ROW
from loopwright.stages.ingest.judging.asking import SCANNED
from loopwright.stages.ingest.judging.scan.columns import identifier
from loopwright.stages.ingest.judging.scan.source import Source

if TYPE_CHECKING:
    from loopwright.stages.ingest.pieces.staging import Staged


def source(staged: Staged) -> Source:
    """Return a staged batch as what a suite is asked of, in the shape of one in memory.

    Of a type that is not compiled for, a date stands for every value there is.
    """
    columns = [*(_seen(staged, name) for name in staged.names), identifier(ROW)]
    return Source(f"(SELECT {', '.join(columns)} FROM {_file(staged)})", tuple(staged.names))


def span(staged: Staged, event_time: str) -> tuple[int, dict[str, str] | None]:
    """Return how many event times there are, and the first, middle and last of them, as ISO 8601.

    :param event_time: a column of timestamps.
    """
    when = f"epoch_us({identifier(event_time)})"
    with source(staged).connected() as connection:
        asked = f"SELECT count({when}), min({when}), max({when}) FROM {_file(staged)}"
        ((known, first, last),) = connection.execute(asked).fetchall()
        if not known:
            return 0, None
        ordered = f"SELECT {when} AS t FROM {_file(staged)} WHERE {when} IS NOT NULL ORDER BY t"
        ((middle,),) = connection.execute(f"{ordered} LIMIT 1 OFFSET {(known - 1) // 2}").fetchall()
    zone = "UTC" if staged.columns.types[event_time] == "timestamp" else None
    found = {"min": first, "median": middle, "max": last}
    return known, {name: pd.Timestamp(at, unit="us", tz=zone).isoformat() for name, at in found.items()}


def all_differ(staged: Staged, names: Sequence[str] | None) -> bool:
    """Whether no two rows agree in all of some columns; by their hashes, so that a no is but a suspicion.

    :param names: ``None`` for all columns.
    """
    values = ", ".join(identifier(name) for name in (staged.names if names is None else names))
    hashes = f"SELECT DISTINCT hash({values}) FROM {_file(staged)}"
    with source(staged).connected() as connection:
        ((found,),) = connection.execute(f"SELECT count(*) FROM ({hashes})").fetchall()
    return int(found) == staged.rows


def all_there(staged: Staged, names: Sequence[str]) -> bool:
    """Whether no row lacks a value in any of some columns."""
    lacking = " OR ".join(f"{identifier(name)} IS NULL" for name in names)
    with source(staged).connected() as connection:
        ((found,),) = connection.execute(f"SELECT count(*) FROM {_file(staged)} WHERE {lacking}").fetchall()
    return not found


def _seen(staged: Staged, name: str) -> str:
    column = identifier(name)
    if staged.dtypes[name] in SCANNED:
        return column
    return f"CASE WHEN {column} IS NOT NULL THEN DATE '1970-01-01' END AS {column}"


def _file(staged: Staged) -> str:
    quoted = str(staged.path).replace("'", "''")
    return f"read_parquet('{quoted}')"
