"""Labels that come after their batches, in files of their own: by themselves they are news, once."""

from __future__ import annotations

import shutil

import pytest

from loopwright.ledger.events import Draft, Kind
from loopwright.stages.ingest.stage import ingest_batch
from loopwright.stages.train.deciding import decide_training
from loopwright.verdict import Check, Outcome, Verdict
from support import toy as toys

pytestmark = pytest.mark.airflow

LABELS = "labels: {arrivals: arrivals/tips/*.csv, complete_at: 80%}\nexpectations: null"


@pytest.fixture(scope="module")
def declared(suite):
    """The dataset ``late``, whose tips come later, and the model ``patient``, which learns from it."""
    include = suite.toy.path / "include"
    folders = {include / "datasets" / "late": "datasets/rides", include / "models" / "patient": "models/tips"}
    for folder, source in folders.items():
        shutil.copytree(include / source, folder)
    suite.toy.edit("include/datasets/late/dataset.yaml", "name: rides", f"name: late\n{LABELS}")
    suite.toy.edit("include/datasets/late/dataset.yaml", "arrivals/rides", "arrivals/late")
    suite.toy.edit("include/models/patient/model.yaml", "name: tips", "name: patient")
    suite.toy.edit("include/models/patient/model.yaml", "dataset: rides", "dataset: late")
    yield suite.toy.project.model("patient")
    for folder in folders:
        shutil.rmtree(folder)  # the project is other tests' as well


@pytest.fixture(scope="module")
def story(suite, declared):
    arrivals = suite.toy.path.__class__(suite.places["LOOPWRIGHT_ARRIVALS"]) / "arrivals"
    frames = {month: toys.rides(month, rows=60) for month in (1, 2, 3)}
    for folder in ("late", "tips"):
        (arrivals / folder).mkdir()
    for month, frame in frames.items():
        frame.drop(columns="tip").to_parquet(arrivals / "late" / f"2024-{month:02d}.parquet")
        ingest_batch(suite.workspace, suite.toy.project.dataset("late"), f"2024-{month:02d}")

    def labels(month, rows=60):
        frames[month][["ride_id", "tip"]].head(rows).to_csv(arrivals / "tips" / f"{month}.csv", index=False)

    def run():
        chapter = suite.after("late.ingest")
        chapter.told = suite.events("loopwright://late/batches")
        chapter.decision = decide_training(suite.workspace, declared)
        return chapter

    labels(1), labels(2), labels(3, rows=30)
    told = {"most labels": run()}
    cannot_tell = Verdict("gate", "model/patient", (Check("asked", Outcome.INCONCLUSIVE, "few rows"),))
    judged = {"training_id": told["most labels"].decision.training_id, "verdict": cannot_tell.to_dict()}
    judged |= {"run_id": "r", "artifact_digest": "d", "refused": False, "champion": None}
    suite.ledger.record("model/patient", Draft(Kind.GATE_DECIDED, "train", "few rows", judged))
    labels(3, rows=40)
    told["too few labels"] = run()
    labels(3)
    told["the last labels"] = run()
    return told


def test_labels_alone_are_told_of_in_the_event_that_batches_are(story):
    chapter = story["the last labels"]
    assert chapter.state == "success"
    assert chapter.states == {
        "list_arrivals": "success", "ingest": "skipped", "announce": "success", "fail_run": "skipped",
    }  # fmt: skip
    assert [told["labelled"] for told in chapter.told] == [["2024-01", "2024-02"], ["2024-03"]]


def test_they_reach_the_decision_which_says_so(story):
    assert story["most labels"].decision.holdout == ("2024-02",)
    decision = story["the last labels"].decision
    assert (decision.train, decision.batches, decision.holdout) == (True, ("2024-01", "2024-02"), ("2024-03",))
    assert "labels are final now of: 2024-03" in decision.why


def test_too_few_labels_are_no_news_and_no_reason(story):
    chapter = story["too few labels"]
    assert (chapter.state, chapter.states["announce"], len(chapter.told)) == ("success", "skipped", 1)
    assert chapter.decision.brakes == ("same_fingerprint",)


def test_score_and_by_it_train_follow_that_event(suite, declared):
    assert "loopwright://late/batches" in str(suite.dag("patient.score").timetable.asset_condition)
    assert "loopwright://patient/predictions" in str(suite.dag("patient.train").timetable.asset_condition)
