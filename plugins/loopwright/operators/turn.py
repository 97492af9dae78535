"""Batch after batch: a task that is mapped over batches waits until those before it have ended, their retries included.

Airflow starts mapped tasks in their order, yet starts the next one while an earlier one waits for its retry. A batch is
judged beside those before it, so it must not overtake one that is still to come. An earlier task that has ended,
however it ended, holds up nobody: a batch that is set aside, or that cannot be had after every retry, is passed.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowRescheduleException

if TYPE_CHECKING:
    from airflow.sdk import Context

ENDED = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})
"""Airflow's states of a task that is not tried again by itself."""
LOOK_AGAIN = timedelta(seconds=2)


def await_turn(context: Context) -> None:
    """Return when it is this task's turn; else give its slot back, and come again.

    Giving the slot back is what lets the earlier one run, where only one may run at a time; it costs no retry.

    :param context: the running task's; one that is not mapped, or is the first, need not wait.
    :raises AirflowRescheduleException: if an earlier task of the same mapping has not ended.
    """
    ti = context["ti"]
    place = getattr(ti, "map_index", -1)
    if place is None or place < 1:
        return
    found = ti.get_task_states(dag_id=ti.dag_id, task_ids=[ti.task_id], run_ids=[ti.run_id])
    states = found.get(ti.run_id, {})
    earlier = [states.get(f"{ti.task_id}_{number}") for number in range(place)]
    if any(state not in ENDED for state in earlier):
        raise AirflowRescheduleException(datetime.now(UTC) + LOOK_AGAIN)  # type: ignore[no-untyped-call]
