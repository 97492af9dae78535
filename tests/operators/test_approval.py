"""Who is asked, what counts as a yes, and what the person reads."""

from datetime import UTC, datetime, timedelta

import pytest

from loopwright.operators.approval import Answer, question_body, question_state

NOW = datetime(2024, 5, 1, tzinfo=UTC)
ADA = {"id": "1", "name": "ada"}


@pytest.fixture
def careful(toy):
    toy.edit("include/models/tips/model.yaml", "train:", "release: {approval: required, timeout: 1d}\ntrain:")
    return toy.tips


def asked(ago, by="run:other"):
    return {"approval": {"answer": "asked", "by": by, "at": (NOW - ago).isoformat()}}


def state(spec, entry):
    return question_state(spec, entry, asker="run:mine", now=NOW)


def test_who_is_asked(toy, careful):
    assert state(careful, {}) == "ask"
    assert state(careful, {"approval": {"answer": "given"}}) == "given already"
    assert state(careful, asked(timedelta(hours=1))) == "asked elsewhere"
    assert state(careful, asked(timedelta(hours=25))) == "ask"
    assert state(careful, asked(timedelta(hours=1), by="run:mine")) == "ask"


def test_nobody_is_asked_unless_declared_or_the_gate_could_not_tell(toy):
    assert state(toy.tips, {}) == "not needed"
    assert state(toy.tips, {"ask": True}) == "ask"


@pytest.mark.parametrize(
    ("raw", "approved", "by"),
    [
        ({"chosen_options": ["Approve"], "responded_by_user": ADA}, True, "person:ada"),
        ({"chosen_options": ["Reject"], "responded_by_user": ADA}, False, "person:ada"),
        ({"chosen_options": ["Reject"], "responded_by_user": None}, False, "timeout"),
        ({"chosen_options": ["Approve"], "responded_by_user": None}, False, "timeout"),
        ({"chosen_options": ["Approve", "Reject"], "responded_by_user": ADA}, False, "person:ada"),
        ({}, False, "timeout"),
    ],
)
def test_only_a_persons_one_clear_yes_is_a_yes(raw, approved, by):
    answer = Answer.read("3", raw)
    assert (answer.approved, answer.by) == (approved, by)
    assert answer.reason


def test_the_question_shows_the_evidence_and_cannot_break_its_table(toy):
    verdict = {"why": "pass: 1 of 1", "checks": [{"name": "auc", "outcome": "pass", "why": "0.7 | of\n0.6"}]}
    body = question_body(toy.tips, {"version": "3", "primary": {"metric": "roc_auc", "value": 0.7}}, verdict)
    assert "**tips** version 3" in body
    assert "| auc | pass | 0.7 \\| of 0.6 |" in body
