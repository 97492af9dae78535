"""A fresh process, for real: what loads there and what does not."""

from __future__ import annotations

import dataclasses
import json
import pickle
import sys

import pytest
from sklearn.dummy import DummyClassifier

from loopwright.declaration.release import Budget
from loopwright.errors import CannotRun, TrackingUnavailable, UnknownName
from loopwright.ledger.events import Kind
from loopwright.stages.release import fresh_process, rehearse, rehearsed_before
from loopwright.stages.release.rehearsal_judging import judge
from loopwright.verdict import Outcome


def test_a_sound_version_passes_and_it_is_recorded(house):
    version = house.candidate()
    rehearsal = rehearse(house.workspace, house.model, version)
    assert rehearsal.verdict.passed
    assert rehearsal.figures["rows"] == 50
    [golden] = [check for check in rehearsal.verdict.checks if check.name == "golden_sample"]
    training = house.state.training(house.state.version(version)["training_id"])
    assert golden.observed == training["verdict"]["digests"]["golden"]
    assert rehearsal.figures["differ"] == 0
    assert house.state.version(version)["rehearsal"] == "pass"
    [event] = house.events(Kind.REHEARSED)
    assert event.evidence["verdict"] == rehearsal.verdict.to_dict()
    assert json.loads(json.dumps(rehearsal.to_dict()))["figures"] == rehearsal.figures


def test_a_rehearsal_counts_while_nothing_that_it_rests_on_is_another(house, monkeypatch):
    version = house.candidate()
    assert rehearsed_before(house.workspace, house.model, version) is None
    held = rehearse(house.workspace, house.model, version)
    assert "sklearn" in held.figures["imports"]
    before = rehearsed_before(house.workspace, house.model, version)
    assert dataclasses.replace(before, held=None) == held
    assert before.held == house.events(Kind.REHEARSED)[0].at
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(sys, "path", [path for path in sys.path if "site-packages" not in path])
        assert rehearsed_before(house.workspace, house.model, version) is None
    house.toy.edit("include/models/tips/model.yaml", "monitor:", "release: {budget: {size_mb: 0.0001}}\nmonitor:")
    assert rehearsed_before(house.workspace, house.model, version) is None
    again = rehearse(house.workspace, house.model, version)
    assert again.verdict.refused
    assert again.figures["imports"] == held.figures["imports"]  # what was imported ahead is still what it wants
    assert rehearsed_before(house.workspace, house.model, version) is None
    assert house.state.refusals == 1


def test_other_answers_than_at_the_training_are_a_no(house):
    version = house.candidate(expected_shift=0.25)
    rehearsal = rehearse(house.workspace, house.model, version)
    assert rehearsal.verdict.refused
    assert rehearsal.figures["differ"] == 50
    assert rehearsal.figures["largest"] == pytest.approx(0.25)
    assert house.state.candidate is None
    assert house.state.version(version)["status"] == "rejected"


@pytest.mark.parametrize("name", ["rows", "expected"])
def test_a_golden_sample_that_was_changed_vouches_for_nothing(house, name):
    import pandas as pd

    version = house.candidate()
    [kept] = house.toy.path.rglob(f"rehearsal/{name}.parquet")
    pd.read_parquet(kept).iloc[::-1].to_parquet(kept)
    rehearsal = rehearse(house.workspace, house.model, version)
    [check] = rehearsal.verdict.checks
    assert (check.name, check.outcome) == ("golden_sample", Outcome.FAIL)
    assert "not those that were kept at its training" in rehearsal.verdict.why()
    assert house.state.version(version)["status"] == "rejected"


def test_a_changed_artifact_is_not_loaded(house, tmp_path):
    version = house.candidate()
    [estimator] = house.toy.path.rglob("estimator.pkl")
    mark = tmp_path / "mark"
    estimator.write_bytes(pickle.dumps(Planted(str(mark))))
    rehearsal = rehearse(house.workspace, house.model, version)
    assert rehearsal.verdict.outcome is Outcome.FAIL
    assert "not those that were judged" in rehearsal.verdict.why()
    assert not mark.exists()


class Planted:
    """Runs when it is unpickled."""

    def __init__(self, mark: str) -> None:
        self.mark = mark

    def __reduce__(self):
        return open, (self.mark, "w")


class Chatty(DummyClassifier):
    """Prints where the answer of the process goes."""

    def predict(self, features):
        import os
        import sys

        print('{"figures": "forged"}')
        os.write(1, b"noise")
        sys.stdout.flush()
        return super().predict(features)


