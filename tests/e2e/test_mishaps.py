"""Tasks that are cleared one by one, killed in the middle, or find MLflow gone: nothing is doubled, nothing is lost."""

import os
import signal

import httpx
import pytest

from loopwright.ledger.events import Kind
from support.story import BEFORE_BUSY, LATER, MONTHS, contents

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]


def run_of(story, dag_id, **conf):
    run_id = story.api.trigger(dag_id, **conf)
    return run_id, lambda: next(run["state"] for run in story.api.runs(dag_id) if run["dag_run_id"] == run_id)


def attempts(story, dag_id, run_id, task_id):
    return story.api.task(dag_id, run_id, task_id)["try_number"]


def kill_who_holds(story):
    """Kill the task that the team's code is held in, as an out-of-memory killer would; the next attempt passes."""
    story.api.until(lambda: bool(story.hold.read_text()), 120, lambda: "nothing came to the held code")
    pid = int(story.hold.read_text())
    story.hold.unlink()
    os.kill(pid, signal.SIGKILL)
    return pid


def await_end(story, state, seconds=180):
    story.api.until(lambda: state() in ("success", "failed"), seconds, lambda: f"the run is {state()}")
    return state()


@pytest.fixture(scope="module")
def cleared(turned):
    """A finished mapped ingest task, the second of a run of five, and a finished training: both cleared."""
    before, api = contents(turned), turned.api
    mapped = [
        (run["dag_run_id"], task["map_index"])
        for run in api.runs("rides.ingest")
        for task in api.tasks("rides.ingest", run["dag_run_id"])
        if task["task_id"] == "ingest" and task["state"] == "success"
    ]
    run_id, index = max(mapped, key=lambda found: found[1])
    api.clear("rides.ingest", run_id, [["ingest", index]])
    turned.await_quiet()
    trained = next(run["dag_run_id"] for run in api.runs("tips.train") if made_a_version(api, run))
    api.clear("tips.train", trained, ["train", "gate", "register"])
    turned.await_quiet()
    tasks = {task["task_id"]: (task["state"], task["try_number"]) for task in api.tasks("tips.train", trained)}
    ingest = next(t for t in api.tasks("rides.ingest", run_id) if (t["task_id"], t["map_index"]) == ("ingest", index))
    return {"index": index, "tasks": tasks, "ingest": ingest, "before": before, "after": contents(turned)}


def made_a_version(api, run):
    return any(
        task["task_id"] == "register" and task["state"] == "success"
        for task in api.tasks("tips.train", run["dag_run_id"])
    )


def test_one_finished_mapped_task_and_a_finished_training_are_cleared(cleared):
    assert cleared["index"] > 0
    assert (cleared["ingest"]["state"], cleared["ingest"]["try_number"]) == ("skipped", 2)  # it is published already
    assert cleared["tasks"] == {
        "decide": ("success", 1),
        **dict.fromkeys(("train", "gate", "register"), ("success", 2)),
    }
    assert cleared["after"] == cleared["before"]


@pytest.fixture(scope="module")
def killed(turned, cleared):
    """An ingest task and a training task, each killed in the middle of the team's own code."""
    turned.hold.touch()
    turned.arrive(LATER)
    ingest = kill_who_holds(turned)
    turned.await_handled(MONTHS)
    turned.await_quiet()
    versions = len(turned.ledger.model("tips").under("version"))
    turned.hold.touch()
    run_id, state = run_of(turned, "tips.train", reason="to be killed", force=True, params='{"C": 0.5}')
    train = kill_who_holds(turned)
    ended = await_end(turned, state)
    turned.await_quiet()
    return {"pids": {ingest, train}, "run": run_id, "ended": ended, "versions": versions}


def test_an_ingest_task_that_was_killed_tries_again_and_every_row_is_there_once(turned, killed):
    found = contents(turned)
    assert found["rows of rides"][MONTHS[LATER - 1]] == found["rows of rides"][MONTHS[BEFORE_BUSY - 1]] == 2000
    published = turned.ledger.events("dataset/rides", kinds=[Kind.BATCH_PUBLISHED])
    assert [event.evidence["batch_id"] for event in published].count(MONTHS[LATER - 1]) == 1


def test_a_training_that_was_killed_tries_again_and_makes_one_version_at_most(turned, killed):
    assert len(killed["pids"]) == 2
    assert attempts(turned, "tips.train", killed["run"], "train") == 2
    state = turned.ledger.model("tips")
    trainings = [one for one in state.under("training").values() if one["params"] == {"C": 0.5}]
    assert len(trainings) == 1
    assert trainings[0]["status"] in ("registered", "gate:fail", "gate:inconclusive")
    assert len(state.under("version")) - killed["versions"] == (trainings[0]["status"] == "registered")


def answers(url):
    try:
        return httpx.get(f"{url}/health", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def without_mlflow(turned, killed):
    """A training while MLflow's server is gone, which comes back then."""
    turned.stack.kill_part("mlflow")
    run_id, state = run_of(turned, "tips.train", reason="MLflow is away", force=True, params='{"C": 0.25}')
    failed = lambda: turned.api.task("tips.train", run_id, "train")["state"] == "up_for_retry"  # noqa: E731
    turned.api.until(failed, 120, lambda: "the training did not fail")
    log = turned.api.log("tips.train", run_id, "train")
    turned.stack.start_part("mlflow")
    turned.api.until(lambda: answers(turned.stack.mlflow_url), 120, lambda: "MLflow did not come back")
    await_end(turned, state)
    if turned.api.task("tips.train", run_id, "train")["state"] == "failed":
        # On a busy machine all attempts are over before the server is up: then a person clears what failed.
        turned.api.clear("tips.train", run_id, ["train", "gate", "register"])
        await_end(turned, state)
    turned.await_quiet()
    return {"run": run_id, "log": log}


def test_without_mlflow_a_task_says_what_where_and_how_to_mend_it(turned, without_mlflow):
    log = without_mlflow["log"]
    assert "MLflow" in log
    assert turned.stack.mlflow_url.removeprefix("http://") in log
    assert "mend:" in log


def test_when_mlflow_is_back_the_next_attempt_does_it(turned, without_mlflow):
    assert attempts(turned, "tips.train", without_mlflow["run"], "train") > 1
    trainings = [t for t in turned.ledger.model("tips").under("training").values() if t["params"] == {"C": 0.25}]
    assert [training["status"] in ("registered", "gate:fail", "gate:inconclusive") for training in trainings] == [True]
