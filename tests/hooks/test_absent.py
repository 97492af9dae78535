"""A connection that is out of reach is not one that does not exist."""

import pytest
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import ConnectionResult, ErrorResponse

from loopwright.errors import CannotRun
from loopwright.hooks.absent import require_absent
from loopwright.hooks.loopwright import LoopwrightHook


class Supervisor:
    """The process that a task asks, which asks the API server."""

    def __init__(self, answer):
        self.answer = answer

    def send(self, message):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def supervisor(monkeypatch):
    def answers(answer):
        monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", Supervisor(answer), raising=False)

    return answers


def error(kind):
    return ErrorResponse(error=kind, detail={"status_code": 503})


def test_outside_a_task_nobody_is_asked(monkeypatch):
    monkeypatch.delattr(task_runner, "SUPERVISOR_COMMS", raising=False)
    assert require_absent("loopwright_ledger") is None


def test_what_does_not_exist_is_absent(supervisor):
    supervisor(error(ErrorType.CONNECTION_NOT_FOUND))
    assert require_absent("loopwright_ledger") is None


@pytest.mark.parametrize(
    "answer",
    [
        AirflowRuntimeError(error(ErrorType.API_SERVER_ERROR)),
        error(ErrorType.GENERIC_ERROR),
        ConnectionResult.model_construct(conn_id="loopwright_ledger", conn_type="generic"),
        OSError("the supervisor is gone"),
    ],
)
def test_what_could_not_be_asked_for_is_tried_again(supervisor, answer):
    supervisor(answer)
    with pytest.raises(CannotRun, match=r"(?s)could not say.*connection loopwright_ledger"):
        require_absent("loopwright_ledger")


def test_no_workspace_is_made_up_while_the_api_server_is_away(toy, supervisor):
    supervisor(AirflowRuntimeError(error(ErrorType.API_SERVER_ERROR)))
    with pytest.raises(CannotRun, match="could not say"):
        LoopwrightHook(str(toy.path)).workspace()
