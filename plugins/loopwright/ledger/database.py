"""How the ledger reaches its database: two kinds of transaction, and errors that say what to mend.

No connection outlives its transaction, so a ledger may be shared by threads and inherited by forked tasks. On SQLite
a writing transaction takes the write lock when it begins (``BEGIN IMMEDIATE``): taken later, at the first write, two
readers that both want to write would fail each other without waiting. Elsewhere every transaction reads one snapshot.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from loopwright.errors import LedgerUnavailable, shown
from loopwright.ledger import schema

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

BUSY_SECONDS = 30
"""How long a SQLite writer waits for another before it gives up."""

_BEGIN = "loopwright_begin"
"""The execution option that says how a SQLite transaction begins."""

_SERIALIZATION_FAILURES = {"40001", "40P01"}
_MENDS = {
    "locked": "Another process holds the ledger. Try again; if it stays, find the process that never ends its write.",
    "full": "Free space on the ledger's disk, then run again: nothing was half recorded.",
    "disk i/o": "Free space on the ledger's disk, or look to its health; then run again: nothing was half recorded.",
    "readonly": "Make the ledger's file and its folder writable for this user.",
    "unable to open": "Make the ledger's folder, or write access to it; or set LOOPWRIGHT_LEDGER to another place.",
    "not a database": "The file is no SQLite database. Restore it from a backup, or point LOOPWRIGHT_LEDGER elsewhere.",
    "no such table": "The database was replaced while it was in use. Run again.",
}
_ANY_MEND = "Look whether the database is up and LOOPWRIGHT_LEDGER is its SQLAlchemy URL, then run again."


class Database:
    """One database, connected to when it is first used.

    :param url: SQLAlchemy URL; a SQLite file and its folder are made if absent.
    """

    def __init__(self, url: str) -> None:
        self._url = _parsed(url)
        self._engine: Engine | None = None
        self._opening = Lock()

    @property
    def where(self) -> str:
        """The URL without its password."""
        return self._url.render_as_string(hide_password=True)

    def is_there(self) -> bool:
        """Whether there may be anything to read: a SQLite file that is not there is made by whoever opens it."""
        path = self._url.database if self._url.get_backend_name() == "sqlite" else None
        return not path or path == ":memory:" or Path(path).exists()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection that sees one snapshot.

        :raises LedgerUnavailable: if the database cannot be reached, or is not a ledger.
        """
        with self._said_plainly(), self._opened().connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection whose work is committed whole, or not at all.

        :raises LedgerUnavailable: if the database cannot be reached, or is not a ledger.
        :raises sqlalchemy.exc.IntegrityError: if someone else recorded first.
        """
        with self._said_plainly(), _writer(self._opened()).begin() as connection:
            yield connection

    def revision(self) -> str | None:
        """Return the revision that the database is at, whether or not this release knows it; ``None`` when empty.

        :raises LedgerUnavailable: if the database cannot be reached, or is somebody else's.
        """
        with self._said_plainly(), _engine(self._url).connect() as connection, connection.begin():
            return schema.revision_of(connection)

    def migrate(self) -> str | None:
        """Bring the database to the revision of this release, in one transaction.

        :return: the revision that it was at; ``None`` when it was empty.
        :raises LedgerUnavailable: if the database cannot be reached, is somebody else's, or a newer release's.
        """
        with self._said_plainly():
            return _bring_up(_engine(self._url))

    def _opened(self) -> Engine:
        with self._opening:
            if self._engine is None:
                engine = _engine(self._url)
                _make_ready(engine)
                self._engine = engine
            return self._engine

    @contextmanager
    def _said_plainly(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except SQLAlchemyError as error:
            raise _unavailable(error, self.where) from error


def is_lost_race(error: BaseException) -> bool:
    """Whether a writing transaction failed only because another was first, so that it may be tried again."""
    if isinstance(error, IntegrityError):
        return True
    cause = error.__cause__ if isinstance(error, LedgerUnavailable) else error
    return isinstance(cause, DBAPIError) and _sqlstate(cause) in _SERIALIZATION_FAILURES


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError as error:
        raise LedgerUnavailable(
            "The ledger's URL cannot be read.",
            allowed="a SQLAlchemy URL, such as sqlite:////srv/loop/ledger.db or postgresql+psycopg2://user@host/ledger",
            mend="Correct LOOPWRIGHT_LEDGER (or --ledger).",
        ) from error


def _engine(url: URL) -> Engine:
    try:
        if url.get_backend_name() != "sqlite":
            return create_engine(url, poolclass=NullPool, hide_parameters=True, isolation_level="REPEATABLE READ")
        return _sqlite_engine(url)
    except ModuleNotFoundError as error:
        raise LedgerUnavailable(
            "The driver of the ledger's database is not installed.",
            where=url.render_as_string(hide_password=True),
            got=error.name,
            mend=f"pip install {error.name}, or name another driver in the URL (postgresql+psycopg2://…).",
        ) from error


def _sqlite_engine(url: URL) -> Engine:
    if url.database:
        _make_folder(Path(url.database).parent)
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _leave_transactions_to_us)
    event.listen(engine, "begin", _begin)
    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerUnavailable(
            "The ledger's folder cannot be made.",
            where=folder,
            got=error.strerror,
            mend="Give write access to the folder above it, or set LOOPWRIGHT_LEDGER to another place.",
        ) from error


def _leave_transactions_to_us(raw: Any, _record: object) -> None:
    raw.isolation_level = None  # else the driver itself begins, late and deferred


def _begin(connection: Connection) -> None:
    statement = connection.get_execution_options().get(_BEGIN, "BEGIN")
    if statement is not None:
        connection.exec_driver_sql(statement)


def _writer(engine: Engine) -> Engine:
    return engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})


def _make_ready(engine: Engine) -> None:
    with engine.connect() as connection, connection.begin():
        current = schema.revision_of(connection)
        if current is not None:
            schema.require_current(connection, current)
    if current is None:
        _bring_up(engine)


def _bring_up(engine: Engine) -> str | None:
    if engine.dialect.name == "sqlite":
        # Readers never wait for writers in this mode, which the file remembers. It cannot be set in a transaction.
        with engine.execution_options(**{_BEGIN: None}).connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    else:
        engine = engine.execution_options(isolation_level="READ COMMITTED")  # to see what another made meanwhile
    with _writer(engine).begin() as connection:
        return schema.bring_up(connection)


def _sqlstate(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)


def _unavailable(error: SQLAlchemyError, where: str) -> LedgerUnavailable:
    said = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    mend = next((mend for sign, mend in _MENDS.items() if sign in said.lower()), _ANY_MEND)
    return LedgerUnavailable("The ledger cannot be used.", where=where, got=shown(said), mend=mend)