class Raising(DummyClassifier):
    def predict_proba(self, features):
        import os

        if os.environ.get("REHEARSING"):
            raise ValueError("I only work at home")
        return super().predict_proba(features)


class Hanging(DummyClassifier):
    def predict(self, features):
        import os
        import subprocess
        import sys
        import time

        if os.environ.get("REHEARSING"):
            subprocess.Popen([sys.executable, "-c", f"import time; time.sleep(60) # {os.environ['REHEARSING']}"])
            time.sleep(60)
        return super().predict(features)


class Dying(DummyClassifier):
    def predict(self, features):
        import os

        if os.environ.get("REHEARSING"):
            os.write(2, b"postgresql://ada:s3cret@db/ledger is gone\n")
            os.kill(os.getpid(), 9)
        return super().predict(features)


class Curious(DummyClassifier):
    """Writes down what it finds in its own process."""

    def predict(self, features):
        import os
        import sys
        from pathlib import Path

        if os.environ.get("REHEARSING"):
            rest = "stdin is at its end" if not sys.stdin.read() else "more on stdin"
            Path(os.environ["REHEARSING"]).write_text(f"{rest} {sys.argv} {dict(os.environ)}")
        return super().predict(features)


@pytest.fixture(autouse=True)
def _let_known(monkeypatch):
    """Let the models of these tests read whether they are rehearsed."""
    monkeypatch.setenv(fresh_process.PASSED_AS_WELL, "REHEARSING")


@pytest.fixture
def by_value():
    """Pickle this module's classes whole, as a notebook's would be: the fresh process has no tests to import."""
    import sys

    import cloudpickle

    module = sys.modules[__name__]
    cloudpickle.register_pickle_by_value(module)
    yield
    cloudpickle.unregister_pickle_by_value(module)


@pytest.fixture
def rehearsing(monkeypatch, tmp_path):
    """Let the fresh process know that it is one."""
    monkeypatch.setenv("REHEARSING", str(tmp_path))
    return str(tmp_path)


def test_printing_does_not_spoil_the_answer(house, by_value):
    version = house.candidate(estimator=Chatty())
    assert rehearse(house.workspace, house.model, version).verdict.passed


class Flooding(DummyClassifier):
    """Prints more than anybody wants to keep."""

    def predict(self, features):
        import os

        if os.environ.get("REHEARSING"):
            for _ in range(64):
                os.write(2, b"x" * 1_000_000)
        return super().predict(features)


def test_a_model_that_prints_without_end_fills_no_memory_of_ours(house, by_value, rehearsing):
    import tracemalloc

    version = house.candidate(estimator=Flooding())
    tracemalloc.start()
    try:
        assert rehearse(house.workspace, house.model, version).verdict.passed
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()


def test_a_model_that_only_works_where_it_was_made_is_a_no(house, by_value, monkeypatch):
    version = house.candidate(estimator=Raising())
    monkeypatch.setenv("REHEARSING", "1")
    rehearsal = rehearse(house.workspace, house.model, version)
    assert rehearsal.verdict.refused
    assert "I only work at home" in rehearsal.verdict.why()


def test_a_model_that_hangs_is_ended_with_all_that_it_started(house, by_value, monkeypatch, tmp_path):
    version = house.candidate(estimator=Hanging())
    monkeypatch.setenv("REHEARSING", str(tmp_path))
    rehearsal = rehearse(house.workspace, house.model, version, timeout=12)
    assert rehearsal.verdict.refused
    assert "did not answer within 12 s and was ended" in rehearsal.verdict.why()
    assert house.state.version(version)["status"] == "rejected"
    assert _processes_that_say(str(tmp_path)) == []


def _processes_that_say(text: str) -> list[str]:
    from pathlib import Path

    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            said = path.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if f"# {text}" in said:
            found.append(said)
    return found


def test_a_process_that_dies_says_how_and_no_password(house, by_value, monkeypatch):
    version = house.candidate(estimator=Dying())
    monkeypatch.setenv("REHEARSING", "1")
    with pytest.raises(CannotRun, match="died with status -9") as caught:
        rehearse(house.workspace, house.model, version)
    assert "postgresql://ada:***@db/ledger" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert house.state.candidate["version"] == version


def test_a_process_of_a_model_is_given_no_address_and_no_login(house, by_value, tmp_path, monkeypatch):
    version = house.candidate(estimator=Curious())
    monkeypatch.setenv("REHEARSING", str(tmp_path / "seen"))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    assert rehearse(house.workspace, house.model, version).verdict.passed
    seen = (tmp_path / "seen").read_text()
    assert "stdin is at its end" in seen
    assert house.workspace.tracking not in seen
    assert "s3cret" not in seen


