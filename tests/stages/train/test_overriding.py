"""An override: with a name and a reason, on record, marked for ever, and never of what was released."""

from __future__ import annotations

import pytest

from loopwright.errors import NotReady, UnknownName
from loopwright.ledger.events import Kind
from loopwright.loop.status import status
from loopwright.stages.release.conditions import ready
from loopwright.stages.train.overriding import OverrideRefused, override_gate

WHY = "The law changes on Monday; <b>no data</b> yet."


@pytest.fixture
def refused(tips) -> str:
    """A candidate that missed its threshold."""
    tips.edit("model.yaml", "at_least: 0.6", "at_least: 0.9")
    tips.publish(1, 2)
    decision = tips.decide()
    tips.fit(decision.training_id)
    assert tips.judge(decision.training_id).verdict.refused
    return decision.training_id


def override(tips, training=None, why=WHY, actor="person:ada", **more):
    return override_gate(tips.workspace, tips.spec, training, why=why, actor=actor, **more)


def test_it_is_registered_marked_and_still_says_what_the_gate_said(tips, refused, tmp_path) -> None:
    candidate = override(tips)
    entry = tips.state.version(candidate.version)
    assert entry["override"] | {"at": ""} == {
        "by": "person:ada", "why": WHY, "outcome": "fail", "at": "",
        "said": tips.state.training(refused)["verdict"]["why"],
    }  # fmt: skip
    (event,) = tips.events(Kind.GATE_OVERRIDDEN)
    assert event.actor == "person:ada"
    assert event.evidence["artifact_digest"] == entry["artifact_digest"]
    page = tips.tracking.download(entry["run_id"], "evaluation.html", tmp_path).read_text()
    assert page.index("Overridden by person:ada") < page.index("The candidate is refused.")
    assert "<b>no data</b>" not in page
    (stands,) = status(tips.workspace, "tips")["models"]
    assert stands["candidate"]["override"]["why"] == stands["gate"]["override"]["why"] == WHY


def test_the_release_knows_it_and_asks_for_all_the_rest(tips, refused) -> None:
    candidate = override(tips)
    checks = {check.name: check for check in ready(tips.spec, tips.state, candidate.version).checks}
    assert checks["gate"].outcome == "pass"
    assert f"overridden by person:ada: {WHY}" in checks["gate"].why
    assert checks["rehearsal"].outcome == "fail"


def test_the_mark_stays_when_it_is_champion_and_names_whose_hands_it_were(tips, refused, tmp_path) -> None:
    tips.crown(override(tips, typed_by="person:<root>").version)
    page = tips.tracking.download(tips.state.champion["run_id"], "evaluation.html", tmp_path).read_text()
    assert "Overridden by person:ada (typed by person:&lt;root&gt;)" in page
    assert status(tips.workspace, "tips")["models"][0]["champion"]["override"]["by"] == "person:ada"
    with pytest.raises(OverrideRefused, match="version 1 is champion already; it was overridden by person:ada"):
        override(tips)
    assert len(tips.events(Kind.GATE_OVERRIDDEN)) == 1


def test_doing_it_twice_is_doing_it_once(tips, refused) -> None:
    first = override(tips, refused)
    assert override(tips, refused) == first
    assert len(tips.events(Kind.GATE_OVERRIDDEN)) == 1


def test_the_run_names_it_as_well_as_the_training(tips, refused) -> None:
    assert override(tips, tips.state.training(refused)["run_id"]).training_id == refused


@pytest.mark.parametrize("actor", ["gate", "person:unknown", "person:uid-1000", "person:"])
def test_nobody_overrides_without_a_name(tips, refused, actor) -> None:
    with pytest.raises(OverrideRefused, match="needs a name"):
        override(tips, actor=actor)
    assert tips.state.candidate is None


@pytest.mark.parametrize("why", ["", "   ", "ok"])
def test_nobody_overrides_without_a_reason(tips, refused, why) -> None:
    with pytest.raises(OverrideRefused, match=r"needs a reason[\s\S]*at least 8 characters"):
        override(tips, why=why)


def test_what_passed_or_was_not_judged_needs_no_override(tips) -> None:
    tips.publish(1, 2)
    with pytest.raises(NotReady, match="No candidate was judged"):
        override(tips)
    training = tips.decide().training_id
    with pytest.raises(NotReady, match="not judged yet"):
        override(tips, training)
    tips.fit(training)
    tips.judge(training)
    with pytest.raises(OverrideRefused, match="passed the gate"):
        override(tips)
    with pytest.raises(UnknownName, match="No training 'x'"):
        override(tips, "x")


def test_what_was_released_before_is_rolled_back_to_instead(tips) -> None:
    tips.edit("model.yaml", "margin: 0.02", "margin: 0.02, better: false")
    tips.publish(1, 2)
    tips.crown(tips.train().version)
    again = tips.decide(force=True).training_id
    tips.fit(again)
    tips.judge(again)
    with pytest.raises(OverrideRefused, match="released before"):
        override(tips, again)
