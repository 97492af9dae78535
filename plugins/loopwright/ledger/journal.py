"""The ledger's statements: reading and appending inside a transaction that the caller holds."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select

from loopwright.errors import DataFault, LedgerUnavailable
from loopwright.ledger.events import GENESIS, Draft, Event, Kind
from loopwright.ledger.folds import fold
from loopwright.ledger.state import State, view
from loopwright.ledger.tables import entries as entries_table
from loopwright.ledger.tables import events as events_table

if TYPE_CHECKING:
    from sqlalchemy import Connection, RowMapping

    from loopwright.ledger.folds.words import Changes

_COLUMNS = [column for column in events_table.c if column.name != "id"]


def append(connection: Connection, subject: str, drafts: Sequence[Draft]) -> list[Event]:
    """Append drafts as the next events of a subject, and fold them into its entries.

    :raises DataFault: if evidence is not plain JSON values.
    :raises sqlalchemy.exc.IntegrityError: if another transaction took the sequence first.
    """
    sequence, previous_hash = _head(connection, subject)
    stored = _StoredEntries(connection, subject)
    recorded = []
    for draft in map(_plain, drafts):
        sequence += 1
        event = Event.following(draft, subject=subject, sequence=sequence, at=_now(), previous_hash=previous_hash)
        connection.execute(insert(events_table).values(event.to_dict()))
        _change(connection, subject, _folded(event, stored))
        recorded.append(event)
        previous_hash = event.hash
    return recorded


def state(connection: Connection, subject: str) -> State:
    """Return a subject's state from its materialised entries."""
    table = entries_table
    sequence, _ = _head(connection, subject)
    rows = connection.execute(select(table.c.key, table.c.value).where(table.c.subject == subject))
    return view(subject, sequence, {row.key: row.value for row in rows})


def events(
    connection: Connection,
    subject: str | None,
    *,
    kinds: Collection[Kind] | None = None,
    limit: int | None = None,
    newest_first: bool = False,
) -> list[Event]:
    """Return events in the order of their recording, or newest first."""
    order = events_table.c.id.desc() if newest_first else events_table.c.id
    query = select(*_COLUMNS).order_by(order).limit(limit)
    if subject is not None:
        query = query.where(events_table.c.subject == subject)
    if kinds is not None:
        query = query.where(events_table.c.kind.in_([kind.value for kind in kinds]))
    return [_event(row) for row in connection.execute(query).mappings()]


def streamed(connection: Connection) -> Iterator[Event]:
    """Yield every event in the order of recording, few of them in memory at once."""
    query = select(*_COLUMNS).order_by(events_table.c.id).execution_options(yield_per=1000)
    return (_event(row) for row in connection.execute(query).mappings())


def take_in(connection: Connection, recorded: Sequence[Event]) -> None:
    """Insert events as they were recorded elsewhere, without folding them."""
    connection.execute(insert(events_table), [event.to_dict() for event in recorded])


def is_empty(connection: Connection) -> bool:
    """Whether nothing was ever recorded."""
    return connection.execute(select(events_table.c.id).limit(1)).one_or_none() is None


def subjects(connection: Connection) -> list[str]:
    """Return every subject that has events, sorted."""
    column = events_table.c.subject
    return list(connection.scalars(select(column).distinct().order_by(column)))


def counts(connection: Connection) -> dict[str, int]:
    """Return how many events each subject has, by subject, sorted."""
    column = events_table.c.subject
    query = select(column, func.count().label("events")).group_by(column).order_by(column)
    return {row.subject: row.events for row in connection.execute(query)}


def hash_at(connection: Connection, subject: str, sequence: int) -> str | None:
    """Return the hash of one event of a subject; ``None`` where there is none."""
    query = select(events_table.c.hash).where(events_table.c.subject == subject, events_table.c.sequence == sequence)
    return connection.scalars(query).one_or_none()


def replace_entries(connection: Connection, subject: str, entries: Mapping[str, Any]) -> None:
    """Put ``entries`` in place of all that is materialised of a subject."""
    connection.execute(delete(entries_table).where(entries_table.c.subject == subject))
    _change(connection, subject, dict(entries))


def states(connection: Connection) -> dict[str, State]:
    """Return the state of every subject, in two questions for all of them."""
    sequences = _sequences(connection)
    entries: dict[str, dict[str, Any]] = {subject: {} for subject in sequences}
    table = entries_table
    for subject, key, value in connection.execute(select(table.c.subject, table.c.key, table.c.value)):
        entries.setdefault(subject, {})[key] = value
    return {subject: view(subject, sequences.get(subject, 0), found) for subject, found in entries.items()}


