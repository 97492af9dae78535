"""The bounds of the next batch that a query gives: from the last watermark to the newest that is old enough."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from loopwright.errors import DeclarationError
from loopwright.stages.ingest.arriving.watermarks import as_json, batch_id_of, from_json

if TYPE_CHECKING:
    from loopwright.declaration.dataset import Query


def next_window(
    connection: sa.Connection, query: Query, since: Mapping[str, Any] | None, now: datetime | None
) -> dict[str, Any] | None:
    """Return the bounds of the next batch; ``None`` when nothing is newer than the last."""
    column = column_of(connection, query)
    low, parameters = above(column, since)
    if query.lag:
        parameters["latest"] = _latest(connection, query, column, now or datetime.now(UTC))
        low.append(f"{column} <= :latest")
    where = f" WHERE {' AND '.join(low)}" if low else ""
    newest = connection.execute(sa.text(f"SELECT MAX({column}) FROM ({query.sql}) AS q{where}"), parameters).scalar()  # noqa: S608 - the team's own query
    if newest is None:
        return None
    until = as_json(newest, query)
    return {"since": since, "until": until, "batch_id": batch_id_of(until["value"])}


def unmarked(connection: sa.Connection, query: Query) -> int:
    """Return how many rows have no watermark: they are above none, so that no batch would ever have them."""
    column = column_of(connection, query)
    text = sa.text(f"SELECT COUNT(*) FROM ({query.sql}) AS q WHERE {column} IS NULL")  # noqa: S608 - the team's own
    return int(connection.execute(text).scalar() or 0)


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


def column_of(connection: sa.Connection, query: Query) -> str:
    """Return the watermark's column, quoted as the database wants it."""
    return connection.dialect.identifier_preparer.quote(query.watermark)


def above(column: str, since: Mapping[str, Any] | None) -> tuple[list[str], dict[str, Any]]:
    """Return the condition for what came after a recorded watermark, and its parameters; none at the first time."""
    return ([f"{column} > :since"], {"since": from_json(since)}) if since else ([], {})
