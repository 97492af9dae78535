from __future__ import annotations

from importlib.resources import files

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from loopwright.errors import LedgerUnavailable
from loopwright.ledger import tables
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.schema import VERSION_TABLE
from loopwright.ledger.store import Ledger


def engine(url: str) -> sa.Engine:
    return sa.create_engine(url, poolclass=sa.NullPool)


def test_the_migrations_make_the_declared_tables(ledger, url):
    ledger.events()
    with engine(url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, tables.metadata) == []


def test_the_declared_revision_is_the_newest():
    scripts = ScriptDirectory(str(files("loopwright.ledger") / "migrations"))
    assert scripts.get_current_head() == tables.REVISION


def test_an_existing_ledger_is_left_as_it_is(ledger, url):
    ledger.events()
    assert Ledger(url).events() == []


def test_somebody_elses_database_is_left_alone(url):
    with engine(url).begin() as connection:
        connection.execute(sa.text("CREATE TABLE dag_run (id INTEGER)"))
    with pytest.raises(LedgerUnavailable, match=r"belongs to another application(.|\n)*dag_run(.|\n)*of its own"):
        Ledger(url).events()
    assert sa.inspect(engine(url)).get_table_names() == ["dag_run"]


def test_a_newer_releases_ledger_is_left_alone(ledger, url):
    ledger.events()
    with engine(url).begin() as connection:
        connection.execute(sa.text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(LedgerUnavailable, match=r"newer release(.|\n)*revision 9999(.|\n)*0002 or older"):
        Ledger(url).events()
    with engine(url).connect() as connection:
        assert connection.scalar(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")) == "9999"


def test_a_half_made_ledger_is_made_again(sqlite_url, monkeypatch):
    """A process killed while it makes the tables leaves none of them."""

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("alembic.operations.Operations.create_table", die)
        with pytest.raises(KeyboardInterrupt):
            Ledger(sqlite_url).events()
    assert sa.inspect(engine(sqlite_url)).get_table_names() == []
    assert Ledger(sqlite_url).events() == []


def older(url: str) -> None:
    """Make the ledger that the first release made, with something recorded."""
    with engine(url).begin() as connection:
        connection.execute(sa.text("DROP INDEX entries_by_key"))
        connection.execute(sa.text(f"UPDATE {VERSION_TABLE} SET version_num = '0001'"))


def test_an_older_ledger_is_left_alone_until_it_is_asked_for(ledger, url):
    event = ledger.record("project", Draft(Kind.CI_JUDGED, "ci", "judged", {}))
    older(url)
    with pytest.raises(LedgerUnavailable, match=r"older release(.|\n)*revision 0001(.|\n)*loopwright ledger migrate"):
        Ledger(url).events()
    assert Ledger(url).revision() == "0001"
    assert Ledger(url).migrate() == "0001"
    assert Ledger(url).migrate() == Ledger(url).revision() == tables.REVISION
    assert Ledger(url).events() == [event]
    with engine(url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, tables.metadata) == []


def test_a_migration_that_is_killed_leaves_the_older_ledger(ledger, url, monkeypatch):
    ledger.events()
    older(url)

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("alembic.runtime.migration.HeadMaintainer.update_to_step", die)
        with pytest.raises(KeyboardInterrupt):
            Ledger(url).migrate()
    assert Ledger(url).revision() == "0001"
    assert "entries_by_key" not in {index["name"] for index in sa.inspect(engine(url)).get_indexes("entries")}
    assert Ledger(url).migrate() == "0001"


def test_an_empty_database_has_no_revision_and_can_be_migrated(url):
    assert Ledger(url).revision() is None
    assert Ledger(url).migrate() is None
    assert Ledger(url).events() == []
