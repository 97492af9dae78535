from __future__ import annotations

import math
import signal
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest

from loopwright.errors import TrackingUnavailable, UnknownName
from loopwright.tracking import Tracking
from loopwright.tracking.faults import TrackingRefused


def status(tracking: Tracking, run_id: str) -> str:
    return tracking._client.get_run(run_id).info.status


@pytest.fixture
def run_id(tracking: Tracking) -> str:
    with tracking.run("tips", key="k", name="fit") as run_id:
        pass
    return run_id


def test_a_run_is_active_while_it_lasts_and_finished_after(tracking):
    with tracking.run("tips", key="k", name="fit", tags={"owner": "ada"}) as run_id:
        assert mlflow.active_run().info.run_id == run_id
        assert tracking.run_of("tips", "k") is None
        mlflow.log_metric("by_hand", 1.0)  # user code's own calls land in the run
    assert mlflow.active_run() is None
    run = tracking._client.get_run(run_id)
    assert (run.info.status, run.info.run_name, run.data.tags["owner"]) == ("FINISHED", "fit", "ada")
    assert run.data.metrics == {"by_hand": 1.0}
    assert run.info.experiment_id == tracking.experiment("tips")
    assert tracking.run_of("tips", "k") == run_id


def test_artifacts_lie_beside_the_database(tracking, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with tracking.run("tips", key="k", name="fit") as run_id:
        tracking.log_json(run_id, "verdict.json", {"outcome": "pass"})
    kept = tmp_path / "artifacts" / "tips" / run_id / "artifacts" / "verdict.json"
    assert kept.is_file()
    assert tracking.place_of(run_id, "verdict.json") == str(kept)
    assert not (tmp_path / "mlruns").exists()


def test_only_this_key_and_model_are_found(tracking, run_id):
    assert tracking.run_of("tips", "other") is None
    assert tracking.run_of("minutes", "k") is None


def test_a_failed_run_is_marked_and_its_error_comes_through(tracking):
    with pytest.raises(ZeroDivisionError, match="mine"), tracking.run("tips", key="k", name="fit") as run_id:
        raise ZeroDivisionError("mine")
    assert status(tracking, run_id) == "FAILED"
    assert mlflow.active_run() is None
    assert tracking.run_of("tips", "k") is None


@pytest.fixture
def goes_away(monkeypatch):
    """Make MLflow unreachable at the end of a run."""

    def gone(*_: object) -> None:
        raise OSError("connection refused")

    return lambda: monkeypatch.setattr(mlflow.MlflowClient, "set_terminated", gone)


def fail_after(before, tracking: Tracking) -> None:
    """Do something in a run, then fail in it."""
    with tracking.run("tips", key="k", name="fit"):
        before()
        raise ZeroDivisionError("mine")


def of_status(tracking: Tracking, wanted: str) -> int:
    """How many runs of the key are so."""
    return len(tracking._runs(tracking.experiment("tips"), "k", wanted))


def test_when_mlflow_goes_away_too_the_first_error_comes_through(tracking, goes_away):
    with pytest.raises(ZeroDivisionError, match="mine"):
        fail_after(goes_away, tracking)
    assert of_status(tracking, "RUNNING") == 1
    assert mlflow.active_run() is None


def test_when_mlflow_goes_away_a_run_is_not_finished(tracking, goes_away):
    with (
        pytest.raises(TrackingUnavailable, match="connection refused"),
        tracking.run("tips", key="k", name="fit") as run_id,
    ):
        goes_away()
    assert status(tracking, run_id) == "RUNNING"
    assert tracking.run_of("tips", "k") is None


KILLED = """
import os, signal, sys
from loopwright.tracking import Tracking

with Tracking(sys.argv[1]).run("tips", key="k", name="fit") as run_id:
    print(run_id, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_run_is_replaced(tracking):
    dead = subprocess.run([sys.executable, "-c", KILLED, tracking.uri], capture_output=True, text=True, check=False)
    assert dead.returncode == -signal.SIGKILL
    assert status(tracking, dead.stdout.strip()) == "RUNNING"
    with tracking.run("tips", key="other", name="fit"):
        assert status(tracking, dead.stdout.strip()) == "RUNNING"  # none of its business
    with tracking.run("tips", key="k", name="fit") as run_id:
        pass
    assert status(tracking, dead.stdout.strip()) == "KILLED"
    assert tracking.run_of("tips", "k") == run_id


def test_runs_nest(tracking):
    with tracking.run("tips", key="k", name="tune") as parent:
        with tracking.run("tips", key="k/0", name="trial", parent=parent) as child:
            assert mlflow.active_run().info.run_id == child
        assert mlflow.active_run().info.run_id == parent
    assert tracking._client.get_run(child).data.tags["mlflow.parentRunId"] == parent
    assert (status(tracking, parent), status(tracking, child)) == ("FINISHED", "FINISHED")


def test_a_failed_trial_leaves_its_parent_running(tracking):
    with tracking.run("tips", key="k", name="tune") as parent:
        with (
            pytest.raises(ZeroDivisionError, match="mine"),
            tracking.run("tips", key="k/0", name="trial", parent=parent) as child,
        ):
            raise ZeroDivisionError("mine")
        assert status(tracking, parent) == "RUNNING"
    assert (status(tracking, parent), status(tracking, child)) == ("FINISHED", "FAILED")


def test_user_code_may_leave_runs_open(tracking):
    with tracking.run("tips", key="open", name="fit") as ours:
        theirs = mlflow.start_run(nested=True).info.run_id
    assert mlflow.active_run() is None
    assert (status(tracking, ours), status(tracking, theirs)) == ("FINISHED", "FINISHED")


def test_user_code_may_end_our_run(tracking):
    with pytest.raises(ZeroDivisionError, match="mine"):
        fail_after(mlflow.end_run, tracking)
    assert of_status(tracking, "FAILED") == 1


def test_user_code_may_set_an_experiment_of_its_own(tracking):
    with tracking.run("tips", key="k", name="fit"):
        mlflow.set_experiment("elsewhere")
    with tracking.run("tips", key="l", name="fit") as run_id:
        assert mlflow.active_run().info.run_id == run_id


def test_two_stores_in_one_process_are_not_mixed_up(tracking, tmp_path):
    other = Tracking(f"sqlite:///{tmp_path / 'other.db'}")
    for name in ("first", "second"):
        other.experiment(name)  # the same experiment has another id there
    for store in (tracking, other, tracking):
        with store.run("tips", key="k", name="fit") as run_id:
            mlflow.log_metric("x", 1.0)
        assert store._client.get_run(run_id).data.metrics == {"x": 1.0}


# Logging.


def test_many_values_are_logged(tracking, run_id):
    tracking.log_params(run_id, {f"p{n}": n for n in range(150)} | {"none": None, "list": [1, 2]})
    tracking.log_metrics(run_id, {f"m{n}": n / 2 for n in range(150)} | {"nan": math.nan})
    tracking.log_tags(run_id, {f"t{n}": n for n in range(150)})
    data = tracking._client.get_run(run_id).data
    assert (data.params["p149"], data.params["none"], data.params["list"]) == ("149", "None", "[1, 2]")
    assert (data.metrics["m149"], math.isnan(data.metrics["nan"]), data.tags["t149"]) == (74.5, True, "149")


def test_nothing_is_logged_without_a_request(tracking, run_id, monkeypatch):
    monkeypatch.setattr(tracking._client, "log_batch", None)
    tracking.log_params(run_id, {})
    tracking.log_metrics(run_id, {})
    tracking.log_tags(run_id, {})


def test_steps_make_a_curve(tracking, run_id):
    for step, value in enumerate([0.5, 0.7]):
        tracking.log_metrics(run_id, {"auc": value}, step=step)
    history = tracking._client.get_metric_history(run_id, "auc")
    assert [(point.step, point.value) for point in history] == [(0, 0.5), (1, 0.7)]


def test_a_changed_parameter_is_refused(tracking, run_id):
    tracking.log_params(run_id, {"depth": 3})
    with pytest.raises(TrackingRefused, match="depth"):
        tracking.log_params(run_id, {"depth": 4})


def test_files_and_folders_come_back(tracking, run_id, tmp_path):
    (tmp_path / "sent" / "deep").mkdir(parents=True)
    (tmp_path / "sent" / "deep" / "a.txt").write_text("a")
    tracking.log_folder(run_id, tmp_path / "sent", "reference")
    tracking.log_file(run_id, tmp_path / "sent" / "deep" / "a.txt", "single")
    tracking.log_json(run_id, "monitor/é.json", {"share": 0.5, "none": None})
    into = tmp_path / "not" / "there" / "yet"
    assert (tracking.download(run_id, "reference", into) / "deep" / "a.txt").read_text() == "a"
    assert tracking.download(run_id, "single/a.txt", into).read_text() == "a"
    assert tracking.read_json(run_id, "monitor/é.json") == {"share": 0.5, "none": None}


def test_what_is_not_there_is_named(tracking, run_id, tmp_path):
    with pytest.raises(UnknownName, match=r"no such thing(.|\n)*nothing.json"):
        tracking.read_json(run_id, "nothing.json")
    with pytest.raises(UnknownName, match="no such thing"):
        tracking.download("f" * 32, "verdict.json", Path(tmp_path))


def test_a_dataset_keeps_its_version_even_the_first(tracking, run_id):
    for version in (0, 1):
        tracking.log_dataset(
            run_id, name="rides", digest="d" * 64, source=f"/lake/{version}", version=version, context="training"
        )
    inputs = tracking._client.get_run(run_id).inputs.dataset_inputs
    found = {logged.dataset.name: (logged.dataset.source, logged.tags[0].value) for logged in inputs}
    assert found == {
        "rides@0": ('{"path": "/lake/0", "delta_table_version": 0}', "training"),
        "rides@1": ('{"path": "/lake/1", "delta_table_version": 1}', "training"),
    }


# Experiments.


def test_an_experiment_is_made_once(tracking):
    assert tracking.experiment("tips") == tracking.experiment("tips")
    assert tracking.experiment("tips") != tracking.experiment("minutes")


def test_losing_the_race_for_an_experiment_is_no_error(tracking, monkeypatch):
    made = tracking.experiment("tips")
    answers = iter([None])
    real = tracking._experiment
    monkeypatch.setattr(tracking, "_experiment", lambda model: next(answers, real(model)))
    assert tracking.experiment("tips") == made


def test_a_deleted_experiment_is_not_made_again_behind_its_owners_back(tracking):
    tracking._client.delete_experiment(tracking.experiment("tips"))
    with pytest.raises(TrackingUnavailable, match=r"deleted in MLflow(.|\n)*restore --experiment-id 1"):
        tracking.experiment("tips")
