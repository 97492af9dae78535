"""The monitor operators: one task for the suite, single ones for a team's own DAG, to the same end."""

from types import SimpleNamespace

import pytest
from airflow.sdk import Asset
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

import loopwright.stages.monitor as stage
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.operators.monitor import (
    AnnounceRequestOperator,
    ConcludeMonitoringOperator,
    DetectDriftOperator,
    ListUnmonitoredOperator,
    MeasurePerformanceOperator,
    MonitorBatchOperator,
)
from loopwright.verdict import Check, Outcome, Verdict
from support.airflow_context import context


class Report(SimpleNamespace):
    @classmethod
    def from_dict(cls, raw):
        return cls(**raw)

    def to_dict(self):
        return dict(vars(self))


@pytest.fixture
def concluded(monkeypatch):
    """What was concluded from which reports."""
    calls = []
    verdict = Verdict("monitor", "model/tips", (Check("drift", Outcome.FAIL, "3 of 4 columns drifted"),))

    def conclude(workspace, model, batch_id, drift, performance):
        calls.append((batch_id, drift, performance))
        raw = {"batch_id": batch_id, "request": "retrain", "verdict": verdict.to_dict()}
        return SimpleNamespace(verdict=verdict, to_dict=lambda: raw)

    drifted = Report(version="1", outcome=Outcome.FAIL, why="3 of 4 columns drifted")
    good = Report(version="1", outcome=Outcome.PASS, why="0.7 of 0.7")
    monkeypatch.setattr(stage, "detect_drift", lambda workspace, model, batch_id: drifted)
    monkeypatch.setattr(stage, "measure_performance", lambda workspace, model, batch_id: good)
    monkeypatch.setattr(stage, "DriftReport", Report)
    monkeypatch.setattr(stage, "PerformanceReport", Report)
    monkeypatch.setattr(stage, "conclude", conclude)
    return calls


def run(operator):
    given = context(operator)
    try:
        operator.execute(given)
    except AirflowFailException as failed:
        return given["ti"].pushed["result"], str(failed)
    return given["ti"].pushed["result"], None


def make(cls, toy, **more):
    return cls(task_id="t", model="tips", batch_id="2024-01", project=str(toy.path), **more)


def test_drift_fails_the_task_after_the_request_was_published(toy, concluded):
    result, failed = run(make(MonitorBatchOperator, toy))
    assert result["request"] == "retrain"
    assert failed == "monitor: fail: 3 of 4 columns drifted"


def test_single_operators_come_to_the_same_by_way_of_xcom(toy, concluded):
    outputs = [
        operator.execute(context(operator))
        for operator in (make(cls, toy, fail=False) for cls in (DetectDriftOperator, MeasurePerformanceOperator))
    ]
    run(make(ConcludeMonitoringOperator, toy, drift=outputs[0], performance=outputs[1]))
    run(make(MonitorBatchOperator, toy))
    assert concluded[0] == concluded[1]


def test_a_single_one_fails_for_good_unless_told_otherwise(toy, concluded):
    result, failed = run(make(DetectDriftOperator, toy))
    assert (result["version"], failed) == ("1", "3 of 4 columns drifted")
    assert run(make(MeasurePerformanceOperator, toy))[1] is None
    assert run(make(DetectDriftOperator, toy, fail=False))[1] is None


def test_a_report_that_was_not_asked_for_is_left_out(toy, concluded):
    run(make(ConcludeMonitoringOperator, toy, drift={"version": "1"}))
    assert concluded[0][2] is None


def test_a_named_batch_is_looked_at_again(toy, monkeypatch):
    monkeypatch.setattr(stage, "unmonitored", lambda workspace, model: ["2024-02"])
    for form, batches in (("", ["2024-02"]), ("2024-01", ["2024-01"])):
        operator = ListUnmonitoredOperator(task_id="l", model="tips", batch_id=form, project=str(toy.path))
        assert operator.execute(context(operator)) == batches


def test_a_request_is_told_for_as_long_as_it_is_open(toy, monkeypatch):
    monkeypatch.delenv("LOOPWRIGHT_LEDGER", raising=False)
    asset, ledger = Asset("loopwright://tips/rollback-request"), Ledger.of(toy.workspace)
    operator = AnnounceRequestOperator(
        task_id="r", model="tips", request="rollback", project=str(toy.path), outlets=[asset]
    )
    with pytest.raises(AirflowSkipException, match="No request to rollback is open"):
        operator.execute(context(operator))
    wanted = {"because": "performance", "batch_id": "b", "version": "2"}
    ledger.record("model/tips", Draft(Kind.ROLLBACK_REQUESTED, "monitor", "quality dropped", wanted))
    for _ in range(2):
        given = context(operator)
        assert operator.execute(given) == "quality dropped"
        assert given["outlet_events"][asset].extra == wanted
