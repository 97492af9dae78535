"""The order of the batches under Airflow: none is published before an earlier one that is to be tried again."""

import pytest

from loopwright.errors import LakeUnavailable
from loopwright.ledger.events import Kind
from loopwright.stages.ingest import stage

pytestmark = pytest.mark.airflow


def test_a_batch_waits_for_an_earlier_one_that_could_not_run_and_is_tried_again(suite, monkeypatch):
    for month in (1, 2, 3):
        suite.arrive(month)
    attempts, really = [], stage.ingest_batch

    def ingest_batch(workspace, dataset, batch_id, **more):
        attempts.append(batch_id)
        if attempts.count("2024-01") == 1 and batch_id == "2024-01":
            raise LakeUnavailable("The lake does not answer.")
        return really(workspace, dataset, batch_id, **more)

    monkeypatch.setattr(stage, "ingest_batch", ingest_batch)
    run, states = suite.run("rides.ingest")
    assert (str(run.state), states["ingest[0]"], states["ingest[2]"]) == ("success", "success", "success")
    assert attempts == ["2024-01", "2024-01", "2024-02", "2024-03"]
    published = suite.ledger.events("dataset/rides", kinds=[Kind.BATCH_PUBLISHED])
    assert [event.evidence["batch_id"] for event in published] == ["2024-01", "2024-02", "2024-03"]


def test_train_follows_score_which_speaks_although_there_is_no_champion(suite):
    chapter = suite.after("tips.score")
    assert chapter.state == "success"
    assert (chapter.states["score"], chapter.states["announce"]) == ("skipped", "success")
    assert chapter.events["tips/predictions"] == [{"batch_ids": [], "batches": 0}]
