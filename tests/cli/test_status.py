"""How everything stands, also where a number is missing."""

import pytest

from loopwright.declaration import Project
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.stages.release import record_approval


@pytest.fixture
def unmeasured(toy):
    """A version that the gate could not measure and a person let pass."""
    evidence = {
        "training_id": "t", "version": "1", "run_id": "r", "artifact_digest": "a", "source": "models:/m-1",
        "primary": {"metric": "roc_auc", "value": None}, "batches": [], "holdout": [], "ask": True,
    }  # fmt: skip
    Ledger.of(toy.workspace).record("model/tips", Draft(Kind.CANDIDATE_REGISTERED, "train", "It is new.", evidence))
    return toy


@pytest.mark.parametrize("asked", [["tips"], []])
def test_a_version_without_a_value_of_its_metric_is_told(loopwright, unmeasured, asked):
    released = {"version": "1", "previous": None, "action": "promote"}
    Ledger.of(unmeasured.workspace).record("model/tips", Draft(Kind.RELEASE_CONFIRMED, "release", "Out.", released))
    answer = loopwright("status", *asked, "--project", unmeasured.path)
    assert answer.status == 0, answer.err
    assert "roc_auc unknown" in answer.out


def test_a_candidate_without_a_value_of_its_metric_is_told(loopwright, unmeasured):
    answer = loopwright("status", "tips", "--project", unmeasured.path)
    assert answer.status == 0, answer.err
    assert "version 1, roc_auc unknown at the gate" in answer.out


def test_one_look_says_who_waits_for_what_and_who_needs_a_person(loopwright, unmeasured):
    answer = loopwright("status", "--project", unmeasured.path)
    row = next(line for line in answer.out.splitlines() if line.startswith("tips"))
    assert "version 1" in row
    needed = "1 of 2 models needs you: tips; 1 of 1 dataset needs you: rides"  # no folder of arrivals yet
    assert answer.out.splitlines()[-1] == needed
    released = {"version": "1", "previous": None, "action": "promote"}
    Ledger.of(unmeasured.workspace).record("model/tips", Draft(Kind.RELEASE_CONFIRMED, "release", "Out.", released))
    (unmeasured.path / "arrivals/rides").mkdir(parents=True)
    assert loopwright("status", "--project", unmeasured.path).out.splitlines()[-1] == "Nobody needs you."


@pytest.mark.parametrize("asked", [["tips"], []])
def test_a_yes_that_the_next_run_acts_on_is_told(loopwright, unmeasured, asked):
    assert ", approved" not in loopwright("status", *asked, "--project", unmeasured.path).out
    model = Project.at(unmeasured.path).model("tips")
    record_approval(unmeasured.workspace, model, "1", "given", "person:ada", "Fine.")
    out = loopwright("status", *asked, "--project", unmeasured.path).out
    assert ", approved" in next(line for line in out.splitlines() if "version 1" in line)


@pytest.mark.parametrize("asked", [["tips"], []])
def test_what_was_taken_over_was_measured_at_its_adoption(loopwright, toy, asked):
    ledger = Ledger.of(toy.workspace)
    evidence = {
        "training_id": "t", "version": "1", "run_id": "r", "artifact_digest": "a", "source": "models:/m-1",
        "primary": {"metric": "roc_auc", "value": 0.8}, "batches": [], "holdout": [], "adopted_from": "models:/old/1",
    }  # fmt: skip
    ledger.record("model/tips", Draft(Kind.VERSION_ADOPTED, "person:ada", "We had it.", evidence))
    released = {"version": "1", "previous": None, "action": "adopt"}
    ledger.record("model/tips", Draft(Kind.RELEASE_CONFIRMED, "release", "Out.", released))
    out = loopwright("status", *asked, "--project", toy.path).out
    assert "roc_auc 0.8 at its adoption" in out
    assert "0.8 at the gate" not in out


def test_where_there_was_no_ledger_it_says_so_once(loopwright, tmp_path):
    place = f"sqlite:///{tmp_path}/mistyped/ledger.db"
    assert "There was no ledger yet" in loopwright("status", "--ledger", place).out
    assert "There was no ledger yet" not in loopwright("status", "--ledger", place).out
