"""A team's own database, from an Airflow connection of any type, as SQLAlchemy addresses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseHook

from loopwright.hooks.address import sqlalchemy_url

if TYPE_CHECKING:
    from airflow.sdk import Connection

_DRIVERS = {
    "postgres": "postgresql+psycopg2",
    "postgresql": "postgresql+psycopg2",
    "redshift": "postgresql+psycopg2",
    "mysql": "mysql+pymysql",
    "mssql": "mssql+pymssql",
    "sqlite": "sqlite",
}
"""A connection's type to the driver that SQLAlchemy takes for it, unless the connection names another."""


class DatabaseHook(BaseHook):
    """Reads a database's URL from a connection.

    :param conn_id: the connection. Its extra may hold the whole ``url``, or name the ``driver``; for SQLite its host is
        the file.
    """

    conn_name_attr = "conn_id"
    hook_name = "Database for Loopwright"

    def __init__(self, conn_id: str) -> None:
        super().__init__()
        self.conn_id = conn_id

    def get_conn(self) -> Connection:
        """Return the connection itself."""
        return self.get_connection(self.conn_id)

    def url(self) -> str:
        """Return the URL, masked in every log from now on if it carries a password."""
        connection = self.get_conn()
        kind = connection.conn_type or ""
        return sqlalchemy_url(connection, _DRIVERS.get(kind, kind))
