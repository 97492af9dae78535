"""The whole loop through the shipped DAGs, by ``dag.test()``: arrivals in, a watched champion out.

One story, in order: each test goes on where the one before it stopped.
"""

import pytest

pytestmark = pytest.mark.airflow


def test_nothing_waits(suite):
    run, states = suite.run("rides.ingest")
    assert run.state == "success"
    assert states == {"list_arrivals": "success", "ingest": "skipped", "announce": "skipped", "fail_run": "skipped"}


def test_ingest_publishes_in_order_and_one_bad_batch_fails_itself_only(suite):
    for month in (3, 1, 2):
        suite.arrive(month, faults=month == 2)
    run, states = suite.run("rides.ingest")
    assert run.state == "failed"
    assert states == {
        "list_arrivals": "success",
        "ingest[0]": "success",
        "ingest[1]": "failed",
        "ingest[2]": "success",
        "announce": "success",
        "fail_run": "failed",
    }
    assert [batch["batch_id"] for batch in suite.ledger.dataset("rides").published()] == ["2024-01", "2024-03"]
    assert suite.events("loopwright://rides/batches") == [{"batch_ids": ["2024-01", "2024-03"], "batches": 2}]


def test_what_was_handled_is_not_handled_again(suite):
    run, states = suite.run("rides.ingest")
    assert (run.state, states["ingest"]) == ("success", "skipped")
    assert len(suite.events("loopwright://rides/batches")) == 1


def test_the_form_narrows_to_a_batch_and_forces_it(suite):
    run, states = suite.run("rides.ingest", batch_id="2024-01", force=True)
    assert (run.state, states["ingest[0]"]) == ("success", "success")
    assert "ingest[1]" not in states


def test_a_batch_that_never_arrived_fails_without_a_retry(suite):
    run, states = suite.run("rides.ingest", batch_id="2024-99")
    assert run.state == "failed"
    assert states["list_arrivals"] == "failed"
    assert suite.tries(run, "list_arrivals") == 1