def test_a_process_of_a_model_has_what_libraries_need_and_no_secret_of_the_worker(monkeypatch):
    secrets = ("AWS_SECRET_ACCESS_KEY", "AIRFLOW__CORE__FERNET_KEY", "HOOK_SECRET", "HF_TOKEN", "TF_VAR_password")
    for name in secrets:
        monkeypatch.setenv(name, "s3cret")
    for name in ("OMP_NUM_THREADS", "LC_ALL", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "PYTHONHASHSEED"):
        monkeypatch.setenv(name, "0")
    passed = fresh_process._environment()
    assert "s3cret" not in passed.values()
    assert {"PATH", "OMP_NUM_THREADS", "LC_ALL", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "PYTHONHASHSEED"} <= {
        *passed
    }
    monkeypatch.setenv(fresh_process.PASSED_AS_WELL, "HOOK_SECRET, UNSET")
    passed = fresh_process._environment()
    assert (passed["HOOK_SECRET"], "HF_TOKEN" in passed, "UNSET" in passed) == ("s3cret", False, False)


def test_samples_that_are_gone_are_a_no(house):
    version = house.candidate()
    [sample] = house.toy.path.rglob("rehearsal/expected.parquet")
    sample.unlink()
    rehearsal = rehearse(house.workspace, house.model, version)
    assert rehearsal.verdict.refused
    assert "MLflow" in rehearsal.verdict.why()


def test_a_registry_that_cannot_be_reached_leaves_the_candidate_waiting(house):
    version = house.candidate()
    away = dataclasses.replace(house.workspace, tracking="http://localhost:1")
    with pytest.raises(TrackingUnavailable):
        rehearse(away, house.model, version)
    assert house.events(Kind.REHEARSED) == []
    assert house.state.candidate["version"] == version


class Crashing(DummyClassifier):
    def predict(self, features):
        import os

        if os.environ.get("REHEARSING"):
            os.write(2, b"a library of C is at its end\n")
            os.abort()
        return super().predict(features)


class Hungry(DummyClassifier):
    def predict(self, features):
        import os

        import numpy as np

        if os.environ.get("REHEARSING"):
            hoard = [np.ones(50_000_000) for _ in range(1000)]
            assert hoard
        return super().predict(features)


def test_a_model_that_takes_its_process_with_it_is_a_no(house, by_value, monkeypatch):
    version = house.candidate(estimator=Crashing())
    monkeypatch.setenv("REHEARSING", "1")
    rehearsal = rehearse(house.workspace, house.model, version)
    assert rehearsal.verdict.refused
    assert "took its process with it (SIGABRT)" in rehearsal.verdict.why()


class Boundless(DummyClassifier):
    def predict_proba(self, features):
        import os

        import numpy as np

        return super().predict_proba(features) + (np.inf if os.environ.get("REHEARSING") else 0)


def test_an_infinite_answer_is_another_and_a_no(house, by_value, monkeypatch):
    version = house.candidate(estimator=Boundless())
    monkeypatch.setenv("REHEARSING", "1")
    rehearsal = rehearse(house.workspace, house.model, version)
    assert rehearsal.verdict.refused
    assert "0 of 50 rows got the answer" in rehearsal.verdict.why()
    assert rehearsal.figures["largest"] is None


def test_a_model_that_eats_memory_is_a_no_and_takes_none_of_the_worker_s(house, by_value, monkeypatch):
    house.toy.edit(MODEL, "monitor:", "release: {budget: {memory_mb: 1500}}\nmonitor:")
    version = house.candidate(estimator=Hungry())
    monkeypatch.setenv("REHEARSING", "1")
    rehearsal = rehearse(house.workspace, house.model, version)
    assert rehearsal.verdict.refused
    assert "more memory than there is for it" in rehearsal.verdict.why()


def test_what_it_costs_is_measured_and_kept(house):
    version = house.candidate()
    rehearsal = rehearse(house.workspace, house.model, version)
    figures = rehearsal.figures
    assert 0 < figures["latency_p50_ms"] <= figures["latency_p95_ms"]
    assert figures["rows_per_second"] > 50
    assert 50 < figures["memory_mb"] < 2000
    assert 0 < figures["size_mb"] < 1
    assert house.state.version(version)["figures"] == figures


MODEL = "include/models/tips/model.yaml"


