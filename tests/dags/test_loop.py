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


def test_train_makes_a_candidate_where_there_is_a_reason(suite):
    run, states = suite.run("tips.train")
    assert run.state == "success"
    assert states == {"decide": "success", "train": "success", "gate": "success", "register": "success"}
    assert suite.ledger.model("tips").candidate["version"] == "1"
    assert [event["version"] for event in suite.events("loopwright://tips/candidate")] == ["1"]
    assert suite.xcom(run, "gate")["verdict"]["outcome"] == "pass"


def test_train_records_a_no_and_skips_the_rest(suite):
    run, states = suite.run("tips.train")
    assert run.state == "success"
    assert states == {"decide": "success", "train": "skipped", "gate": "skipped", "register": "skipped"}
    assert suite.xcom(run, "decide")["train"] is False
    assert len(suite.events("loopwright://tips/candidate")) == 1


def test_release_rehearses_and_promotes(suite):
    run, states = suite.run("tips.release")
    assert run.state == "success"
    assert states == {"reconcile": "success", "rehearse": "success", "promote": "success"}
    assert suite.ledger.model("tips").champion["version"] == "1"
    assert suite.events("loopwright://tips/champion") == [{"version": "1", "action": "promote"}]


def test_release_without_a_candidate_does_nothing(suite):
    run, states = suite.run("tips.release")
    assert (run.state, states["reconcile"], states["promote"]) == ("success", "success", "skipped")


def test_score_writes_what_the_champion_says_of_every_batch(suite):
    run, states = suite.run("tips.score")
    assert run.state == "success"
    assert states["score[0]"] == states["score[1]"] == states["announce"] == "success"
    assert sorted(suite.ledger.model("tips").under("scored")) == ["2024-01", "2024-03"]
    assert suite.events("loopwright://tips/predictions") == [{"batch_ids": ["2024-01", "2024-03"], "batches": 2}]
    _, states = suite.run("tips.score")
    assert states["score"] == "skipped"


def test_monitor_looks_at_the_scored_batches_that_were_not_learnt_from(suite):
    run, states = suite.run("tips.monitor")
    assert run.state == "success"
    assert states["monitor[0]"] in {"success", "skipped"}
    assert states["request_training"] == states["request_rollback"] == "skipped"
    assert sorted(suite.ledger.model("tips").under("monitored")) == ["2024-03"]


def test_drift_fails_its_task_and_asks_for_a_training(suite):
    suite.arrive(4, shift=2.0)
    suite.run("rides.ingest")
    suite.run("tips.score")
    run, states = suite.run("tips.monitor")
    assert run.state == "failed"
    assert states["monitor[0]"] == "failed"
    assert states["request_training"] == "success"
    assert states["request_rollback"] == "skipped"
    assert suite.events("loopwright://tips/request") == [{"batch_ids": ["2024-04"], "batches": 1}]
    assert suite.ledger.model("tips").request("retrain")


def test_a_worse_candidate_is_refused_and_fails_for_good(suite):
    before = suite.ledger.model("tips").champion
    run, states = suite.run("tips.train", reason="a try", force=True, params='{"C": 1e-9}')
    assert run.state == "failed"
    assert states == {"decide": "success", "train": "success", "gate": "failed", "register": "upstream_failed"}
    assert suite.tries(run, "gate") == 1
    assert suite.ledger.model("tips").champion == before


def test_parameters_that_are_no_json_fail_for_good(suite):
    run, states = suite.run("tips.train", reason="a try", params="C is 3")
    assert (run.state, states["decide"], suite.tries(run, "decide")) == ("failed", "failed", 1)


def test_nobody_rolls_back_what_nobody_asked_for(suite):
    run, states = suite.run("tips.rollback", reason="it looks odd")
    assert (run.state, states) == ("failed", {"roll_back": "failed"})
    assert suite.ledger.model("tips").champion["version"] == "1"


def test_ci_judges_the_project(suite):
    run, states = suite.run("loopwright.ci")
    assert (run.state, states) == ("success", {"check_project": "success", "check_dags": "success"})
    assert suite.xcom(run, "check_dags")["verdict"]["outcome"] == "pass"
