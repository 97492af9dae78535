"""No batch overtakes one that is still to come; and whoever has ended holds up nobody."""

from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowRescheduleException
from airflow.utils.state import TaskInstanceState

from loopwright.operators.turn import ENDED, await_turn


def turn(place, states):
    """Ask as the task at a place, where the tasks of its mapping are in these states."""
    named = {f"ingest_{number}": state for number, state in enumerate(states)}

    def told(*, dag_id, task_ids, run_ids):
        assert (dag_id, task_ids, run_ids) == ("rides.ingest", ["ingest"], ["run-1"])
        return {"run-1": named}

    ti = SimpleNamespace(dag_id="rides.ingest", task_id="ingest", run_id="run-1", map_index=place, get_task_states=told)
    await_turn({"ti": ti})


@pytest.mark.parametrize("state", ["up_for_retry", "up_for_reschedule", "scheduled", "queued", "running", None])
def test_an_earlier_one_that_is_still_to_come_is_waited_for(state):
    with pytest.raises(AirflowRescheduleException):
        turn(2, ["success", state, "running", "scheduled"])


@pytest.mark.parametrize("state", sorted(ENDED))
def test_an_earlier_one_that_has_ended_holds_up_nobody(state):
    turn(2, ["success", state, "running", "up_for_retry"])


@pytest.mark.parametrize("place", [-1, 0, None])
def test_nobody_is_before_the_first_nor_before_one_that_is_not_mapped(place):
    turn(place, ["running", "up_for_retry"])


def test_the_states_that_end_are_airflows_own():
    from airflow.utils.state import TerminalTIState

    assert {state.value for state in TerminalTIState} == ENDED
    assert {state.value for state in TaskInstanceState} > ENDED
