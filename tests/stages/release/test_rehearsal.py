"""A fresh process, for real: what loads there and what does not."""

from __future__ import annotations

import dataclasses
import json
import pickle

import pytest
from sklearn.dummy import DummyClassifier

from loopwright.errors import CannotRun, TrackingUnavailable, UnknownName
from loopwright.ledger.events import Kind
from loopwright.stages.release import rehearse
from loopwright.stages.release.rehearsal import judge
from loopwright.verdict import Outcome


def test_a_sound_version_passes_and_it_is_recorded(house):
    version = house.candidate()
    rehearsal = rehearse(house.workspace, house.model, version)
    assert rehearsal.verdict.passed
    assert rehearsal.figures["rows"] == 50
    assert rehearsal.figures["differ"] == 0
    assert house.state.version(version)["rehearsal"] == "pass"
    [event] = house.events(Kind.REHEARSED)
    assert event.evidence["verdict"] == rehearsal.verdict.to_dict()
    assert json.loads(json.dumps(rehearsal.to_dict()))["figures"] == rehearsal.figures


def test_other_answers_than_at_the_training_are_a_no(house):
    version = house.candidate(expected_shift=0.25)
    rehearsal = rehearse(house.workspace, house.model, version)
    assert rehearsal.verdict.refused
    assert rehearsal.figures["differ"] == 50
    assert rehearsal.figures["largest"] == pytest.approx(0.25)
    assert house.state.candidate is None
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


def test_a_model_that_only_works_where_it_was_made_is_a_no(house, by_value, monkeypatch):
    version = house.candidate(estimator=Raising())
    monkeypatch.setenv("REHEARSING", "1")
    rehearsal = rehearse(house.workspace, house.model, version)
    assert rehearsal.verdict.refused
    assert "I only work at home" in rehearsal.verdict.why()


def test_a_model_that_hangs_is_ended_with_all_that_it_started(house, by_value, monkeypatch, tmp_path):
    version = house.candidate(estimator=Hanging())
    monkeypatch.setenv("REHEARSING", str(tmp_path))
    with pytest.raises(CannotRun, match="took too long and was ended"):
        rehearse(house.workspace, house.model, version, timeout=12)
    assert house.events(Kind.REHEARSED) == []
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
    assert rehearse(house.workspace, house.model, version).verdict.passed
    seen = (tmp_path / "seen").read_text()
    assert "stdin is at its end" in seen
    assert house.workspace.tracking not in seen


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


def test_no_rows_to_ask_about_cannot_tell(house):
    version = house.candidate(kept_rows=0)
    rehearsal = rehearse(house.workspace, house.model, version)
    assert rehearsal.verdict.outcome is Outcome.INCONCLUSIVE
    assert house.state.candidate["version"] == version


def test_an_unknown_version(house):
    with pytest.raises(UnknownName, match="no version '3'"):
        rehearse(house.workspace, house.model, "3")


def test_judging_counts_rows():
    figures = {"rows": 10, "differ": 1, "largest": 0.5, "load_seconds": 1.0, "predict_seconds": 0.1}
    same = {check.name: check for check in judge({"figures": figures})}["same_answers"]
    assert same.outcome is Outcome.FAIL
    assert same.why == "9 of 10 rows got the answer they got at its training; the largest difference is 0.5"
