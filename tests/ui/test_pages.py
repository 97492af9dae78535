"""The pages: closed to strangers, escaped, and serving nothing but reports."""

import json
import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from loopwright.errors import CannotRun
from loopwright.hooks.loopwright import LoopwrightHook
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.serving.kept import EVALUATION
from loopwright.stages.ingest.stage import ingest_batch
from loopwright.tracking import Tracking
from loopwright.ui.plugin import LazyPages
from loopwright.ui.reports import is_evaluation_of, is_report_of
from loopwright.verdict import Check, Outcome, Verdict

pytestmark = pytest.mark.airflow
REPORT = "/reports/rides.ingest/2024-01"


@pytest.fixture
def project(toy, monkeypatch):
    """The toy project as the one that this Airflow knows, with a month taken in."""
    monkeypatch.setenv("AIRFLOW__LOOPWRIGHT__PROJECT", str(toy.path))
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", str(toy.path / "dags"))
    for name in ("LOOPWRIGHT_LAKE", "LOOPWRIGHT_LEDGER", "LOOPWRIGHT_ARRIVALS", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    toy.arrive(1)
    ingest_batch(toy.workspace, toy.rides, "2024-01")
    return toy


@pytest.fixture
def browse(tokens, project):
    client = TestClient(LazyPages())

    def browse(path, who="viewer"):
        return client.get(path, headers={"Authorization": f"Bearer {tokens[who]}"} if who else {})

    return browse


@pytest.mark.parametrize(
    "path", ["/status", REPORT, f"{REPORT}?as=json", "/reports/x.ingest/y", "/evaluations/tips.train/t", "/", "/docs"]
)
def test_no_page_without_a_user(browse, path):
    answer = browse(path, who=None)
    assert answer.status_code in {401, 404}
    assert answer.status_code == 401 or path in {"/", "/docs"}


def test_every_route_asks_for_a_right():
    from loopwright.ui.pages import pages

    for route in pages.routes:
        asked = [dependency.call.__qualname__ for dependency in route.dependant.dependencies]
        assert any("requires_access_dag" in name for name in asked), route.path
        assert any(name == "get_user" for name in asked), route.path


def test_a_forged_token_is_refused(browse, tokens):
    client = TestClient(LazyPages())
    answer = client.get("/status", headers={"Authorization": f"Bearer {tokens['admin'][:-4]}AAAA"})
    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["/status", REPORT])
def test_a_user_without_the_right_is_refused(browse, monkeypatch, path):
    from airflow.api_fastapi.app import get_auth_manager

    monkeypatch.setattr(get_auth_manager(), "is_authorized_dag", lambda **_: False)
    assert browse(path, who="admin").status_code == 403


def test_the_right_is_that_of_the_dag_that_ingested_it(browse, monkeypatch):
    from airflow.api_fastapi.app import get_auth_manager

    asked = []
    monkeypatch.setattr(get_auth_manager(), "is_authorized_dag", lambda **right: asked.append(right) or True)
    browse(REPORT)
    assert {(right["method"], right["details"].id) for right in asked} == {("GET", "rides.ingest")}


@pytest.mark.parametrize("who", ["viewer", "admin"])
def test_the_status_shows_every_model(project, browse, who):
    project.arrive(2)
    answer = browse("/status", who)
    assert answer.status_code == 200
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))
    assert "tips" in text
    assert "minutes" in text
    assert "none yet" in text
    assert "rides 1 2024-01 2024-02" in text
    assert "Model Needs you Champion" in text  # a narrow page shows its left side


def test_a_report_as_page_and_as_json(browse):
    page, raw = browse(REPORT), browse(f"{REPORT}?as=json")
    assert "2,000 rows read, 2,000 after cleaning" in re.sub(r"\s+", " ", page.text)
    assert raw.json()["verdict"]["outcome"] == "pass"
    assert browse(f"{REPORT}?as=great_expectations").json()["statistics"]["evaluated_expectations"] == 3
    for answer in (page, raw):
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_what_data_holds_is_escaped(project, browse):
    evil = "<script>alert(1)</script>"
    folder = f"{project.workspace.lake}/datasets/rides/reports"
    path = f"{folder}/evil.json"
    check = {"name": evil, "outcome": "fail", "why": evil, "required": True, "n": 1}
    report = {"dataset": "rides", "batch_id": evil, "rows_read": 1, "rows": 1, "cleaned": {evil: 1},
              "expectations": [{"name": evil, "severity": evil, "success": False, "observed": evil}],
              "verdict": {"outcome": "fail", "why": evil, "checks": [check]}}  # fmt: skip
    Path(path).write_text(json.dumps(report))
    record(project, "2024-02", path, reason=evil)
    assert "<script" not in browse("/reports/rides.ingest/2024-02").text
    assert "<script" not in browse("/status").text


