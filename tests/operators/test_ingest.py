"""The ingest operators over the real stage."""

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, DownstreamTasksSkipped

from loopwright.lake import Lake
from loopwright.operators.ingest import IngestBatchOperator, ListArrivalsOperator, ValidateDataOperator
from support.airflow_context import context
from support.toy import rides


def run(operator, **more):
    given = context(operator, **more)
    return operator.execute(given), given["ti"].pushed


def test_listing_returns_what_waits_in_order(toy):
    for month in (10, 2, 1):
        toy.arrive(month)
    returned, pushed = run(ListArrivalsOperator(task_id="list", dataset="rides", project=str(toy.path)))
    assert returned == ["2024-01", "2024-02", "2024-10"]
    assert pushed["result"]["waiting"] == 3


def test_listing_nothing_skips_the_rest_whatever_its_trigger_rule(toy):
    (toy.path / "arrivals" / "rides").mkdir(parents=True)
    with DAG("any", schedule=None):
        operator = ListArrivalsOperator(task_id="list", dataset="rides", project=str(toy.path))
        last = ListArrivalsOperator(task_id="last", dataset="rides", trigger_rule="all_done")
        operator >> ListArrivalsOperator(task_id="next", dataset="rides") >> last
    with pytest.raises(DownstreamTasksSkipped) as skipped:
        run(operator)
    assert sorted(skipped.value.tasks) == ["last", "next"]


def test_labels_alone_skip_nothing_once_or_when_an_attempt_died(toy):
    labels = "labels: {arrivals: arrivals/tips/*.csv}\nexpectations: null"
    toy.edit("include/datasets/rides/dataset.yaml", "owner: tests", f"owner: tests\n{labels}")
    toy.arrive(1)
    run(ingest(toy, "2024-01"))
    path = toy.path / "arrivals/tips/first.csv"
    path.parent.mkdir()
    rides(1)[["ride_id", "tip"]].to_csv(path, index=False)
    with DAG("any", schedule=None):
        operator = ListArrivalsOperator(task_id="list", dataset="rides", project=str(toy.path))
        operator >> ListArrivalsOperator(task_id="next", dataset="rides")
    returned, pushed = run(operator)
    assert (returned, pushed["result"]["labelled"]) == ([], ["2024-01"])
    assert run(operator, try_number=2)[0] == [], "the first attempt may have died before it could say so"
    with pytest.raises(DownstreamTasksSkipped):
        run(operator)


def test_more_than_airflow_maps_over_waits_for_the_next_run(toy, monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__MAX_MAP_LENGTH", "2")
    for month in (1, 2, 3):
        toy.arrive(month)
    returned, _ = run(ListArrivalsOperator(task_id="list", dataset="rides", project=str(toy.path)))
    assert returned == ["2024-01", "2024-02"]


def ingest(toy, batch_id, **more):
    return IngestBatchOperator(task_id="ingest", dataset="rides", batch_id=batch_id, project=str(toy.path), **more)


def test_ingesting_publishes_and_links_to_the_report(toy):
    toy.arrive(1)
    operator = ingest(toy, "2024-01")
    returned, pushed = run(operator)
    assert returned == "2024-01"
    assert pushed["result"]["status"] == "published"
    assert operator.links == {"report": "/loopwright/reports/rides.ingest/2024-01"}


def test_ingesting_again_is_skipped_and_force_is_not(toy):
    toy.arrive(1)
    run(ingest(toy, "2024-01"))
    with pytest.raises(AirflowSkipException, match="handled already"):
        run(ingest(toy, "2024-01"))
    _, pushed = run(ingest(toy, "2024-01", force="True"))
    assert pushed["result"]["status"] == "published"


def test_a_quarantined_batch_fails_for_good_and_its_report_can_be_opened(toy):
    toy.arrive(1, faults=True)
    operator = ingest(toy, "2024-01")
    given = context(operator)
    with pytest.raises(AirflowFailException, match="distance"):
        operator.execute(given)
    assert given["ti"].pushed["result"]["status"] == "quarantined"
    assert operator.links["report"].endswith("/rides.ingest/2024-01")


def test_an_unknown_batch_or_dataset_says_the_nearest(toy):
    toy.arrive(1)
    with pytest.raises(AirflowFailException, match=r"(?s)No file has arrived.*Did you mean '2024-01'"):
        run(ingest(toy, "2024-1"))
    with pytest.raises(AirflowFailException, match=r"(?s)no dataset called 'ride'.*Did you mean 'rides'"):
        run(ListArrivalsOperator(task_id="list", dataset="ride", project=str(toy.path)))


def test_validating_writes_no_table(toy):
    toy.arrive(1)
    operator = ValidateDataOperator(task_id="v", dataset="rides", batch_id="2024-01", project=str(toy.path))
    _, pushed = run(operator)
    assert pushed["result"]["verdict"]["outcome"] == "pass"
    assert not Lake.of(toy.workspace).batches("rides").exists()
    toy.arrive(2, faults=True)
    with pytest.raises(AirflowFailException, match="distance"):
        run(ValidateDataOperator(task_id="v", dataset="rides", batch_id="2024-02", project=str(toy.path)))


def test_a_quarantined_batch_that_is_cleared_fails_again_until_something_is_mended(toy):
    toy.arrive(1, faults=True)
    for _ in range(2):
        with pytest.raises(AirflowFailException, match="distance"):
            run(ingest(toy, "2024-01"))
    toy.edit("include/datasets/rides/dataset.yaml", "owner: tests", "owner: tests\nexpectations: null")
    listed, _ = run(ListArrivalsOperator(task_id="list", dataset="rides", project=str(toy.path)))
    assert listed == ["2024-01"]
    assert run(ingest(toy, "2024-01"))[1]["result"]["status"] == "published"


def test_a_file_that_can_be_no_batch_is_listed_last_and_fails_for_itself(toy):
    toy.arrive(1)
    (toy.path / "arrivals/rides/a & b.parquet").write_bytes(b"")
    listed, _ = run(ListArrivalsOperator(task_id="list", dataset="rides", project=str(toy.path)))
    assert listed == ["2024-01", "a & b.parquet"]
    assert run(ingest(toy, "2024-01"))[0] == "2024-01"
    with pytest.raises(AirflowFailException, match="not safe to use as a name"):
        run(ingest(toy, "a & b.parquet"))
