"""Where the buttons lead, and that one that cannot be made never fails a task."""

from dataclasses import replace

import pytest
from airflow.sdk import BaseOperator

from loopwright.links.addresses import artifact_address, report_address, run_address
from loopwright.links.run import MlflowRunLink, ReportLink
from loopwright.operators.base import StageOperator


def test_an_operator_that_left_no_link_has_none(toy):
    for operator in (StageOperator(task_id="a", project=str(toy.path)), BaseOperator(task_id="b")):
        assert MlflowRunLink().get_link(operator, ti_key=None) == ""
        assert ReportLink().get_link(operator, ti_key=None) == ""


def test_what_it_left_is_shown(toy):
    operator = StageOperator(task_id="a", project=str(toy.path))
    operator.links = {"mlflow_run": "http://mlflow/run/1", "report": "/loopwright/reports/x"}
    assert MlflowRunLink().get_link(operator, ti_key=None) == "http://mlflow/run/1"
    assert ReportLink().get_link(operator, ti_key=None) == "/loopwright/reports/x"


@pytest.mark.parametrize(
    ("base", "address"),
    [
        ("http://localhost:8080", "/loopwright/reports/rides.ingest/2024-01"),
        ("https://host/airflow/", "/airflow/loopwright/reports/rides.ingest/2024-01"),
    ],
)
def test_a_report_opens_below_the_servers_own_path(monkeypatch, base, address):
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", base)
    assert report_address("rides", "2024-01") == address


def test_an_odd_batch_id_stays_one_part_of_the_path():
    assert report_address("rides", "a b#c?").endswith("/rides.ingest/a%20b%23c%3F")


def test_a_run_that_cannot_be_linked_costs_the_link_only(toy, monkeypatch):
    import loopwright.tracking

    monkeypatch.setattr(loopwright.tracking.Tracking, "of", lambda workspace: 1 / 0)
    assert run_address(toy.workspace, "tips", "r1") == ""


def test_an_artifact_opens_in_its_run(toy, monkeypatch):
    import loopwright.links.addresses as addresses

    report = "runs:/r1/monitor/2024 01/drift.html"
    monkeypatch.setattr(addresses, "run_address", lambda workspace, model, run_id: f"http://mlflow/#/runs/{run_id}")
    assert artifact_address(toy.workspace, "tips", report) == (
        "http://mlflow/#/runs/r1/artifacts/monitor/2024%2001/drift.html"
    )
    monkeypatch.setattr(addresses, "run_address", lambda *asked: "")
    assert artifact_address(toy.workspace, "tips", report) == ""


def test_the_gates_report_is_linked_without_a_server(toy):
    import loopwright.operators.base as base
    from support.airflow_context import context

    operator = base.ModelOperator(task_id="m", model="tips", project=str(toy.path))
    raw = {"training_id": "t 1", "run_id": "r1", "report": "runs:/r1/evaluation.html"}
    operator.publish(context(operator), replace(toy.workspace, tracking="sqlite:///"), raw)
    assert operator.links == {"report": "/loopwright/evaluations/tips.train/t%201"}


def test_a_result_with_a_page_in_its_run_is_linked_where_a_server_shows_it(toy, monkeypatch):
    import loopwright.operators.base as base
    from support.airflow_context import context

    monkeypatch.setattr(base, "run_address", lambda workspace, model, run_id: f"run {run_id}")
    monkeypatch.setattr(base, "artifact_address", lambda workspace, model, uri: f"page {uri}")
    for tracking, links in (
        ("http://mlflow", {"mlflow_run": "run r1", "report": "page runs:/r1/a"}),
        ("sqlite:///", {}),
    ):
        operator = base.ModelOperator(task_id="m", model="tips", project=str(toy.path))
        raw = {"batch_id": "b", "run_id": "r1", "report": "runs:/r1/a"}
        operator.publish(context(operator), replace(toy.workspace, tracking=tracking), raw)
        assert operator.links == links
