"""Rows that were set aside: a person is asked in Airflow, answers by its API, and exactly that batch goes on."""

import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from loopwright.lake import Lake
from support.toy import rides

pytestmark = pytest.mark.airflow


@contextmanager
def answering(api, options):
    """Answer each question that waits by the batch that it is about."""
    seen, stop = {}, threading.Event()

    def answer():
        while not stop.wait(0.5) and len(seen) < len(options):
            found = api.get("/api/v2/dags/~/dagRuns/~/hitlDetails", params={"response_received": False}).json()
            for question in found["hitl_details"]:
                task = question["task_instance"]
                batch = question["subject"].split()[1].rstrip(":")
                if batch in seen or batch not in options:
                    continue
                seen[batch] = question
                where = f"{task['dag_id']}/dagRuns/{task['dag_run_id']}/taskInstances/{task['task_id']}"
                api.patch(
                    f"/api/v2/dags/{where}/{task['map_index']}/hitlDetails",
                    json={"chosen_options": [options[batch]], "params_input": {"why": "I asked the depot."}},
                ).raise_for_status()
                time.sleep(0.2)

    person = threading.Thread(target=answer)
    person.start()
    try:
        yield seen
    finally:
        stop.set()
        person.join()


@pytest.fixture(scope="module")
def story(suite, api):
    """Three months with bad rows: one too many to publish, and two that are published without them."""
    folder = Path(suite.places["LOOPWRIGHT_ARRIVALS"]) / "arrivals" / "returns"
    folder.mkdir(parents=True)
    for month, far in ((1, 50), (2, 3), (3, 2)):
        frame = rides(month, rows=200)
        frame.loc[: far - 1, "distance"] = -1.0
        frame.to_parquet(folder / f"2024-{month:02d}.parquet")
    told = {"ingest": suite.run("returns.ingest")}
    options = {"2024-01": "Release as it is", "2024-02": "Drop", "2024-03": "Leave where it is"}
    with answering(api, options) as told["questions"]:
        told["asked"] = suite.run("returns.quarantine")
    told["asked again"] = suite.run("returns.quarantine")
    told["events"] = suite.ledger.events("dataset/returns")
    return told


def test_ingest_says_that_rows_were_set_aside(story):
    _, states = story["ingest"]
    assert states["announce_quarantine"] == "success"


def test_each_question_shows_what_the_person_must_know(story):
    assert set(story["questions"]) == {"2024-01", "2024-02", "2024-03"}
    question = story["questions"]["2024-02"]
    assert question["subject"] == "returns 2024-02: what becomes of 3 rows?"
    assert "| 3 | expect_column_values_to_be_between(distance) |" in question["body"]
    assert question["defaults"] == ["Leave where it is"]


def test_what_the_person_said_is_done_and_recorded(story, suite):
    run, states = story["asked"]
    assert str(run.state) == "success", states
    said = {
        e.evidence["batch_id"]: (e.kind.value, e.actor, e.reason)
        for e in story["events"]
        if e.kind.value == "quarantine_ruled"
    }
    who = ("quarantine_ruled", "person:admin", "I asked the depot.")
    assert said == {"2024-01": who, "2024-02": who}
    lake = Lake.of(suite.workspace)
    assert {b: lake.batches("returns").count(b) for b in ("2024-01", "2024-02", "2024-03")} == {
        "2024-01": 200, "2024-02": 197, "2024-03": 198,
    }  # fmt: skip
    assert {b: lake.quarantine("returns").count(b) for b in ("2024-01", "2024-02", "2024-03")} == {
        "2024-01": 0, "2024-02": 0, "2024-03": 2,
    }  # fmt: skip
    assert states["announce"] == "success"
    assert suite.events("loopwright://returns/batches")[-1]["batch_ids"] == ["2024-01", "2024-02"]


def test_nobody_is_asked_the_same_twice(story):
    run, states = story["asked again"]
    assert str(run.state) == "success"
    assert states["ask"] == "success"
    assert states["announce"] == "skipped"