def test_only_what_the_ledger_says_was_stored_is_served(project, browse, tmp_path):
    secret = tmp_path / "secret.json"
    secret.write_text('{"dataset": "rides"}')
    record(project, "2024-02", str(secret))
    record(project, "2024-03", f"{project.workspace.lake}/datasets/rides/reports/../../../secret.json")
    record(project, "2024-04", f"{project.workspace.lake}/datasets/rides/reports/gone.json")
    for batch in ("2024-02", "2024-03", "2024-04", "2024-99", "..%2f..%2fetc%2fpasswd"):
        assert browse(f"/reports/rides.ingest/{batch}").status_code == 404
    for dag in ("tips.train", "rides", "rides.train", "unknown.ingest", "...ingest"):
        assert browse(f"/reports/{dag}/2024-01").status_code == 404


@pytest.fixture
def evaluated(project):
    """A training of ``tips`` that was judged, with its report in an MLflow that no server shows."""
    workspace = LoopwrightHook(str(project.path)).workspace()
    assert not workspace.tracking.startswith("http")
    tracking = Tracking.of(workspace)
    with tracking.run("tips", key="t-1", name="t-1") as run_id:
        tracking.log_text(run_id, EVALUATION, "<html><body>may it go on?</body></html>")

    def judge(training, where):
        verdict = Verdict("gate", "model/tips", (Check("measured", Outcome.PASS, "enough"),))
        evidence = {"training_id": training, "run_id": run_id, "verdict": verdict.to_dict(), "refused": False}
        draft = Draft(Kind.GATE_DECIDED, "gate", "enough", {**evidence, "evaluation": where})
        Ledger.of(workspace).record("model/tips", draft)
        return run_id

    judge("t-1", f"runs:/{run_id}/{EVALUATION}")
    return judge


def test_the_gates_report_is_served_without_an_mlflow_server(evaluated, browse):
    answer = browse("/evaluations/tips.train/t-1")
    assert answer.status_code == 200
    assert "may it go on?" in answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "; sandbox" in policy
    assert 'href="evaluations/tips.train/t-1"' in browse("/status").text
    assert browse("/evaluations/tips.train/t-1", who=None).status_code == 401


def test_only_the_report_in_the_trainings_own_run_is_served(evaluated, browse):
    run_id = evaluated("t-2", "runs:/another/evaluation.html")
    evaluated("t-3", f"runs:/{run_id}/../../secret.html")
    evaluated("t-4", None)
    for path in (
        "tips.train/t-2",
        "tips.train/t-3",
        "tips.train/t-4",
        "tips.train/t-9",
        "tips.ingest/t-1",
        "x.train/t-1",
    ):
        assert browse(f"/evaluations/{path}").status_code == 404
    assert not is_evaluation_of({"run_id": "../r", "evaluation": "runs:/../r/evaluation.html"})


def test_the_right_to_the_gates_report_is_that_of_the_dag_that_trained(browse, monkeypatch):
    from airflow.api_fastapi.app import get_auth_manager

    asked = []
    monkeypatch.setattr(get_auth_manager(), "is_authorized_dag", lambda **right: asked.append(right) or False)
    assert browse("/evaluations/tips.train/t-1", "admin").status_code == 403
    assert {right["details"].id for right in asked} == {"tips.train"}


def test_an_mlflow_that_cannot_be_read_is_said(evaluated, browse, monkeypatch):
    def away(*_):
        raise CannotRun("MLflow does not answer.")

    monkeypatch.setattr(Tracking, "download", away)
    answer = browse("/evaluations/tips.train/t-1")
    assert (answer.status_code, answer.json()["detail"]) == (503, "MLflow does not answer.")


def test_a_report_is_inside_its_datasets_folder(toy):
    workspace, folder = toy.workspace, f"{toy.workspace.lake}/datasets/rides/reports"
    assert is_report_of(workspace, "rides", f"{folder}/a.json")
    for path in ("", "/etc/passwd", f"{folder}/a/b.json", f"{folder}/../a.json", f"{folder[:-8]}s/a.json"):
        assert not is_report_of(workspace, "rides", path)


def test_a_ledger_that_cannot_be_read_is_said_and_is_no_crash(browse, monkeypatch):
    monkeypatch.setenv("LOOPWRIGHT_LEDGER", "sqlite:////proc/none/ledger.db")
    answer = browse("/status")
    assert answer.status_code == 200
    assert "ledger" in answer.text


def test_airflow_shows_the_plugin():
    from airflow import plugins_manager
    from airflow.api_fastapi.core_api.datamodels.plugins import ExternalViewResponse

    found = next(info for info in plugins_manager.get_plugin_info() if info["name"] == "loopwright")
    assert [ExternalViewResponse.model_validate(view).url_route for view in found["external_views"]] == ["loopwright"]
    assert found["listeners"] == ["loopwright.ui.warm"]
    assert found["fastapi_apps"][0]["url_prefix"] == "/loopwright"
    assert plugins_manager.get_import_errors() == {}


def record(project, batch_id, report, reason="bad"):
    evidence = {"batch_id": batch_id, "signature": "s", "arrival_digest": "d", "report": report}
    workspace = LoopwrightHook(str(project.path)).workspace()
    Ledger.of(workspace).record("dataset/rides", Draft(Kind.BATCH_QUARANTINED, "test", reason, evidence))
