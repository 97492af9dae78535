"""The few calls to Airflow's REST API that the demonstration and the end-to-end test make."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from demo.stack import PASSWORD, USER, Stack, StackError

BUSY = ("queued", "running")


@dataclass
class AirflowApi:
    """A person at Airflow's UI, by its REST API.

    :param stack: the Airflow to talk to.
    """

    stack: Stack
    _client: httpx.Client = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._client = httpx.Client(base_url=self.stack.url, timeout=30)
        token = self._client.post("/auth/token", json={"username": USER, "password": PASSWORD})
        token.raise_for_status()
        self._client.headers["Authorization"] = f"Bearer {token.json()['access_token']}"

    def get(self, path: str, **params: Any) -> Any:
        """Return a resource below ``/api/v2``."""
        answer = self._client.get(f"/api/v2{path}", params=params)
        answer.raise_for_status()
        return answer.json()

    def dag_ids(self) -> set[str]:
        """Return the DAGs that Airflow knows."""
        return {dag["dag_id"] for dag in self.get("/dags", limit=200)["dags"]}

    def import_errors(self) -> list[str]:
        """Return what Airflow could not import."""
        return [error["stack_trace"] for error in self.get("/importErrors")["import_errors"]]

    def pause(self, dag_id: str, *, paused: bool = True) -> None:
        """Pause or unpause a DAG."""
        self._client.patch(f"/api/v2/dags/{dag_id}", json={"is_paused": paused}).raise_for_status()

    def trigger(self, dag_id: str, **conf: Any) -> str:
        """Start a run as the UI's form does, and return its id."""
        answer = self._client.post(f"/api/v2/dags/{dag_id}/dagRuns", json={"logical_date": None, "conf": conf})
        answer.raise_for_status()
        return str(answer.json()["dag_run_id"])

    def runs(self, dag_id: str = "~", **params: Any) -> list[dict[str, Any]]:
        """Return runs, newest last."""
        found = self.get(f"/dags/{dag_id}/dagRuns", limit=100, order_by="run_after", **params)
        return list(found["dag_runs"])

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return the task instances of a run."""
        return list(self.get(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances", limit=200)["task_instances"])

    def task(self, dag_id: str, run_id: str, task_id: str) -> dict[str, Any]:
        """Return one task instance of a run, which is not mapped."""
        return next(task for task in self.tasks(dag_id, run_id) if task["task_id"] == task_id)

    def log(self, dag_id: str, run_id: str, task_id: str, attempt: int = 1) -> str:
        """Return what an attempt of a task wrote into its log, as the UI shows it."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{attempt}"
        lines = self.get(path, map_index=-1)["content"]
        return "\n".join(json.dumps(line) if isinstance(line, dict) else str(line) for line in lines)

    def clear(self, dag_id: str, run_id: str, task_ids: list[Any]) -> None:
        """Clear tasks of a run, as the UI's button does, so that they run again."""
        body = {"dry_run": False, "dag_run_id": run_id, "task_ids": task_ids, "only_failed": False}
        self._client.post(f"/api/v2/dags/{dag_id}/clearTaskInstances", json=body).raise_for_status()

    def approvals(self) -> list[dict[str, Any]]:
        """Return the questions that wait for a person."""
        found = self.get("/dags/~/dagRuns/~/hitlDetails", response_received=False)
        return list(found["hitl_details"])

    def answer(self, question: dict[str, Any], option: str) -> None:
        """Answer a waiting question."""
        task = question["task_instance"]
        path = (
            f"/api/v2/dags/{task['dag_id']}/dagRuns/{task['dag_run_id']}/taskInstances/{task['task_id']}/-1/hitlDetails"
        )
        self._client.patch(path, json={"chosen_options": [option], "params_input": {}}).raise_for_status()

    def await_dags(self, wanted: set[str], seconds: float = 120) -> None:
        """Wait until Airflow has parsed all of these DAGs.

        :raises StackError: naming those that are missing, with Airflow's import errors.
        """
        self.until(
            lambda: wanted <= self.dag_ids(),
            seconds,
            lambda: f"Airflow does not know {sorted(wanted - self.dag_ids())}.\n" + "\n".join(self.import_errors()),
        )

    def await_quiet(self, seconds: float = 180, settle: float = 3.0) -> None:
        """Wait until no run is queued or running, for ``settle`` seconds on end.

        :raises StackError: naming what is still busy.
        """
        quiet_since: list[float] = []

        def quiet() -> bool:
            if self.runs(state=list(BUSY)):
                quiet_since.clear()
                return False
            quiet_since.append(time.monotonic())
            return time.monotonic() - quiet_since[0] >= settle

        def busy() -> str:
            return "Still busy: " + ", ".join(
                f"{run['dag_id']} ({run['state']})" for run in self.runs(state=list(BUSY))
            )

        self.until(quiet, seconds, busy)

    def until(self, holds: Callable[[], bool], seconds: float, otherwise: Callable[[], str]) -> None:
        """Wait until something holds.

        :raises StackError: with ``otherwise()`` when it does not within ``seconds``, or when a process died.
        """
        deadline = time.monotonic() + seconds
        while not holds():
            self.stack.check()
            if time.monotonic() > deadline:
                raise StackError(otherwise())
            time.sleep(0.5)