def _sequences(connection: Connection) -> dict[str, int]:
    column = events_table.c.subject
    query = select(column, func.max(events_table.c.sequence).label("last")).group_by(column)
    return {row.subject: int(row.last) for row in connection.execute(query)}


def fleet(connection: Connection, keys: Collection[str]) -> dict[str, tuple[int, dict[str, Any]]]:
    """Return some entries of every model, with each model's last sequence, in a few questions for all of them.

    :param keys: of the entries; the versions that ``lineage`` and ``candidate`` name come along.
    """
    found: dict[str, tuple[int, dict[str, Any]]] = {
        subject: (sequence, {}) for subject, sequence in _sequences(connection).items() if subject.startswith("model/")
    }
    _collect(connection, keys, found)
    named = {subject: _named(entries) for subject, (_, entries) in found.items()}
    wanted = {key for keys_of_one in named.values() for key in keys_of_one}
    if wanted:
        _collect(connection, wanted, found, named)
    return found


def _collect(
    connection: Connection,
    keys: Collection[str],
    found: Mapping[str, tuple[int, dict[str, Any]]],
    named: Mapping[str, Collection[str]] | None = None,
) -> None:
    table = entries_table
    query = select(table.c.subject, table.c.key, table.c.value).where(table.c.key.in_(keys))
    for subject, key, value in connection.execute(query):
        if subject in found and (named is None or key in named[subject]):
            found[subject][1][key] = value


def _named(entries: Mapping[str, Any]) -> set[str]:
    versions = [*(entries.get("lineage") or [])[-2:], entries.get("candidate")]
    return {f"version/{version}" for version in versions if version}


class _StoredEntries(Mapping[str, Any]):
    """A subject's entries, read one by one when a fold asks: an event touches few of them."""

    def __init__(self, connection: Connection, subject: str) -> None:
        self._connection = connection
        self._keys = select(entries_table.c.key).where(entries_table.c.subject == subject)

    def __getitem__(self, key: str) -> Any:
        query = self._keys.with_only_columns(entries_table.c.value).where(entries_table.c.key == key)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            raise KeyError(key)
        return row.value

    def __iter__(self) -> Iterator[str]:
        return iter(self._connection.scalars(self._keys).all())

    def __len__(self) -> int:
        return len(list(iter(self)))


def _head(connection: Connection, subject: str) -> tuple[int, str]:
    query = (
        select(events_table.c.sequence, events_table.c.hash)
        .where(events_table.c.subject == subject)
        .order_by(events_table.c.sequence.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return (row.sequence, row.hash) if row else (0, GENESIS)


def _folded(event: Event, stored: Mapping[str, Any]) -> Changes:
    try:
        return fold(event, stored)
    except KeyError as error:
        raise DataFault(
            "The event does not fit what the ledger knows.",
            where=f"{event.subject}: {event.kind.value} by {event.actor}",
            got=f"nothing under {error}",
            mend="Record what it rests on first (a version before its rehearsal), with all of the kind's evidence.",
        ) from error


def _change(connection: Connection, subject: str, changes: Changes) -> None:
    if not changes:
        return
    connection.execute(
        delete(entries_table).where(entries_table.c.subject == subject, entries_table.c.key.in_(changes))
    )
    kept = [{"subject": subject, "key": key, "value": value} for key, value in changes.items() if value is not None]
    if kept:
        connection.execute(insert(entries_table), kept)


def _event(row: RowMapping) -> Event:
    try:
        return Event(**{**row, "kind": Kind(row["kind"])})
    except ValueError as error:
        raise LedgerUnavailable(
            "The ledger holds a kind of event that this release does not know.",
            where=f"{row['subject']}, event {row['sequence']}",
            got=row["kind"],
            mend="Upgrade Loopwright here to the release that recorded it.",
        ) from error


def _plain(draft: Draft) -> Draft:
    """Return the draft as it will be read again, so that its hash still fits then."""
    try:
        evidence = json.loads(json.dumps(dict(draft.evidence), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise DataFault(
            "Evidence must be plain JSON values.",
            where=f"{draft.kind.value} by {draft.actor}",
            got=str(error),
            allowed="dict, list, str, int, float (no NaN, no infinity), bool, None",
            mend="Convert it where the draft is made: float(x), x.isoformat(), None for a number that is not one.",
        ) from error
    return replace(draft, evidence=evidence)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
