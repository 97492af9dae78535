"""A release that a person must allow: asked in Airflow, answered by its API, kept in the ledger."""

import threading
import time
from contextlib import contextmanager

import pytest

from loopwright.ledger.events import Kind
from loopwright.operators.base import RESULT

pytestmark = pytest.mark.airflow


@pytest.fixture(scope="module")
def api(airflow_database):
    """A person's browser, at the real API."""
    from airflow.api_fastapi.app import create_app, get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from starlette.testclient import TestClient

    with TestClient(create_app()) as client:
        token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username="admin", role="ADMIN"))
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


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
    run, states = suite.run("careful.train", reason="test", force=True)
    assert states["register"] == "success", suite.xcom(run, "gate", RESULT)
    return suite.ledger.model("careful").candidate["version"]


def answers(suite):
    kinds = [Kind.APPROVAL_ASKED, Kind.APPROVAL_GIVEN, Kind.APPROVAL_REFUSED]
    return [(event.kind, event.actor) for event in suite.ledger.events("model/careful", kinds=kinds)]


def test_a_refusal_is_kept_and_promotes_nothing(suite, api):
    suite.arrive(1)
    suite.run("rides.ingest")
    candidate(suite, 2)
    with answering(api, "Reject") as seen:
        run, states = suite.run("careful.release")
    assert run.state == "success"
    assert states == {
        "reconcile": "success", "rehearse": "success", "ask": "success", "approve": "success", "record": "success",
        "promote": "skipped",
    }  # fmt: skip
    assert seen[0]["subject"] == "Release careful?"
    assert "| threshold:roc_auc | pass |" in seen[0]["body"]
    assert seen[0]["defaults"] == ["Reject"]
    assert [kind for kind, _ in answers(suite)] == [Kind.APPROVAL_ASKED, Kind.APPROVAL_REFUSED]
    assert answers(suite)[-1][1] == "person:admin"
    assert suite.ledger.model("careful").champion is None


def test_an_approval_promotes_and_says_who_gave_it(suite, api):
    version = candidate(suite, 3)
    with answering(api, "Approve"):
        run, states = suite.run("careful.release")
    assert (run.state, states["record"], states["promote"]) == ("success", "success", "success")
    assert suite.ledger.model("careful").champion["version"] == version
    assert answers(suite)[-1] == (Kind.APPROVAL_GIVEN, "person:admin")


def test_a_second_run_does_not_ask_while_another_waits(suite):
    from loopwright.stages.release import record_approval, rehearse

    version = candidate(suite, 4)
    spec = suite.toy.project.model("careful")
    rehearse(suite.workspace, spec, version)
    record_approval(suite.workspace, spec, version, "asked", "run:another", "A person is asked.")
    run, states = suite.run("careful.release")
    assert (run.state, states["ask"], states["approve"], states["promote"]) == (
        "success", "success", "skipped", "skipped",
    )  # fmt: skip
    assert suite.ledger.model("careful").champion["version"] != version


def test_what_was_approved_elsewhere_is_promoted_without_asking(suite):
    from loopwright.stages.release import record_approval

    version = suite.ledger.model("careful").candidate["version"]
    record_approval(
        suite.workspace, suite.toy.project.model("careful"), version, "given", "person:ada", "By the command line."
    )
    run, states = suite.run("careful.release")
    assert (run.state, states["ask"], states["approve"], states["promote"]) == (
        "success", "skipped", "skipped", "success",
    )  # fmt: skip
    assert suite.ledger.model("careful").champion["version"] == version


def test_roll_back_returns_to_the_champion_before(suite):
    before = suite.ledger.model("careful").previous["version"]
    run, states = suite.run("careful.rollback", reason="the newer one is slow")
    assert (run.state, states) == ("success", {"roll_back": "success"})
    assert suite.ledger.model("careful").champion["version"] == before
    assert suite.events("loopwright://careful/champion")[-1] == {"version": before, "action": "roll_back"}
