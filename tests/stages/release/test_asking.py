"""Who is asked, and what the person reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from loopwright.errors import UnknownName
from loopwright.ledger.events import Draft, Kind
from loopwright.stages.release import ask_person
from loopwright.stages.release.asking import question_body, question_state

NOW = datetime(2024, 5, 1, tzinfo=UTC)


@pytest.fixture
def careful(toy):
    toy.edit("include/models/tips/model.yaml", "train:", "release: {approval: required, timeout: 1d}\ntrain:")
    return toy.tips


def asked(ago, by="run:other"):
    return {"approval": {"answer": "asked", "by": by, "at": (NOW - ago).isoformat()}}


def state(spec, entry):
    return question_state(spec, entry, asker="run:mine", now=NOW, void=None)


def test_who_is_asked(toy, careful):
    assert state(careful, {}) == "ask"
    given = {"answer": "given", "at": NOW.isoformat()}
    assert state(careful, {"approval": given}) == "given already"
    assert state(careful, asked(timedelta(hours=1))) == "asked elsewhere"
    assert state(careful, asked(timedelta(hours=25))) == "ask"
    assert state(careful, asked(timedelta(hours=1), by="run:mine")) == "ask"


def test_nobody_is_asked_unless_declared_or_the_gate_could_not_tell(toy):
    assert state(toy.tips, {}) == "not needed"
    assert state(toy.tips, {"ask": True}) == "ask"


def test_the_question_shows_the_evidence_and_cannot_break_its_table(toy):
    verdict = {"why": "pass: 1 of 1", "checks": [{"name": "auc", "outcome": "pass", "why": "0.7 | of\n0.6"}]}
    body = question_body(toy.tips, {"version": "3", "primary": {"metric": "roc_auc", "value": 0.7}}, verdict)
    assert "**tips** version 3" in body
    assert "| auc | pass | 0.7 \\| of 0.6 |" in body


def test_the_question_says_what_speaks_against_it_first_and_what_an_answer_does(careful):
    said = [("a", "not_applicable", True), ("b", "pass", True), ("c", "inconclusive", False), ("d", "fail", True)]
    checks = [{"name": name, "outcome": outcome, "why": "so", "required": must} for name, outcome, must in said]
    entry = {"version": "3", "batches": ["1"], "primary": {"metric": "roc_auc", "value": 0.9515550871386338}}
    body = question_body(careful, entry, {"why": "fail: so", "checks": checks})
    assert body.index("| d | fail |") < body.index("| c (advisory) | inconclusive |") < body.index("| b | pass |")
    assert body.index("| b | pass |") < body.index("| a | not applicable |")
    assert "trained on 1 batch; roc_auc 0.9516 on the rows held out. There is no champion yet." in body
    assert "no answer within 1d is a no" in body
    champion = {"version": "2", "primary": {"metric": "roc_auc", "value": None}}
    assert "In production is version 2 (roc_auc unknown when" in question_body(careful, entry, {}, champion)


def test_the_person_reads_the_verdict_of_the_version_asked_about(house):
    house.toy.edit("include/models/tips/model.yaml", "monitor:", "release: {approval: required}\nmonitor:")
    version = house.rehearsed()
    event = house.events(Kind.GATE_DECIDED)[-1]
    check = {**event.evidence["verdict"]["checks"][0], "why": "another candidate's number"}
    verdict = {**event.evidence["verdict"], "why": "another candidate", "checks": [check]}
    other = {**event.evidence, "training_id": "another", "verdict": verdict}
    house.ledger.record("model/tips", Draft(Kind.GATE_DECIDED, "gate", "of another training", other))
    question = ask_person(house.workspace, house.model, version, asker="run:1")
    assert question.state == "ask"
    assert event.evidence["verdict"]["why"] in question.body
    assert "another candidate" not in question.body
    assert house.state.version(version)["approval"]["by"] == "run:1"


def test_about_an_unknown_version_nobody_is_asked(house):
    house.candidate()
    with pytest.raises(UnknownName, match="no version '7'"):
        ask_person(house.workspace, house.model, "7", asker="run:1")
