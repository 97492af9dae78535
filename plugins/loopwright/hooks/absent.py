"""Telling a connection that does not exist from one that could not be asked for.

Airflow answers both alike, "not defined", so that other backends may still know it. For us the difference matters: a
missing ledger connection means the default place, and a ledger that is merely out of reach must never be mistaken
for it, or a loop would go on with an empty memory.
"""

from __future__ import annotations

import sys
from typing import Any

from loopwright.errors import CannotRun

_RUNNER = "airflow.sdk.execution_time.task_runner"


def require_absent(conn_id: str) -> None:
    """Raise unless Airflow itself says that there is no such connection.

    Outside a task or a trigger (a command line, the API server) nobody needs to be asked, and nothing happens.

    :param conn_id: a connection that was looked up and not found.
    :raises CannotRun: if Airflow could not say, or has found it by now.
    """
    supervisor = getattr(sys.modules.get(_RUNNER), "SUPERVISOR_COMMS", None)
    if supervisor is None:
        return
    from airflow.sdk.exceptions import ErrorType
    from airflow.sdk.execution_time.comms import ErrorResponse, GetConnection

    answer: Any
    try:
        answer = supervisor.send(GetConnection(conn_id=conn_id))
    except Exception as error:
        raise _unknown(conn_id, error) from error
    if not (isinstance(answer, ErrorResponse) and answer.error is ErrorType.CONNECTION_NOT_FOUND):
        raise _unknown(conn_id, getattr(answer, "error", "it is there after all"))


def _unknown(conn_id: str, got: object) -> CannotRun:
    return CannotRun(
        "Airflow could not say whether a connection exists.",
        where=f"connection {conn_id}",
        got=got,
        mend="Is the API server up? The task tries again by itself.",
    )
