"""A release that a person must allow: asked in Airflow, answered by its API, kept in the ledger."""

import threading
import time
from contextlib import contextmanager

import pytest

from loopwright.ledger.events import Kind
from loopwright.stages.release import record_approval, rehearse

pytestmark = pytest.mark.airflow


@contextmanager
def answering(api, option):
    """Answer the first question that waits, as a person does who takes a moment to read it."""
    seen = []

    def answer():
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not seen:
            time.sleep(0.3)
            found = api.get("/api/v2/dags/~/dagRuns/~/hitlDetails", params={"response_received": False}).json()
            for question in found["hitl_details"]:
                task = question["task_instance"]
                seen.append(question)
                api.patch(
                    f"/api/v2/dags/{task['dag_id']}/dagRuns/{task['dag_run_id']}/taskInstances/approve/-1/hitlDetails",
                    json={"chosen_options": [option], "params_input": {}},
                ).raise_for_status()

    person = threading.Thread(target=answer)
    person.start()
    yield seen
    person.join()


def candidate(suite, month):
    """Bring a version that waits for its release."""
    suite.arrive(month)
    suite.run("rides.ingest")
    chapter = suite.after("careful.train", reason="test", force=True)
    assert chapter.states["register"] == "success", chapter.results["gate"]
    return chapter.candidate("careful")


@pytest.fixture(scope="module")
def story(suite, api):
    """One release after the other: refused, approved, asked for elsewhere, approved elsewhere, rolled back."""
    careful, told = suite.toy.project.model("careful"), {}
    suite.arrive(1)
    told["versions"] = [candidate(suite, 2)]
    with answering(api, "Reject") as told["question"]:
        told["refused"] = suite.after("careful.release")
    told["versions"].append(candidate(suite, 3))
    with answering(api, "Approve"):
        told["approved"] = suite.after("careful.release")
    version = candidate(suite, 4)
    told["versions"].append(version)
    rehearse(suite.workspace, careful, version)
    record_approval(suite.workspace, careful, version, "asked", "run:another", "A person is asked.")
    told["asked elsewhere"] = suite.after("careful.release")
    record_approval(suite.workspace, careful, version, "given", "person:ada", "By the command line.")
    told["given elsewhere"] = suite.after("careful.release")
    told["rolled back"] = suite.after("careful.rollback", reason="the newer one is slow")
    return told


def test_a_refusal_is_kept_and_promotes_nothing(story):
    chapter = story["refused"]
    assert chapter.state == "success"
    assert chapter.states == {
        "reconcile": "success", "rehearse": "success", "ask": "success", "approve": "success", "record": "success",
        "promote": "skipped",
    }  # fmt: skip
    assert chapter.answers["careful"][-1] == (Kind.APPROVAL_REFUSED, "person:admin")
    assert chapter.champion("careful") is None


def test_the_question_shows_the_evidence_and_its_default_is_no(story):
    question = story["question"][0]
    assert question["subject"] == "Release careful?"
    assert "| threshold:roc_auc | pass |" in question["body"]
    assert question["defaults"] == ["Reject"]


def test_an_approval_promotes_and_says_who_gave_it(story):
    chapter = story["approved"]
    assert (chapter.state, chapter.states["record"], chapter.states["promote"]) == ("success", "success", "success")
    assert chapter.champion("careful") == story["versions"][1]
    assert chapter.answers["careful"][-1] == (Kind.APPROVAL_GIVEN, "person:admin")


def test_a_second_run_does_not_ask_while_another_waits(story):
    chapter = story["asked elsewhere"]
    assert (chapter.state, chapter.states["ask"]) == ("success", "success")
    assert chapter.states["approve"] == chapter.states["promote"] == "skipped"
    assert chapter.champion("careful") == story["versions"][1]


def test_what_was_approved_elsewhere_is_promoted_without_asking(story):
    chapter = story["given elsewhere"]
    assert chapter.state == "success"
    assert chapter.states["ask"] == chapter.states["approve"] == chapter.states["record"] == "skipped"
    assert chapter.states["promote"] == "success"
    assert chapter.champion("careful") == story["versions"][2]


def test_roll_back_returns_to_the_champion_before(story):
    chapter = story["rolled back"]
    assert (chapter.state, chapter.states) == ("success", {"roll_back": "success"})
    assert chapter.champion("careful") == story["versions"][1]
    assert chapter.events["careful/champion"][-1] == {"version": story["versions"][1], "action": "roll_back"}
