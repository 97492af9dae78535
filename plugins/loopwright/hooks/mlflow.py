"""The connection to MLflow's tracking server; any type with host and login will do, ``http`` as a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseHook

from loopwright.tracking.login import Login, lend, split_login

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from airflow.sdk import Connection


class MlflowHook(BaseHook):
    """Reads MLflow's tracking URI from a connection.

    :param mlflow_conn_id: the connection; its host may be a whole URI (``http://mlflow:5000``, ``sqlite:///…``).
    """

    conn_name_attr = "mlflow_conn_id"
    default_conn_name = "mlflow_default"
    hook_name = "MLflow for Loopwright"

    def __init__(self, mlflow_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.conn_id = mlflow_conn_id

    def get_conn(self) -> Connection:
        """Return the connection itself."""
        return self.get_connection(self.conn_id)

    def uri(self) -> str:
        """Return the tracking URI; a server's is without name and password, wherever they were written."""
        return self._address()[0]

    def lend_credentials(self, environ: MutableMapping[str, str]) -> None:
        """Put name and password where MLflow's client looks for them.

        :param environ: the task's own environment.
        """
        connection = self.get_conn()
        given = (connection.login, connection.password or "") if connection.login else None
        lend(given or self._address()[1], environ)

    def _address(self) -> tuple[str, Login | None]:
        connection = self.get_conn()
        host = connection.host or "localhost"
        if "://" not in host:
            host = f"{connection.schema or 'http'}://{host}"
        address, login = split_login(host)
        has_port = ":" in address.partition("://")[2]
        return (f"{address}:{connection.port}" if connection.port and not has_port else address), login
