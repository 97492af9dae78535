"""The sensor, poking and deferred."""

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from loopwright.sensors.arrival import BatchArrivalSensor
from loopwright.stages.ingest.stage import ingest_batch
from support.airflow_context import context


@pytest.fixture(autouse=True)
def at_home(toy, monkeypatch):
    (toy.path / "arrivals" / "rides").mkdir(parents=True)
    for name in ("LOOPWRIGHT_LAKE", "LOOPWRIGHT_LEDGER", "LOOPWRIGHT_ARRIVALS", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)


def sensor(toy, **more):
    return BatchArrivalSensor(task_id="wait", dataset="rides", project=str(toy.path), stable_for=0.05, **more)


def test_poking_finds_what_waits(toy):
    waiting = sensor(toy)
    assert waiting.poke({}).is_done is False
    toy.arrive(2)
    toy.arrive(1)
    found = waiting.poke({})
    assert (found.is_done, found.xcom_value) == (True, ["2024-01", "2024-02"])
    ingest_batch(toy.workspace, toy.rides, "2024-01")
    assert waiting.poke({}).xcom_value == ["2024-02"]


def test_a_file_that_changes_between_two_looks_does_not_count(toy, monkeypatch):
    from loopwright.sensors import arrival

    path = toy.arrive(1)
    monkeypatch.setattr(arrival.time, "sleep", lambda seconds: path.write_bytes(path.read_bytes() + b"more"))
    assert sensor(toy).poke({}).is_done is False


def test_deferred_it_hands_over_to_a_trigger_that_needs_no_project_files(toy):
    waiting = sensor(toy, deferrable=True, timeout=3600)
    with pytest.raises(TaskDeferred) as deferred:
        waiting.execute(context(waiting))
    path, arguments = deferred.value.trigger.serialize()
    assert path == "loopwright.triggers.arrival.BatchWaitTrigger"
    assert arguments["arrivals"] == "arrivals/rides/*.parquet"
    assert deferred.value.timeout.total_seconds() == 3600


def test_resumed_it_returns_what_waits_by_then(toy):
    toy.arrive(1)
    toy.arrive(2)
    event = {"batch_ids": ["2024-01"], "waiting": 1}
    assert sensor(toy).execute_complete({}, event) == ["2024-01", "2024-02"]


def test_an_unknown_dataset_fails_for_good(toy):
    with pytest.raises(AirflowFailException, match=r"(?s)no dataset called 'ride'.*Did you mean 'rides'"):
        BatchArrivalSensor(task_id="wait", dataset="ride", project=str(toy.path)).poke({})


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_dataset_from_a_database_has_nothing_to_wait_for(toy, deferrable):
    query = 'query: {sql: "SELECT 1 AS n", watermark: n, connection: db}\nschedule: "@hourly"'
    toy.edit("include/datasets/rides/dataset.yaml", "arrivals: arrivals/rides/*.parquet", query)
    waiting = sensor(toy, deferrable=deferrable)
    with pytest.raises(AirflowFailException, match=r"(?s)comes from a database.*Use FetchRowsOperator"):
        waiting.execute(context(waiting))
