"""One real Airflow, started as a team would start it, with the suite copied beside a project of its own.

What only a running scheduler, triggerer and executor can show: nothing that arrives is lost, whatever is busy or down;
what is cleared runs again without doubling anything; and the verdicts are those of ``loopwright run``.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from demo.airflow_api import AirflowApi
from demo.stack import REPOSITORY, Stack
from loopwright.declaration import Workspace
from loopwright.lake import Lake
from loopwright.ledger.events import Kind
from loopwright.ledger.store import Ledger
from support import toy as toys

pytestmark = pytest.mark.e2e
MONTHS = [f"2024-{month:02d}" for month in range(1, 12)]
ONE_BY_ONE, AT_ONCE, FAULTY = range(1, 4), range(4, 9), "2024-09"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("e2e")


@pytest.fixture(scope="module")
def stack(home):
    project = home / "project"
    toys.make(project)
    shutil.copytree(REPOSITORY / "dags", project / "dags")
    running = Stack(home / "stack", project=project, port=0, mlflow_port=0)
    running.home.mkdir()
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def api(stack):
    talking = AirflowApi(stack)
    talking.await_dags({"rides.ingest", "tips.train", "tips.release", "tips.score", "tips.monitor", "minutes.train"})
    assert talking.import_errors() == []
    return talking


@pytest.fixture(scope="module")
def workspace(stack):
    return Workspace.resolve(stack.project, environ=stack.env)


@pytest.fixture(scope="module")
def ledger(workspace):
    return Ledger.of(workspace)


def arrive(stack, month, **law):
    toys.Toy(stack.home).arrive(month, **law)


def handled(ledger):
    return sorted(ledger.dataset("rides").under("arrival"))


def await_handled(api, ledger, months, seconds=180):
    api.until(lambda: handled(ledger) == months, seconds, lambda: f"handled {handled(ledger)}, wanted {months}")
    api.await_quiet(300)


@pytest.fixture(scope="module")
def turned(stack, api, ledger):
    """All months arrived, each in its own unlucky way."""
    for month in ONE_BY_ONE:
        arrive(stack, month)
        await_handled(api, ledger, MONTHS[:month])
    for month in AT_ONCE:
        arrive(stack, month)
    await_handled(api, ledger, MONTHS[:8])
    stack.kill_part("triggerer")
    arrive(stack, 9, faults=True)
    stack.start_part("triggerer")
    await_handled(api, ledger, MONTHS[:9])
    arrive(stack, 10)
    api.until(lambda: bool(api.runs("rides.ingest", state="running")), 60, lambda: "no ingest run started")
    arrive(stack, 11)
    await_handled(api, ledger, MONTHS)
    return ledger


def test_whatever_arrives_is_ingested_in_order_without_a_nudge(turned):
    events = turned.events("dataset/rides", kinds=[Kind.BATCH_PUBLISHED, Kind.BATCH_QUARANTINED])
    assert [event.evidence["batch_id"] for event in events] == MONTHS
    assert [e.evidence["batch_id"] for e in events if e.kind is Kind.BATCH_QUARANTINED] == [FAULTY]


def test_both_models_went_round(turned):
    for model in ("tips", "minutes"):
        state = turned.model(model)
        assert state.champion is not None, state.entries.get("last_verdict")
        assert sorted(state.under("scored")) == [month for month in MONTHS if month != FAULTY]
    tips = turned.model("tips")
    learnt_from = {version: set(tips.version(version)["batches"]) for version in tips.under("version")}
    new_to_it = {batch for batch, said in tips.under("scored").items() if batch not in learnt_from[said["version"]]}
    assert set(tips.under("monitored")) == new_to_it


def test_every_ledger_verifies(turned):
    assert {subject: turned.verify(subject) for subject in turned.subjects()} == {s: [] for s in turned.subjects()}


def test_alias_follows_the_ledger(turned, workspace):
    from loopwright.tracking import Tracking

    for model in ("tips", "minutes"):
        assert Tracking.of(workspace).alias_of(model, "champion") == turned.model(model).champion["version"]


def test_what_is_cleared_runs_again_and_doubles_nothing(turned, api, workspace):
    before = contents(turned, workspace)
    for dag_id in ("rides.ingest", "tips.train", "tips.release", "tips.score", "tips.monitor"):
        for run in [run for run in api.runs(dag_id) if run["state"] == "success"][:2]:
            tasks = {task["task_id"] for task in api.tasks(dag_id, run["dag_run_id"])}
            api.clear(dag_id, run["dag_run_id"], sorted(tasks))
        api.await_quiet(300)
    assert contents(turned, workspace) == before


def contents(ledger, workspace):
    """What must not change when tasks run again: rows, versions, champions."""
    lake = Lake.of(workspace)
    published = [batch["batch_id"] for batch in ledger.dataset("rides").published()]
    return {
        "rows": {batch: lake.batches("rides").count(batch) for batch in published},
        "quarantined": lake.quarantine("rides").count(FAULTY),
        "predictions": {batch: lake.predictions("tips").count(batch) for batch in published},
        "champion": ledger.model("tips").champion["version"],
        "versions": sorted(ledger.model("tips").under("version")),
    }


@pytest.mark.parametrize("model", ["tips", "minutes"])
def test_the_command_line_comes_to_the_same_verdicts(turned, home, model):
    """Where Airflow saw the months one by one, the same questions were asked, and must have the same answers."""
    alone = toys.make(home / f"alone-{model}")
    for month in range(1, 12):
        alone.arrive(month, faults=MONTHS[month - 1] == FAULTY)
    command = [Path(sys.executable).with_name("loopwright"), "run", model, "--project", alone.path, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=own_environment())
    assert done.returncode == 1, done.stderr
    ledger = Ledger.of(alone.workspace)
    assert arrivals(ledger) == arrivals(turned)
    here, there = answers(ledger, model), answers(turned, model)
    one_by_one = [asked for asked in there if asked <= set(MONTHS[: ONE_BY_ONE[-1]])]
    assert one_by_one
    assert [here.get(asked) for asked in one_by_one] == [there[asked] for asked in one_by_one]


def own_environment():
    return {
        key: value for key, value in os.environ.items() if not key.startswith(("AIRFLOW", "LOOPWRIGHT", "MLFLOW_TR"))
    }


def arrivals(ledger):
    state = ledger.dataset("rides")
    return {
        batch: (entry["status"], (state.get(f"batch/{batch}") or {}).get("content_digest"))
        for batch, entry in state.under("arrival").items()
    }


def answers(ledger, model):
    """The gate's answers, check by check, by the batches that the question was about."""
    return {
        frozenset([*training["batches"], *training["holdout"]]): [
            (check["name"], check["outcome"], check["observed"]) for check in training["verdict"]["checks"]
        ]
        for training in ledger.model(model).under("training").values()
        if "verdict" in training
    }
