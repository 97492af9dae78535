"""The train operators: what they ask of the stage, and how they act on its answer."""

from types import SimpleNamespace

import pytest
from airflow.sdk import DAG, Asset
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, DownstreamTasksSkipped

import loopwright.stages.train as stage
from loopwright.operators.train import (
    DecideTrainingOperator,
    GateCandidateOperator,
    RegisterCandidateOperator,
    TrainModelOperator,
)
from loopwright.verdict import Check, OnInconclusive, Outcome, Verdict
from support.airflow_context import context

CANDIDATE = Asset("loopwright://tips/candidate")


class Answer(SimpleNamespace):
    def to_dict(self):
        return {name: value for name, value in vars(self).items() if isinstance(value, str | bool)}


def decide(toy, monkeypatch, answer, **more):
    calls = []
    monkeypatch.setattr(stage, "decide_training", lambda workspace, model, **given: calls.append(given) or answer)
    with DAG("any", schedule=None):
        operator = DecideTrainingOperator(task_id="decide", model="tips", project=str(toy.path), **more)
        operator >> TrainModelOperator(task_id="train", model="tips", training_id="x")
    return operator, calls


def test_a_yes_returns_the_training(toy, monkeypatch):
    answer = Answer(train=True, training_id="t1", why="first model")
    operator, calls = decide(toy, monkeypatch, answer, reason="", force="False", parameters="")
    assert operator.execute(context(operator, run_type="asset_triggered")) == "t1"
    assert calls == [{"reason": None, "actor": "train", "params": None, "force": False}]


def test_a_persons_wish_is_passed_on_with_the_persons_name(toy, monkeypatch):
    answer = Answer(train=True, training_id="t1", why="a person")
    form = {"reason": "smaller", "force": "True", "parameters": '{"C": 1}'}
    operator, calls = decide(toy, monkeypatch, answer, **form)
    operator.execute(context(operator, person="ada"))
    assert calls == [{"reason": "smaller", "actor": "person:ada", "params": {"C": 1}, "force": True}]


def test_a_no_skips_the_rest_and_is_no_failure(toy, monkeypatch):
    operator, _ = decide(toy, monkeypatch, Answer(train=False, training_id=None, why="nothing new"))
    given = context(operator)
    with pytest.raises(DownstreamTasksSkipped) as skipped:
        operator.execute(given)
    assert list(skipped.value.tasks) == ["train"]
    assert given["ti"].pushed["result"]["why"] == "nothing new"


def judged(toy, monkeypatch, outcome, wish):
    verdict = Verdict("gate", "model/tips", (Check("auc", outcome, "0.61 of 0.6"),), wish)
    monkeypatch.setattr(stage, "judge_candidate", lambda *given: Answer(verdict=verdict, run_id="r"))
    operator = GateCandidateOperator(task_id="gate", model="tips", training_id="t1", project=str(toy.path))
    return operator.execute(context(operator))


def test_a_pass_and_an_ask_go_on(toy, monkeypatch):
    assert judged(toy, monkeypatch, Outcome.PASS, OnInconclusive.WAIT) == "pass"
    assert judged(toy, monkeypatch, Outcome.INCONCLUSIVE, OnInconclusive.ASK) == "inconclusive"


@pytest.mark.parametrize(
    ("outcome", "wish", "ending"),
    [
        (Outcome.INCONCLUSIVE, OnInconclusive.WAIT, AirflowSkipException),
        (Outcome.INCONCLUSIVE, OnInconclusive.REFUSE, AirflowFailException),
        (Outcome.FAIL, OnInconclusive.ASK, AirflowFailException),
    ],
)
def test_nothing_else_does(toy, monkeypatch, outcome, wish, ending):
    with pytest.raises(ending, match="gate:"):
        judged(toy, monkeypatch, outcome, wish)


def test_registering_says_the_version_in_the_event(toy, monkeypatch):
    monkeypatch.setattr(stage, "register_candidate", lambda *given: Answer(version="3", run_id="r"))
    operator = RegisterCandidateOperator(
        task_id="register", model="tips", training_id="t1", project=str(toy.path), outlets=[CANDIDATE]
    )
    given = context(operator)
    assert operator.execute(given) == "3"
    assert given["outlet_events"][CANDIDATE].extra == {"version": "3", "training_id": "t1"}
    assert given["ti"].pushed["result"]["model"] == "tips"
