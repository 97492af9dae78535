from __future__ import annotations

import pytest
import sqlalchemy as sa

from loopwright.errors import LedgerUnavailable
from loopwright.ledger import journal
from loopwright.ledger.database import Database
from loopwright.ledger.events import Draft, Kind


def scored(batch: str) -> Draft:
    return Draft(Kind.BATCH_SCORED, "score", "scored", {"batch_id": batch, "version": "1"})


def test_recording_reads_only_the_entries_it_touches(sqlite_url):
    """However many batches a dataset has."""
    database = Database(sqlite_url)
    with database.writing() as connection:
        journal.append(connection, "model/tips", [scored(f"b{n}") for n in range(50)])
    statements: list[str] = []
    with database.writing() as connection:
        sa.event.listen(connection, "before_cursor_execute", lambda *call: statements.append(call[2]))
        journal.append(connection, "model/tips", [scored("new")])
    reads = [statement for statement in statements if "FROM entries" in statement and "SELECT" in statement]
    assert reads == []
    assert len(statements) == 4  # the head, the event, the entry's removal, the entry


def test_stored_entries_are_a_mapping(sqlite_url):
    with Database(sqlite_url).writing() as connection:
        journal.replace_entries(connection, "model/tips", {"a": 1, "b": [2]})
        journal.replace_entries(connection, "model/other", {"c": 3})
        stored = journal._StoredEntries(connection, "model/tips")
        assert dict(stored) == {"a": 1, "b": [2]}
        assert len(stored) == 2
        assert "c" not in stored
        assert stored.get("c") is None


def test_a_kind_of_a_newer_release_is_named(sqlite_url):
    database = Database(sqlite_url)
    with database.writing() as connection:
        journal.append(connection, "model/tips", [scored("a")])
        connection.execute(sa.text("UPDATE events SET kind = 'teleported'"))
    with (
        pytest.raises(LedgerUnavailable, match=r"does not know(.|\n)*model/tips, event 1(.|\n)*teleported"),
        database.reading() as connection,
    ):
        journal.events(connection, None)
