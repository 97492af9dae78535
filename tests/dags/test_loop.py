"""The whole loop through the shipped DAGs, by ``dag.test()``: arrivals in, a watched champion out.

One story is told once; each test looks at one chapter of it, in any order.
"""

import pytest

pytestmark = pytest.mark.airflow


TEAMS_OWN = """
from airflow.sdk import DAG
from loopwright.operators.ingest import ValidateDataOperator
from loopwright.operators.monitor import (
    ConcludeMonitoringOperator, DetectDriftOperator, MeasurePerformanceOperator,
)
from loopwright.sensors.arrival import BatchArrivalSensor

with DAG("team.watch", schedule=None, default_args={"dataset": "rides", "model": "tips", "batch_id": "2024-04"}):
    validate = ValidateDataOperator(task_id="validate")
    drift = DetectDriftOperator(task_id="drift", fail=False)
    performance = MeasurePerformanceOperator(task_id="performance", fail=False)
    conclude = ConcludeMonitoringOperator(task_id="conclude", drift=drift.output, performance=performance.output)
    validate >> drift
    BatchArrivalSensor(task_id="wait", deferrable=True, stable_for=0.1, poke_interval=0.1, timeout=60)
"""


@pytest.fixture(scope="module")
def story(suite):
    told = {"nothing waits": suite.after("rides.ingest")}
    for month in (3, 1, 2):
        suite.arrive(month, faults=month == 2)
    told["three arrive"] = suite.after("rides.ingest")
    told["nothing new"] = suite.after("rides.ingest")
    told["one again"] = suite.after("rides.ingest", batch_id="2024-01", force=True)
    told["one unknown"] = suite.after("rides.ingest", batch_id="2024-99")
    told["first training"] = suite.after("tips.train")
    told["no reason"] = suite.after("tips.train")
    told["release"] = suite.after("tips.release")
    told["no candidate"] = suite.after("tips.release")
    told["score"] = suite.after("tips.score")
    told["all scored"] = suite.after("tips.score")
    told["monitor"] = suite.after("tips.monitor")
    suite.arrive(4, shift=2.0)
    told["a shifted month"] = suite.after("rides.ingest")
    told["score it"] = suite.after("tips.score")
    told["drift"] = suite.after("tips.monitor")
    (suite.toy.path / "dags" / "watch.py").write_text(TEAMS_OWN)
    suite.arrive(5)
    told["a team's own"] = suite.after("team.watch")
    told["a worse one"] = suite.after("tips.train", reason="a try", force=True, params='{"C": 1e-9}')
    told["no json"] = suite.after("tips.train", reason="a try", params="C is 3")
    told["roll back"] = suite.after("tips.rollback", reason="it looks odd")
    told["ci"] = suite.after("loopwright.ci")
    told["clean"] = suite.after("loopwright.clean", dry_run=True)
    return told


def test_nothing_waits_and_nothing_more_is_run(story):
    chapter = story["nothing waits"]
    assert chapter.state == "success"
    assert chapter.states == {
        "list_arrivals": "success", "ingest": "skipped", "announce": "skipped", "fail_run": "skipped",
    }  # fmt: skip


def test_ingest_publishes_in_order_and_one_bad_batch_fails_itself_only(story):
    chapter = story["three arrive"]
    assert chapter.state == "failed"
    assert chapter.states == {
        "list_arrivals": "success", "ingest[0]": "success", "ingest[1]": "failed", "ingest[2]": "success",
        "announce": "success", "fail_run": "failed",
    }  # fmt: skip
    assert chapter.tries["ingest"] == 1
    assert chapter.published == ["2024-01", "2024-03"]
    assert chapter.events["rides/batches"] == [{"batch_ids": ["2024-01", "2024-03"], "batches": 2}]


def test_what_was_handled_is_not_handled_again(story):
    chapter = story["nothing new"]
    assert (chapter.state, chapter.states["ingest"]) == ("success", "skipped")
    assert len(chapter.events["rides/batches"]) == 1


def test_the_form_narrows_to_a_batch_and_forces_it(story):
    chapter = story["one again"]
    assert (chapter.state, chapter.states["ingest[0]"]) == ("success", "success")
    assert "ingest[1]" not in chapter.states


def test_a_batch_that_never_arrived_fails_without_a_retry(story):
    chapter = story["one unknown"]
    assert (chapter.state, chapter.states["list_arrivals"], chapter.tries["list_arrivals"]) == ("failed", "failed", 1)


