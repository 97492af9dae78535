"""Bringing a database to the ledger's schema, once, however many processes start together.

An empty database is made ready by whoever comes first. One that holds a ledger of an older revision is brought up only
on request (``loopwright ledger migrate``): several releases may be at work on it, and a person backs it up first.

A database is ours when it says so in a version table of our own. One that holds tables and does not say so belongs
to somebody else and is left alone; one at a revision that this release does not know was written by a newer one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Column, MetaData, String, Table, inspect, select, text

from loopwright.errors import LedgerUnavailable
from loopwright.ledger.tables import REVISION

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

VERSION_TABLE = "loopwright_ledger_version"
_VERSION = Table(VERSION_TABLE, MetaData(), Column("version_num", String(32)))
_ADVISORY_LOCK = 0x1009_3216
"""Any number will do, if every Loopwright takes the same."""


def revision_of(connection: Connection) -> str | None:
    """Return the revision that a database says it is at; ``None`` for one that is empty.

    :raises LedgerUnavailable: if it holds tables and none of them is ours.
    """
    tables = inspect(connection).get_table_names()
    if VERSION_TABLE in tables:
        return connection.scalar(select(_VERSION.c.version_num))
    if tables:
        raise LedgerUnavailable(
            "The database belongs to another application.",
            where=connection.engine.url.render_as_string(hide_password=True),
            got=sorted(tables)[:12],
            allowed="an empty database, or one that Loopwright made",
            mend="Give the ledger a database (or, on Postgres, a schema) of its own: LOOPWRIGHT_LEDGER.",
        )
    return None


def require_current(connection: Connection, current: str) -> None:
    """Refuse a ledger of another revision than this release reads and writes.

    :param connection: to the database.
    :param current: the revision that it is at.
    :raises LedgerUnavailable: if it is older, or a newer release's.
    """
    if current == REVISION:
        return
    _require_known(current, _configuration(connection), connection)
    raise LedgerUnavailable(
        "The ledger is of an older release of Loopwright.",
        where=connection.engine.url.render_as_string(hide_password=True),
        got=f"revision {current}",
        allowed=f"revision {REVISION}",
        mend="Stop what uses it, `loopwright ledger migrate`, and start again.",
    )


def lock(connection: Connection) -> None:
    """Let one process at a time make or migrate a database; the lock goes with the transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})


def bring_up(connection: Connection) -> str | None:
    """Upgrade to the newest revision, in the caller's writing transaction.

    :param connection: in a transaction that sees what others commit while it waits for the lock.
    :return: the revision that it was at; ``None`` for an empty database.
    :raises LedgerUnavailable: if the database is somebody else's, or a newer release's.
    """
    lock(connection)
    current = revision_of(connection)
    if current == REVISION:
        return current
    config = _configuration(connection)
    _require_known(current, config, connection)
    from alembic import command

    command.upgrade(config, "head")
    return current


def _configuration(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "loopwright.ledger:migrations")
    config.attributes["connection"] = connection
    return config


def _require_known(current: str | None, config: Config, connection: Connection) -> None:
    from alembic.script import ScriptDirectory

    known = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    if current is not None and current not in known:
        raise LedgerUnavailable(
            "The ledger was written by a newer release of Loopwright.",
            where=connection.engine.url.render_as_string(hide_password=True),
            got=f"revision {current}",
            allowed=f"revision {known[0]} or older",
            mend="Upgrade Loopwright here to the release that wrote it.",
        )
