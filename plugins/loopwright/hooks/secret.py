"""The connection that holds the secret by which sensitive columns are hashed: its password, of any type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseHook
from airflow.sdk.log import mask_secret

from loopwright.errors import CannotRun

if TYPE_CHECKING:
    from airflow.sdk import Connection


class HashKeyHook(BaseHook):
    """Reads the secret from a connection.

    :param hash_key_conn_id: the connection; its password is the secret.
    """

    conn_name_attr = "hash_key_conn_id"
    default_conn_name = "loopwright_hash_key"
    hook_name = "Loopwright's hash key"

    def __init__(self, hash_key_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.conn_id = hash_key_conn_id

    def get_conn(self) -> Connection:
        """Return the connection itself."""
        return self.get_connection(self.conn_id)

    def key(self) -> str:
        """Return the secret, masked in every log.

        :raises CannotRun: if the connection has no password.
        """
        secret = self.get_conn().password
        if not secret:
            raise CannotRun(
                "The connection of the hash key has no password.",
                where=f"connection {self.conn_id}",
                mend="Fill in its password in Admin → Connections: a long random text, the same for ever.",
            )
        mask_secret(secret)
        return str(secret)
