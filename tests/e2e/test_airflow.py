"""What only a running Airflow can show: nothing that arrives is lost, whatever is busy or down.

What is cleared runs again without doubling anything; and the verdicts are those of ``loopwright run``.
"""

import json
import os
import subprocess

import pytest

from loopwright.declaration import Workspace
from loopwright.ledger.events import Kind
from loopwright.ledger.store import Ledger
from loopwright.tracking import Tracking
from support import stranger
from support.story import FAULTY, MODELS, MONTHS, PARCELS_ONE_BY_ONE, UNLIKE, contents, declare
from support.told import told

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]


def test_whatever_arrives_is_ingested_in_order_without_a_nudge(turned):
    events = turned.ledger.events("dataset/rides", kinds=[Kind.BATCH_PUBLISHED, Kind.BATCH_QUARANTINED])
    assert [event.evidence["batch_id"] for event in events][:11] == MONTHS[:11]
    assert [e.evidence["batch_id"] for e in events if e.kind is Kind.BATCH_QUARANTINED] == [FAULTY]


def test_all_models_went_round(turned):
    for dataset, model in MODELS:
        state = turned.ledger.model(model)
        published = {batch["batch_id"] for batch in turned.ledger.dataset(dataset).published()}
        assert state.champion is not None, state.entries.get("last_verdict")
        assert set(state.under("scored")) == published
        learnt_from = {version: set(state.version(version)["batches"]) for version in state.under("version")}
        scored = state.under("scored").items()
        new_to_it = {batch for batch, said in scored if batch not in learnt_from[said["version"]]}
        assert set(state.under("monitored")) == new_to_it


def test_every_ledger_verifies(turned):
    ledger = turned.ledger
    assert {subject: ledger.verify(subject) for subject in ledger.subjects()} == {s: [] for s in ledger.subjects()}


def test_alias_follows_the_ledger(turned):
    for _, model in MODELS:
        assert Tracking.of(turned.workspace).alias_of(model, "champion") == turned.champion(model)


def test_what_is_cleared_runs_again_and_doubles_nothing(turned):
    before, api = contents(turned), turned.api
    stages = ("train", "release", "score", "monitor")
    for dag_id in ("rides.ingest", *(f"{model}.{stage}" for model in ("tips", "late_parcel") for stage in stages)):
        for run in [run for run in api.runs(dag_id) if run["state"] == "success"][:2]:
            tasks = {task["task_id"] for task in api.tasks(dag_id, run["dag_run_id"])}
            api.clear(dag_id, run["dag_run_id"], sorted(tasks))
        turned.await_quiet()  # Airflow's SQLite does not take a clear while it is busy
    assert contents(turned) == before


@pytest.fixture(scope="module")
def alone(one_by_one, tmp_path_factory):
    """The same months by the command line, from the same wheel."""
    project = tmp_path_factory.mktemp("alone")
    toy = declare(project)

    def typed(*arguments):
        command = [one_by_one.commands / "loopwright", *arguments, "--project", project, "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=own_environment())
        assert done.returncode in (0, 1), done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    stranger.arrive(project, *PARCELS_ONE_BY_ONE)
    typed("run", "late_parcel")
    toy.arrive(1)
    toy.arrive(2)
    typed("run", "tips")
    typed("run", "minutes")
    typed("train", "minutes", "--why", "a second one", "--params", '{"alpha": 2.0}')
    typed("run", "minutes")
    toy.arrive(3, **UNLIKE)
    typed("run", "tips")
    typed("run", "minutes")
    return Workspace.resolve(project, environ={})


def own_environment():
    ours = ("AIRFLOW", "LOOPWRIGHT", "MLFLOW_TR")
    return {key: value for key, value in os.environ.items() if not key.startswith(ours)}


@pytest.mark.parametrize(("dataset", "model"), MODELS)
def test_the_command_line_comes_to_the_same_decisions(one_by_one, alone, dataset, model):
    """Gate answers, monitor verdicts, requests and releases, each with what was observed."""
    here, there = told(Ledger.of(alone), dataset, model), one_by_one.kept["one by one"][dataset, model]
    assert {"gate_decided", "batch_monitored", "release_confirmed"} <= {word[0] for word in here}
    assert there == here


def test_the_third_month_was_worth_comparing(one_by_one):
    """It drifts, and makes the production of ``minutes`` worse: requests of both kinds are among what is compared."""
    kinds = {model: [word[0] for word in words] for (_, model), words in one_by_one.kept["one by one"].items()}
    assert "retrain_requested" in kinds["tips"]
    assert "rollback_requested" in kinds["minutes"]
