"""From connections to a :class:`Workspace`: the one place that knows which place comes from where.

Each of the three connections is optional under its default name: one that does not exist leaves its place to the
environment (``LOOPWRIGHT_LAKE``, ``LOOPWRIGHT_LEDGER``, ``MLFLOW_TRACKING_URI``, ``LOOPWRIGHT_ARRIVALS``) and the
defaults of :meth:`Workspace.resolve`. One that was asked for by another name must exist, or two places would be taken
for one. Secrets stay inside the workspace, which shows none of them.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from loopwright.declaration import Workspace
from loopwright.hooks.absent import require_absent
from loopwright.hooks.lake import LakeHook
from loopwright.hooks.ledger import LedgerHook
from loopwright.hooks.mlflow import MlflowHook
from loopwright.hooks.projects import require_project
from loopwright.hooks.secret import HashKeyHook

if TYPE_CHECKING:
    from collections.abc import Callable

Place = TypeVar("Place")


class LoopwrightHook(BaseHook):
    """Resolves the five places that a stage works with.

    :param project: the folder that holds ``include/``; the configured one when left out.
    :param lake_conn_id: connection of the lake.
    :param ledger_conn_id: connection of the ledger.
    :param mlflow_conn_id: connection of MLflow.
    """

    hook_name = "Loopwright"

    def __init__(
        self,
        project: str | None = None,
        *,
        lake_conn_id: str = LakeHook.default_conn_name,
        ledger_conn_id: str = LedgerHook.default_conn_name,
        mlflow_conn_id: str = MlflowHook.default_conn_name,
    ) -> None:
        super().__init__()
        self.project = project
        self.lake = LakeHook(lake_conn_id)
        self.ledger = LedgerHook(ledger_conn_id)
        self.mlflow = MlflowHook(mlflow_conn_id)
        self.hash_key = HashKeyHook()

    def get_conn(self) -> Workspace:
        """Return :meth:`workspace`."""
        return self.workspace()

    def workspace(self) -> Workspace:
        """Return the five places.

        :raises DeclarationError: if no project is named.
        :raises CannotRun: if a connection exists and says nothing, or Airflow cannot say whether it exists.
        :raises AirflowNotFoundException: if a connection of another name than the default does not exist.
        """
        storage = self._place(self.lake, self.lake.storage_options)
        return Workspace.resolve(
            require_project(self.project),
            lake=self._place(self.lake, self.lake.uri),
            ledger=self._place(self.ledger, self.ledger.url),
            tracking=self._place(self.mlflow, self.mlflow.uri),
            storage_options=storage,
            hash_key=self._place(self.hash_key, self.hash_key.key),
        )

    def lend_credentials(self) -> None:
        """Put MLflow's login, if the connection has one, where its client in this process looks for it."""
        self._place(self.mlflow, lambda: self.mlflow.lend_credentials(os.environ))

    def _place(
        self, service: LakeHook | LedgerHook | MlflowHook | HashKeyHook, ask: Callable[[], Place]
    ) -> Place | None:
        try:
            return ask()
        except AirflowNotFoundException:
            if service.conn_id != service.default_conn_name:
                raise
            require_absent(service.conn_id)
            return None
