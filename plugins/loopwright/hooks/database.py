"""A team's own database, from an Airflow connection of any type, as SQLAlchemy addresses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseHook
from airflow.sdk.log import mask_secret

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
        from sqlalchemy.engine import URL, make_url

        connection = self.get_conn()
        extra = connection.extra_dejson
        driver = extra.get("driver") or _DRIVERS.get(connection.conn_type or "", connection.conn_type or "")
        if extra.get("url"):
            url = make_url(extra["url"])
        elif driver.startswith("sqlite"):
            url = URL.create(driver, database=connection.host or connection.schema)
        else:
            url = URL.create(
                driver,
                username=connection.login or None,
                password=connection.password or None,
                host=connection.host or None,
                port=connection.port,
                database=connection.schema or None,
            )
        if url.password:
            mask_secret(str(url.password))
        return url.render_as_string(hide_password=False)
