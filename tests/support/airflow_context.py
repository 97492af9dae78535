"""A fake context for an operator: what it pushes is kept, what it pulls is given."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


class Instance:
    """A task instance that keeps its XComs in a dictionary."""

    def __init__(self, pulls: dict[tuple[str, str], Any] | None = None, try_number: int = 1) -> None:
        self.pushed: dict[str, Any] = {}
        self.pulls = pulls or {}
        self.try_number = try_number
        self.map_index = -1

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value

    def xcom_pull(self, task_ids: Any, key: str = "return_value") -> Any:
        if isinstance(task_ids, list):
            return [found for task in task_ids for found in self.pulls.get((task, key), [None])]
        return self.pulls.get((task_ids, key))


class Events(dict):
    """Outlet events, made when asked for."""

    def __missing__(self, asset: Any) -> Any:
        self[asset] = SimpleNamespace(extra={})
        return self[asset]


class Memory(dict):
    """A task's state store."""

    def set(self, key: str, value: Any) -> None:
        self[key] = value


def context(task: Any, *, person: str | None = None, run_type: str = "manual", **more: Any) -> dict[str, Any]:
    """Return what a running task is given."""
    return {
        "ti": Instance(**more),
        "task": task,
        "run_id": "run-1",
        "dag_run": SimpleNamespace(triggering_user_name=person, run_type=run_type),
        "outlet_events": Events(),
        "task_state_store": Memory(),
    }
