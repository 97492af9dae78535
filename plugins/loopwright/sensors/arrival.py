"""Wait inside a DAG until a batch has arrived."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk import BaseSensorOperator, PokeReturnValue
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowFailException

from loopwright.declaration import Project
from loopwright.errors import DataFault
from loopwright.hooks.lake import LakeHook
from loopwright.hooks.ledger import LedgerHook
from loopwright.hooks.loopwright import LoopwrightHook
from loopwright.hooks.projects import require_project
from loopwright.triggers.arrival import BatchWaitTrigger
from loopwright.triggers.watch import Watch

if TYPE_CHECKING:
    from airflow.sdk import Context

    from loopwright.declaration import DatasetSpec, Workspace


class BatchArrivalSensor(BaseSensorOperator):
    """Waits until arrivals wait that the ledger has no answer for, and returns their batch ids.

    A dataset with a ``query`` has no folder to watch, and fails it at once: there, ``FetchRowsOperator`` asks.

    :param dataset: the dataset's name.
    :param project: the folder that holds ``include/``; ``[loopwright] project`` when left out.
    :param stable_for: seconds for which a file must not change before it counts.
    :param deferrable: wait in the triggerer, without a worker.
    :param lake_conn_id: connection of the lake, whose storage options reach the arrivals too.
    :param ledger_conn_id: connection of the ledger.
    """

    template_fields: Sequence[str] = ("dataset", "project")
    ui_color = "#e8f0ea"

    def __init__(
        self,
        *,
        dataset: str,
        project: str | None = None,
        stable_for: float = 2.0,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        lake_conn_id: str = LakeHook.default_conn_name,
        ledger_conn_id: str = LedgerHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.dataset = dataset
        self.project = project
        self.stable_for = stable_for
        self.deferrable = deferrable
        self.lake_conn_id = lake_conn_id
        self.ledger_conn_id = ledger_conn_id

    def execute(self, context: Context) -> Any:
        """Poke, or defer to the triggerer."""
        if self.deferrable:
            self._wait_in_the_triggerer()
        return super().execute(context)

    def _wait_in_the_triggerer(self) -> NoReturn:
        spec = self._spec()
        self.defer(
            trigger=BatchWaitTrigger(
                dataset=spec.name,
                arrivals=spec.arrivals,
                batch_id=spec.batch_id,
                files=spec.files,
                complete=spec.complete,
                judged_by=self._judged_by(spec),
                project=require_project(self.project),
                poll_interval=min(self.poke_interval, 60.0),
                stable_for=self.stable_for,
                lake_conn_id=self.lake_conn_id,
                ledger_conn_id=self.ledger_conn_id,
            ),
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout),
        )

    def _judged_by(self, spec: DatasetSpec) -> str | None:
        from loopwright.stages.ingest.examining.judged_by import judged_by

        try:
            return judged_by(require_project(self.project), spec)
        except DataFault as error:
            raise AirflowFailException(str(error)) from error

    def execute_complete(self, context: Context, event: dict[str, Any]) -> list[str]:  # noqa: ARG002 - Airflow's
        """Return what waits now; the event was only a hint, and names no more than a few."""
        return self._waiting_ids() or list(event["batch_ids"])

    def poke(self, context: Context) -> PokeReturnValue:  # noqa: ARG002 - Airflow's signature
        """Look twice, since a file that is still being written must not count."""
        found = self._waiting_ids()
        return PokeReturnValue(is_done=bool(found), xcom_value=found)

    def _waiting_ids(self) -> list[str]:
        from loopwright.stages.ingest.arriving.waiting import waiting

        workspace, spec, watch = self._workspace(), self._spec(), Watch(stable_for=0.0)
        first = waiting(workspace, spec).arrivals
        if not first:
            return []
        watch.ready(first, time.monotonic())
        time.sleep(self.stable_for)
        return [arrival.batch_id for arrival in watch.ready(waiting(workspace, spec).arrivals, time.monotonic())]

    def _spec(self) -> DatasetSpec:
        try:
            spec = Project.at(require_project(self.project)).dataset(self.dataset)
        except DataFault as error:
            raise AirflowFailException(str(error)) from error
        if spec.query:
            raise AirflowFailException(
                f"The dataset {spec.name!r} comes from a database, where nothing arrives that could be waited for. "
                f"Use FetchRowsOperator, or a sensor of the database's provider; <dataset>.ingest asks by the clock."
            )
        return spec

    def _workspace(self) -> Workspace:
        return LoopwrightHook(
            self.project, lake_conn_id=self.lake_conn_id, ledger_conn_id=self.ledger_conn_id
        ).workspace()
