"""Rows of a database as batches: each run's rows, from one watermark to the next, written whole and then ingested.

What must stay true: the bounds of a batch are recorded before it is asked for, so that whoever was killed asks for the
same rows again and none comes twice; a row is in one batch by its watermark. Sensitive columns are dropped or hashed
before anything is written.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from loopwright.errors import CannotRun, DeclarationError, shown
from loopwright.lake import Lake
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.reading import Reading
from loopwright.stages.ingest.sensitive import protected

if TYPE_CHECKING:
    from loopwright.declaration import Workspace
    from loopwright.declaration.dataset import DatasetSpec, Query
    from loopwright.ledger.state import State

CHUNK = 50_000
"""Rows taken from the database at a time."""


@dataclass(frozen=True)
class Fetched:
    """What a query gave.

    :param batch_id: the batch that it makes; ``None`` when nothing is new.
    :param rows: in it.
    :param until: the watermark up to which the rows are taken, as text.
    """

    dataset: str
    batch_id: str | None
    rows: int
    until: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"dataset": self.dataset, "batch_id": self.batch_id, "rows": self.rows, "until": self.until}


def fetch_rows(workspace: Workspace, dataset: DatasetSpec, url: str, *, now: datetime | None = None) -> Fetched:
    """Take the rows that came since the last time, and make them an arrival; a window that was begun is finished first.

    :param workspace: the five places.
    :param dataset: its declaration, with a query.
    :param url: the database, as SQLAlchemy addresses it; never logged.
    :param now: aware time; the present when left out.
    :raises DeclarationError: if the query cannot be asked.
    :raises CannotRun: if the database cannot be reached.
    """
    query = dataset.query
    if query is None:
        raise DeclarationError("The dataset declares no query.", where=f"dataset {dataset.name}")
    ledger, engine = Ledger.of(workspace), _engine(url)
    subject = f"dataset/{dataset.name}"
    with _said_plainly(query, dataset.name), engine.connect() as connection:
        window = _begun(ledger, subject, connection, query, now)
        if window is None:
            return Fetched(dataset.name, None, 0, None)
        reading = protected(_asked(connection, query, window), dataset, workspace.hash_key)
    rows = len(reading.frame)
    Lake.of(workspace).write_fetched(dataset.name, window["batch_id"], _parquet(reading))
    said = f"{rows:,} rows up to {window['until']['value']} were taken from {query.connection}"
    done = Draft(Kind.QUERY_FETCHED, "ingest", said, {**window, "rows": rows})

    def decision(state: State) -> Draft | None:
        open_window = state.get("window")
        return done if open_window and open_window["batch_id"] == window["batch_id"] else None

    ledger.decide(subject, decision)
    return Fetched(dataset.name, window["batch_id"], rows, str(window["until"]["value"]))


def _begun(
    ledger: Ledger, subject: str, connection: sa.Connection, query: Query, now: datetime | None
) -> dict[str, Any] | None:
    """Return the recorded bounds of the batch to ask for; ``None`` when nothing is new.

    Bounds that follow a watermark which another fetch has moved meanwhile are not recorded, but made anew: they would
    ask for its rows a second time.
    """
    while True:
        state = ledger.dataset(subject.partition("/")[2])
        if (window := state.get("window")) is not None:
            return dict(window)
        bounds = _next_window(connection, query, state.get("watermark"), now)
        if bounds is None:
            return None
        draft = Draft(Kind.QUERY_BEGUN, "ingest", f"rows up to {bounds['until']['value']} are asked for", bounds)
        ledger.decide(subject, partial(_if_still_follows, draft))


def _if_still_follows(draft: Draft, state: State) -> Draft | None:
    moved = state.get("watermark") != draft.evidence["since"]
    return None if state.get("window") or moved else draft


def _next_window(
    connection: sa.Connection, query: Query, since: Mapping[str, Any] | None, now: datetime | None
) -> dict[str, Any] | None:
    """Return the bounds of the next batch; ``None`` when nothing is newer than the last."""
    column = _column(connection, query)
    low, parameters = _above(column, since)
    if query.lag:
        parameters["latest"] = _latest(connection, query, column, now or datetime.now(UTC))
        low.append(f"{column} <= :latest")
    where = f" WHERE {' AND '.join(low)}" if low else ""
    newest = connection.execute(sa.text(f"SELECT MAX({column}) FROM ({query.sql}) AS q{where}"), parameters).scalar()  # noqa: S608 - the team's own query
    if newest is None:
        return None
    until = _as_json(newest, query)
    return {"since": since, "until": until, "batch_id": _batch_id(until["value"])}


def _latest(connection: sa.Connection, query: Query, column: str, now: datetime) -> Any:
    """Return the newest time that is old enough, of the kind that the watermark is."""
    sample = connection.execute(sa.text(f"SELECT MAX({column}) FROM ({query.sql}) AS q")).scalar()  # noqa: S608
    limit = now - query.lag
    if isinstance(sample, datetime):
        return limit if sample.tzinfo else limit.astimezone(UTC).replace(tzinfo=None)
    if isinstance(sample, str):
        return limit.astimezone(UTC).replace(tzinfo=None).isoformat(sep="T" if "T" in sample else " ")
    if sample is None or isinstance(sample, date):
        return limit.date()
    raise DeclarationError(
        "A lag needs a watermark that is a time.", where="query.lag", got=type(sample).__name__, mend="Leave `lag` out."
    )


def _asked(connection: sa.Connection, query: Query, window: Mapping[str, Any]) -> Reading:
    column = _column(connection, query)
    low, parameters = _above(column, window["since"])
    parameters["until"] = _from_json(window["until"])
    where = " AND ".join([*low, f"{column} <= :until"])
    text = sa.text(f"SELECT * FROM ({query.sql}) AS q WHERE {where} ORDER BY {column}")  # noqa: S608 - the team's own
    result = connection.execution_options(stream_results=True).execute(text, parameters)
    names = list(map(str, result.keys()))
    columns: list[list[Any]] = [[] for _ in names]
    for rows in result.partitions(CHUNK):
        for column_values, values in zip(columns, zip(*rows, strict=True), strict=True):
            column_values.extend(map(_plain, values))
    table = pa.table(dict(zip(names, map(_array, columns), strict=True)))
    frame = table.to_pandas(types_mapper={pa.int64(): _nullable(table)}.get) if table.num_rows else table.to_pandas()
    return Reading(frame)


def _nullable(table: pa.Table) -> Any:
    import pandas as pd

    gaps = any(pa.types.is_int64(column.type) and column.null_count for column in table.columns)
    return pd.Int64Dtype() if gaps else None


def _array(values: Sequence[Any]) -> pa.Array:
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError):  # SQLite keeps what it is given, whatever the column's type
        return pa.array([None if value is None else str(value) for value in values], pa.string())


def _parquet(reading: Reading) -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(reading.frame, preserve_index=False), target)
    return target.getvalue()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, memoryview):
        return bytes(value)
    return value if isinstance(value, str | int | float | bytes | date | None) else str(value)


def _column(connection: sa.Connection, query: Query) -> str:
    return connection.dialect.identifier_preparer.quote(query.watermark)


def _above(column: str, since: Mapping[str, Any] | None) -> tuple[list[str], dict[str, Any]]:
    return ([f"{column} > :since"], {"since": _from_json(since)}) if since else ([], {})


_KINDS: dict[str, Callable[[str], Any]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "decimal": Decimal,
    "int": int,
    "float": float,
}


def _as_json(value: Any, query: Query) -> dict[str, Any]:
    kinds = ((datetime, "datetime"), (date, "date"), (Decimal, "decimal"), (bool, ""), (int, "int"), (float, "float"))
    kind = next((name for of, name in kinds if isinstance(value, of)), "str" if isinstance(value, str) else "")
    if not kind:
        raise DeclarationError(
            "The watermark is of no kind that grows.",
            where=f"query.watermark: {query.watermark}",
            got=type(value).__name__,
            allowed="a time, a date, a number or text that sorts as it grows",
        )
    return {"kind": kind, "value": value.isoformat() if isinstance(value, date) else str(value)}


def _from_json(raw: Mapping[str, Any]) -> Any:
    return _KINDS.get(raw["kind"], str)(raw["value"])


def _batch_id(until: str) -> str:
    """Return a name in which batches sort as they came, that leads nowhere, and that no other watermark has."""
    name = re.sub(r"[^0-9A-Za-z.+-]+", "-", until).strip("-.+")[:120] or "rows"
    return name if name == until else f"{name}-{hashlib.sha256(until.encode()).hexdigest()[:8]}"


def _engine(url: str) -> sa.Engine:
    try:
        return sa.create_engine(url, poolclass=sa.NullPool)
    except (sa.exc.ArgumentError, ImportError) as error:
        raise CannotRun(
            "The database cannot be addressed.", got=shown(str(error)), mend="Mend the connection."
        ) from error


class _said_plainly:  # noqa: N801 - a context manager, read as a verb
    """Turn the database's errors into ours: what it says of the query, or that it cannot be reached."""

    def __init__(self, query: Query, dataset: str) -> None:
        self._query, self._dataset = query, dataset

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        where = f"dataset {self._dataset}: query on {self._query.connection}"
        if isinstance(error, sa.exc.ProgrammingError):
            said = str(error.orig).strip().splitlines()[0]
            raise DeclarationError("The query cannot be asked.", where=where, got=said, mend="Mend `query`.") from error
        if isinstance(error, sa.exc.OperationalError) and "no such" in str(error.orig):
            raise DeclarationError("The query cannot be asked.", where=where, got=str(error.orig)) from error
        if isinstance(error, sa.exc.DBAPIError):
            said = str(error.orig).strip().partition("\n")[0]
            raise CannotRun(
                "The database does not answer.", where=where, got=said, mend="Is it up, and the login right?"
            ) from error
