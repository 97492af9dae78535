"""The connection of type ``loopwright_ledger``: the database that keeps every decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseHook

from loopwright.hooks.address import sqlalchemy_url

if TYPE_CHECKING:
    from airflow.sdk import Connection


class LedgerHook(BaseHook):
    """Reads the ledger's SQLAlchemy URL from a connection.

    :param ledger_conn_id: the connection; either its field ``url`` holds the whole URL, or host, port, schema, login
        and password are composed for the ``driver`` named there.
    """

    conn_name_attr = "ledger_conn_id"
    default_conn_name = "loopwright_ledger"
    conn_type = "loopwright_ledger"
    hook_name = "Loopwright ledger"

    def __init__(self, ledger_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.conn_id = ledger_conn_id

    def get_conn(self) -> Connection:
        """Return the connection itself."""
        return self.get_connection(self.conn_id)

    def url(self) -> str:
        """Return the URL, masked in every log from now on if it carries a password."""
        return sqlalchemy_url(self.get_conn(), "postgresql+psycopg2")

    def test_connection(self) -> tuple[bool, str]:
        """Answer the button in Admin → Connections: whether the ledger can be read."""
        from loopwright.ledger.store import Ledger

        try:
            subjects = Ledger(self.url()).subjects()
        except Exception as error:  # noqa: BLE001 - the button shows whatever went wrong
            return False, f"{type(error).__name__}: {error}"
        return True, f"The ledger answers; it knows {len(subjects)} subjects."