def test_no_rows_to_ask_about_cannot_tell(house):
    version = house.candidate(kept_rows=0)
    rehearsal = rehearse(house.workspace, house.model, version)
    assert rehearsal.verdict.outcome is Outcome.INCONCLUSIVE
    assert house.state.candidate["version"] == version


def test_an_unknown_version(house):
    with pytest.raises(UnknownName, match="no version '3'"):
        rehearse(house.workspace, house.model, "3")


FIGURES = {
    "rows": 10, "differ": 0, "largest": None, "load_seconds": 1.0, "predict_seconds": 0.1, "latency_p50_ms": 1.0,
    "latency_p95_ms": 2.0, "rows_per_second": 100.0, "memory_mb": 200.0, "size_mb": 1.0, "environment": [],
    "signature": [],
}  # fmt: skip


def checks(budget=None, champion=None, **figures):
    return {check.name: check for check in judge({"figures": {**FIGURES, **figures}}, budget, champion)}


@pytest.mark.parametrize(
    ("bound", "figure", "why"),
    [
        ({"latency_ms": 2.0}, {"latency_p95_ms": 2.5}, "2.5 ms for one row, nineteen times of twenty; at most 2 is"),
        ({"rows_per_second": 100}, {"rows_per_second": 99.0}, "99 rows a second; at least 100 is declared"),
        ({"memory_mb": 200}, {"memory_mb": 201.0}, "201 MB of memory at its peak; at most 200 is declared"),
        ({"size_mb": 1}, {"size_mb": 1.5}, "1.5 MB of files; at most 1 is declared"),
    ],
)
def test_a_figure_beyond_its_budget_is_a_no(bound, figure, why):
    [name] = bound
    assert checks(Budget(**bound))[name].outcome is Outcome.PASS
    assert not checks(**figure)[name].required
    check = checks(Budget(**bound), **figure)[name]
    assert (check.outcome, check.required) == (Outcome.FAIL, True)
    assert why in check.why


def test_figures_are_held_against_the_champion_s_where_that_is_declared():
    champion = {**FIGURES, "latency_p95_ms": 1.0, "rows_per_second": 300.0}
    assert not any(check.outcome is Outcome.FAIL for check in checks(None, champion).values())
    assert "the champion's were 1" in checks(None, champion)["latency_ms"].why
    fast = checks(None, {**champion, "rows_per_second": 8928.4})["rows_per_second"].why
    assert fast.endswith("the champion's were 8,928")
    held = checks(Budget(times_champion=1.5), champion)
    assert held["latency_ms"].outcome is held["rows_per_second"].outcome is Outcome.FAIL
    assert "at most 1.5 is allowed beside the champion" in held["latency_ms"].why
    assert "at least 200 is allowed beside the champion" in held["rows_per_second"].why
    assert held["memory_mb"].outcome is held["size_mb"].outcome is Outcome.PASS


def test_what_is_not_as_its_signature_says_is_a_no(tmp_path):
    import pandas as pd

    from loopwright.serving.signature import departures

    said = {"inputs": '[{"name": "a", "required": true}, {"name": "b", "required": false}]'}
    (tmp_path / "MLmodel").write_text(json.dumps({"signature": said | {"outputs": '[{"name": "p"}, {"name": "q"}]'}}))
    rows, answers = pd.DataFrame({"a": [1]}), pd.DataFrame({"p": [1], "q": [1]})
    assert departures(tmp_path, rows, answers) == []
    found = departures(tmp_path, rows.rename(columns={"a": "c"}), answers.rename(columns={"q": "r"}))
    assert found == ["it needs of the rows a", "it does not say that it gives r", "it does not give q"]
    assert checks()["signature"].outcome is Outcome.PASS
    check = checks(signature=found)["signature"]
    assert (check.outcome, check.required) == (Outcome.FAIL, True)
    assert check.why.startswith("by its signature it needs of the rows a; ")


def test_another_environment_is_said_and_decides_nothing():
    differing = [{"name": "numpy", "recorded": "2.0", "here": "2.1"}, {"name": "x", "recorded": "1", "here": None}]
    check = checks(environment=differing)["environment"]
    assert (check.outcome, check.required) == (Outcome.FAIL, False)
    assert check.why == "here is numpy 2.1 for 2.0, x not installed for 1"


def test_judging_counts_rows():
    figures = {**FIGURES, "differ": 1, "largest": 0.5}
    same = {check.name: check for check in judge({"figures": figures})}["same_answers"]
    assert same.outcome is Outcome.FAIL
    assert same.why == "9 of 10 rows got the answer they got at its training; the largest difference is 0.5"