def test_train_makes_a_candidate_where_there_is_a_reason(story):
    chapter = story["first training"]
    assert chapter.state == "success"
    assert chapter.states == {"decide": "success", "train": "success", "gate": "success", "register": "success"}
    assert chapter.candidate("tips") == "1"
    assert [event["version"] for event in chapter.events["tips/candidate"]] == ["1"]
    assert chapter.results["gate"]["verdict"]["outcome"] == "pass"


def test_train_records_a_no_and_skips_the_rest(story):
    chapter = story["no reason"]
    assert chapter.state == "success"
    assert chapter.states == {"decide": "success", "train": "skipped", "gate": "skipped", "register": "skipped"}
    assert chapter.results["decide"]["train"] is False
    assert len(chapter.events["tips/candidate"]) == 1


def test_release_rehearses_and_promotes(story):
    chapter = story["release"]
    assert chapter.state == "success"
    assert chapter.states == {"reconcile": "success", "rehearse": "success", "promote": "success"}
    assert chapter.champion("tips") == "1"
    assert chapter.events["tips/champion"] == [{"version": "1", "action": "promote"}]


def test_release_without_a_candidate_does_nothing(story):
    chapter = story["no candidate"]
    assert chapter.state == "success"
    assert chapter.states == {"reconcile": "success", "rehearse": "skipped", "promote": "skipped"}
    assert len(chapter.events["tips/champion"]) == 1


def test_score_writes_what_the_champion_says_of_every_batch(story):
    chapter = story["score"]
    assert chapter.state == "success"
    assert chapter.states["score[0]"] == chapter.states["score[1]"] == chapter.states["announce"] == "success"
    assert sorted(chapter.models["tips"].under("scored")) == ["2024-01", "2024-03"]
    assert chapter.events["tips/predictions"] == [{"batch_ids": ["2024-01", "2024-03"], "batches": 2}]
    assert story["all scored"].states["score"] == "skipped"


def test_monitor_looks_at_the_scored_batches_that_were_not_learnt_from(story):
    chapter = story["monitor"]
    assert chapter.state == "success"
    assert chapter.states["monitor[0]"] in {"success", "skipped"}
    assert chapter.states["request_training"] == chapter.states["request_rollback"] == "skipped"
    assert sorted(chapter.models["tips"].under("monitored")) == ["2024-03"]


def test_drift_fails_its_task_and_asks_for_a_training(story):
    chapter = story["drift"]
    assert chapter.state == "failed"
    assert chapter.states["monitor[0]"] == "failed"
    assert chapter.states["request_training"] == "success"
    assert chapter.states["request_rollback"] == "skipped"
    assert chapter.events["tips/request"] == [{"because": "drift", "version": "1", "batch_id": "2024-04"}]
    assert chapter.models["tips"].request("retrain")


def test_single_operators_in_a_teams_own_dag_come_to_the_same(story):
    chapter = story["a team's own"]
    assert chapter.states == {
        "validate": "success", "drift": "success", "performance": "success", "conclude": "failed", "wait": "success",
    }  # fmt: skip
    assert chapter.results["conclude"]["verdict"] == story["drift"].models["tips"].get("monitored/2024-04")["verdict"]
    assert len(chapter.events["tips/request"]) == 1


def test_a_worse_candidate_is_refused_and_fails_for_good(story):
    chapter = story["a worse one"]
    assert chapter.state == "failed"
    assert chapter.states == {
        "decide": "success", "train": "success", "gate": "failed", "register": "upstream_failed",
    }  # fmt: skip
    assert chapter.tries["gate"] == 1
    assert chapter.results["gate"]["verdict"]["outcome"] == "fail"
    assert chapter.champion("tips") == "1"


def test_parameters_that_are_no_json_fail_for_good(story):
    chapter = story["no json"]
    assert (chapter.state, chapter.states["decide"], chapter.tries["decide"]) == ("failed", "failed", 1)


def test_a_first_champion_has_nothing_to_roll_back_to(story):
    chapter = story["roll back"]
    assert (chapter.state, chapter.states, chapter.tries["roll_back"]) == ("failed", {"roll_back": "failed"}, 1)
    assert chapter.champion("tips") == "1"


def test_ci_judges_the_project(story):
    chapter = story["ci"]
    assert (chapter.state, chapter.states) == ("success", {"check_project": "success", "check_dags": "success"})
    assert chapter.results["check_dags"]["verdict"]["outcome"] == "pass"


def test_a_clean_up_says_what_would_go(story):
    chapter = story["clean"]
    assert (chapter.state, chapter.states) == ("success", {"clean": "success"})
    result = chapter.results["clean"]
    assert (result["dry_run"], result["versions"]["tips"]) == (True, [])
