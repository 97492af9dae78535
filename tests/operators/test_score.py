"""The score operators: which batches, and when there is nothing to do."""

from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

import loopwright.stages.score as stage
from loopwright.operators.score import ListUnscoredOperator, ScoreBatchOperator, ShadowBatchesOperator
from loopwright.stages.ingest.stage import ingest_batch
from loopwright.stages.score.shadowing import Shadowed
from support.airflow_context import context


def listed(toy, **form):
    operator = ListUnscoredOperator(task_id="list", model="tips", project=str(toy.path), **form)
    return operator.execute(context(operator))


def test_which_batches(toy, monkeypatch):
    monkeypatch.setattr(stage, "unscored", lambda workspace, model: ["2024-02"])
    for month in (1, 2):
        toy.arrive(month)
        ingest_batch(toy.workspace, toy.rides, f"2024-{month:02d}")
    assert listed(toy, batch_id="", force="False") == ["2024-02"]
    assert listed(toy, batch_id="2024-01", force="False") == ["2024-01"]
    assert listed(toy, batch_id="", force="True") == ["2024-01", "2024-02"]


def test_nothing_waits_and_the_rest_is_not_skipped_for_training_waits_for_its_word(toy):
    assert listed(toy, batch_id="", force="False") == []


def score(toy, monkeypatch, status):
    answer = SimpleNamespace(status=status, to_dict=lambda: {"status": status, "batch_id": "2024-01"})
    monkeypatch.setattr(stage, "score_batch", lambda workspace, model, batch_id, *, force: answer)
    operator = ScoreBatchOperator(task_id="score", model="tips", batch_id="2024-01", project=str(toy.path))
    return operator.execute(context(operator))


def test_the_challenger_answers_where_one_waits(toy, monkeypatch):
    waiting = ["2024-01", "2024-02"]
    answer = lambda batch: Shadowed("tips", batch, "2", 5, "shadowed", "it did")  # noqa: E731
    monkeypatch.setattr(stage, "unshadowed", lambda workspace, model: waiting)
    monkeypatch.setattr(stage, "shadow_batch", lambda workspace, model, batch: answer(batch))
    operator = ShadowBatchesOperator(task_id="shadow", model="tips", project=str(toy.path))
    assert operator.execute(context(operator)) == waiting
    waiting.clear()
    with pytest.raises(AirflowSkipException, match="No challenger"):
        operator.execute(context(operator))


def test_scored_and_unchanged(toy, monkeypatch):
    assert score(toy, monkeypatch, "scored") == "2024-01"
    with pytest.raises(AirflowSkipException, match="2024-01: unchanged"):
        score(toy, monkeypatch, "unchanged")


def test_without_a_champion_a_named_batch_fails_for_good(toy):
    operator = ScoreBatchOperator(task_id="score", model="tips", batch_id="2024-01", project=str(toy.path))
    with pytest.raises(AirflowFailException, match=r"(?s)no champion.*Release one first"):
        operator.execute(context(operator))
