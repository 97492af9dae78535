"""A database's address for SQLAlchemy, out of an Airflow connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk.log import mask_secret

if TYPE_CHECKING:
    from airflow.sdk import Connection


def sqlalchemy_url(connection: Connection, driver: str) -> str:
    """Return the URL, masked in every log from now on if it carries a password.

    :param connection: its extra may hold the whole ``url``, or name another ``driver``; else it is composed of host,
        port, schema, login and password. Of SQLite the host is the file.
    :param driver: such as ``postgresql+psycopg2``.
    """
    from sqlalchemy.engine import URL, make_url

    extra = connection.extra_dejson
    driver = extra.get("driver") or driver
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
