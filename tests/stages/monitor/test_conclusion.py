"""From reports to a verdict and a request, recorded once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from loopwright.errors import NotReady
from loopwright.ledger.events import Draft, Kind
from loopwright.stages.monitor import (
    DriftReport,
    PerformanceReport,
    conclude,
    detect_drift,
    measure_performance,
    unmonitored,
)
from loopwright.verdict import Outcome

MODEL = "include/models/tips/model.yaml"


@pytest.fixture
def watching(house):
    """A champion, and four small batches that it scored; what is reported of them the tests say."""
    house.champion()
    house.publish(3, 4, 5, 6, rows=60)
    house.score("2024-03", "2024-04", "2024-05", "2024-06")
    return house


def drift(outcome: str, batch: str = "2024-03", version: str = "1") -> DriftReport:
    return DriftReport("tips", batch, version, Outcome(outcome), f"it is {outcome}", rows=60)


def quality(outcome: str, batch: str = "2024-03", version: str = "1", matures_at: str | None = None):
    return PerformanceReport("tips", batch, version, Outcome(outcome), f"it is {outcome}", matures_at=matures_at)


def concluded(house, batch, of_drift="pass", of_quality="pass"):
    version = house.state.get(f"scored/{batch}")["version"]
    reports = drift(of_drift, batch, version), quality(of_quality, batch, version)
    return conclude(house.workspace, house.model, batch, *reports)


def requests(house) -> list[tuple[str, str, str]]:
    events = house.events(Kind.RETRAIN_REQUESTED, Kind.ROLLBACK_REQUESTED)
    return [(event.kind.value, event.evidence["because"], event.evidence["batch_id"]) for event in events]


def test_all_is_well(watching):
    monitored = concluded(watching, "2024-03")
    assert monitored.verdict.passed
    assert monitored.request is None
    [event] = watching.events(Kind.BATCH_MONITORED)
    assert event.evidence["drift"]["outcome"] == "pass"
    assert json.loads(json.dumps(monitored.to_dict()))["verdict"] == event.evidence["verdict"]
    assert requests(watching) == []


def test_drift_asks_to_retrain(watching):
    monitored = concluded(watching, "2024-03", "fail")
    assert monitored.request == "retrain"
    assert monitored.verdict.outcome is Outcome.FAIL
    assert requests(watching) == [("retrain_requested", "drift", "2024-03")]
    assert watching.state.request("retrain")["version"] == "1"


def test_drift_has_to_persist(watching):
    watching.toy.edit(MODEL, "persists: 1 of 1", "persists: 2 of 3")
    assert concluded(watching, "2024-03", "fail").verdict.passed
    assert concluded(watching, "2024-04", "pass").verdict.passed
    assert concluded(watching, "2024-05", "fail").request == "retrain"
    assert requests(watching) == [("retrain_requested", "drift", "2024-05")]


def test_what_another_version_saw_does_not_count(watching):
    watching.toy.edit(MODEL, "persists: 1 of 1", "persists: 2 of 3")
    concluded(watching, "2024-03", "fail")
    watching.champion()
    watching.publish(4, rows=61)
    watching.score("2024-04")
    assert concluded(watching, "2024-04", "fail").verdict.passed


def test_concluding_twice_records_once(watching):
    first, before = concluded(watching, "2024-03", "fail"), watching.kinds()
    assert concluded(watching, "2024-03", "fail") == first
    assert watching.kinds() == before


def test_a_retry_does_not_ask_again_for_what_was_answered(watching):
    concluded(watching, "2024-03", "fail")
    watching.ledger.record(
        "model/tips",
        Draft(Kind.TRAINING_DECIDED, "train", "drift", {"train": True, "training_id": "t9", "fingerprint": "f"}),
    )
    assert watching.state.request("retrain") is None
    assert concluded(watching, "2024-03", "fail").request == "retrain"
    assert watching.state.request("retrain") is None
    concluded(watching, "2024-03", "fail", "inconclusive")
    assert watching.state.request("retrain") is None


def test_the_same_reason_is_asked_once_while_it_is_open(watching):
    concluded(watching, "2024-03", "fail")
    assert concluded(watching, "2024-04", "fail").verdict.outcome is Outcome.FAIL
    assert requests(watching) == [("retrain_requested", "drift", "2024-03")]


def test_a_drop_asks_for_what_is_declared(watching):
    watching.toy.edit(MODEL, "{drop: 0.1}", "{drop: 0.1, request: rollback}")
    watching.champion()
    watching.publish(3, rows=61)
    watching.score("2024-03")
    assert concluded(watching, "2024-03", "fail", "fail").request == "rollback"
    assert requests(watching) == [
        ("retrain_requested", "drift", "2024-03"),
        ("rollback_requested", "performance", "2024-03"),
    ]


def test_without_anything_to_return_to_a_drop_asks_to_retrain(watching):
    watching.toy.edit(MODEL, "{drop: 0.1}", "{drop: 0.1, request: rollback}")
    assert concluded(watching, "2024-03", "pass", "fail").request == "retrain"


def test_what_is_no_declared_reason_is_said_and_not_asked(watching):
    watching.toy.edit(MODEL, "monitor:", "retrain: {on: [new_data]}\nmonitor:")
    monitored = concluded(watching, "2024-03", "fail")
    assert monitored.verdict.outcome is Outcome.FAIL
    assert monitored.request is None
    assert requests(watching) == []


def test_a_champion_of_the_past_asks_for_nothing(watching):
    watching.champion()
    monitored = concluded(watching, "2024-03", "fail", "fail")
    assert monitored.version == "1"
    assert requests(watching) == []


@pytest.mark.parametrize(
    ("of_drift", "of_quality", "outcome"),
    [
        ("pass", "inconclusive", "inconclusive"),
        ("inconclusive", "pass", "inconclusive"),
        ("pass", "not_applicable", "pass"),
        ("not_applicable", "not_applicable", "inconclusive"),
    ],
)
def test_not_knowing_is_never_a_pass(watching, of_drift, of_quality, outcome):
    assert concluded(watching, "2024-03", of_drift, of_quality).verdict.outcome is Outcome(outcome)


def test_reports_may_be_left_out(watching):
    monitored = conclude(watching.workspace, watching.model, "2024-03", drift("pass"), None)
    assert monitored.verdict.passed


def test_reports_about_another_version_are_refused(watching):
    watching.champion()
    watching.publish(3, rows=61)
    watching.score("2024-03")
    with pytest.raises(NotReady, match="scored again since it was looked at"):
        conclude(watching.workspace, watching.model, "2024-03", drift("fail", version="1"), None)


def test_what_waits(watching):
    waiting = lambda **how: unmonitored(watching.workspace, watching.model, **how)  # noqa: E731
    watching.score("2024-01", "2024-02")
    assert waiting() == ["2024-02", "2024-03", "2024-04", "2024-05", "2024-06"]
    for batch in ("2024-02", "2024-03", "2024-04"):
        concluded(watching, batch)
    assert waiting() == ["2024-05", "2024-06"]
    watching.publish(4, rows=61)
    assert waiting() == ["2024-05", "2024-06"]
    watching.score("2024-04")
    assert waiting() == ["2024-04", "2024-05", "2024-06"]


def test_what_was_looked_at_before_its_labels_were_final_waits_again(watching):
    soon = datetime.now(UTC) + timedelta(hours=1)
    report = quality("inconclusive", matures_at=soon.isoformat())
    conclude(watching.workspace, watching.model, "2024-03", drift("pass"), report)
    assert "2024-03" not in unmonitored(watching.workspace, watching.model)
    assert "2024-03" in unmonitored(watching.workspace, watching.model, now=soon + timedelta(seconds=1))
    concluded(watching, "2024-03")
    assert "2024-03" not in unmonitored(watching.workspace, watching.model, now=soon + timedelta(days=9))


def test_a_model_that_declares_no_monitor_waits_for_nothing(watching):
    watching.toy.edit(
        MODEL, "monitor: {drift: {share: 0.25, persists: 1 of 1}, performance: {drop: 0.1}}", "monitor: null"
    )
    assert unmonitored(watching.workspace, watching.model) == []


def test_measured_for_real_and_kept_with_the_run(watching, tmp_path, monkeypatch):
    watching.publish(1, rows=2000)
    watching.champion()
    watching.publish(3, rows=1500, shift=1.0)
    watching.score("2024-03")
    how = (watching.workspace, watching.model, "2024-03")
    monitored = conclude(*how, detect_drift(*how), measure_performance(*how))
    assert monitored.request == "retrain"
    advice = {check.name: check for check in monitored.verdict.checks if not check.required}
    assert advice["drift:distance"].outcome is Outcome.FAIL
    run = watching.state.champion["run_id"]
    assert watching.tracking.read_json(run, "monitor/2024-03/drift.json")["outcome"] == "fail"
    assert watching.tracking.read_json(run, "monitor/2024-03/performance.json")["metric"] == "roc_auc"
    # What drifted is drawn, once, and the record says where.
    assert monitored.report == f"runs:/{run}/monitor/2024-03/drift.html"
    assert monitored.to_dict()["run_id"] == run
    html = watching.tracking.download(run, "monitor/2024-03/drift.html", tmp_path).read_text(encoding="utf-8")
    assert "distance" in html
    drawn = []
    monkeypatch.setattr("loopwright.stages.monitor.drift.draw_drift", lambda *asked: drawn.append(asked))
    assert conclude(*how, detect_drift(*how), measure_performance(*how)) == monitored
    assert drawn == []


def test_where_nothing_drifted_no_page_is_drawn(watching, monkeypatch):
    monkeypatch.setattr("loopwright.stages.monitor.drift.draw_drift", lambda *asked: pytest.fail("it was drawn"))
    watching.publish(1, rows=2000)
    watching.champion()
    watching.publish(3, rows=1500)
    watching.score("2024-03")
    how = (watching.workspace, watching.model, "2024-03")
    report = detect_drift(*how)
    assert report.columns
    assert conclude(*how, report, None).report is None


def test_a_page_that_cannot_be_drawn_costs_no_verdict(watching, monkeypatch, caplog):
    def broken(*asked):
        raise ValueError("no such plot")

    monkeypatch.setattr("loopwright.stages.monitor.drift.draw_drift", broken)
    watching.publish(1, rows=2000)
    watching.champion()
    watching.publish(3, rows=1500, shift=1.0)
    watching.score("2024-03")
    how = (watching.workspace, watching.model, "2024-03")
    monitored = conclude(*how, detect_drift(*how), None)
    assert (monitored.request, monitored.report) == ("retrain", None)
    assert "could not be drawn" in caplog.text
