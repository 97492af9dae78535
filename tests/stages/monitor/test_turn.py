"""The stages behind training, on what the real training leaves: released, scored, watched, and asked for more."""

from __future__ import annotations

import pytest

from loopwright.ledger.store import Ledger
from loopwright.stages.monitor import conclude, detect_drift, measure_performance, unmonitored
from loopwright.stages.release import promote, rehearse
from loopwright.stages.score import score_batch, unscored
from loopwright.stages.train import decide_training, fit_candidate, judge_candidate, register_candidate
from loopwright.verdict import Outcome
from support import published


def trained(toy, spec) -> str:
    decision = decide_training(toy.workspace, spec)
    assert decision.training_id is not None
    fit_candidate(toy.workspace, spec, decision.training_id)
    assert judge_candidate(toy.workspace, spec, decision.training_id).verdict.passed
    return register_candidate(toy.workspace, spec, decision.training_id).version


def watch(toy, spec, batch):
    how = (toy.workspace, spec, batch)
    return conclude(*how, detect_drift(*how), measure_performance(*how))


@pytest.mark.parametrize("name", ["tips", "minutes"])
def test_from_training_to_a_request(toy, name):
    if name == "minutes":
        toy.edit(
            "include/models/minutes/model.yaml",
            "gate:",
            "monitor: {drift: {persists: 1 of 1}, performance: {drop: 1.0}}\ngate:",
        )
    published.publish(toy, 1, 2, 3)
    spec = toy.project.model(name)
    version = trained(toy, spec)
    assert rehearse(toy.workspace, spec, version).verdict.passed
    assert promote(toy.workspace, spec, version).status == "promoted"
    published.publish(toy, 4)
    published.publish(toy, 5, shift=1.5)
    for batch in unscored(toy.workspace, spec):
        score_batch(toy.workspace, spec, batch)
    assert unmonitored(toy.workspace, spec) == ["2024-03", "2024-04", "2024-05"]
    seen = {batch: watch(toy, spec, batch) for batch in unmonitored(toy.workspace, spec)}
    assert seen["2024-03"].verdict.passed
    assert seen["2024-04"].verdict.passed
    assert seen["2024-05"].request == "retrain"
    checks = {check.name: check for check in seen["2024-05"].verdict.checks}
    assert checks["drift"].outcome is Outcome.FAIL
    assert checks["drift:distance"].outcome is Outcome.FAIL
    assert Ledger.of(toy.workspace).model(name).request("retrain")["because"] == "drift"
    decision = decide_training(toy.workspace, spec)
    assert decision.train
    assert "drift" in decision.reasons
