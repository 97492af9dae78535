"""What counts as a yes."""

import pytest

from loopwright.operators.approval import Answer, RecordApprovalOperator
from support.airflow_context import context

ADA = {"id": "1", "name": "ada"}
NO = {"chosen_options": ["Reject"], "responded_by_user": ADA}


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


def test_why_a_person_answered_so_goes_on_record():
    raw = {"chosen_options": ["Approve"], "responded_by_user": ADA, "params_input": {"why": " seen the report "}}
    assert Answer.read("3", raw).reason == "ada approved it: seen the report"
    assert Answer.read("3", {**raw, "params_input": {}}).reason == "ada approved it"


@pytest.mark.parametrize(
    ("raw", "recorded", "approved", "by"),
    [
        ({}, {"answer": "given", "by": "person:bob"}, True, "person:bob"),
        ({}, {"answer": "expired", "by": "timeout"}, False, "timeout"),
        (NO, {"answer": "given", "by": "person:bob"}, False, "person:ada"),
    ],
)
def test_a_time_out_gives_way_to_the_yes_that_the_ledger_has_and_a_no_does_not(raw, recorded, approved, by):
    answer = Answer.read("3", raw).beside(recorded)
    assert (answer.approved, answer.by) == (approved, by)


def test_a_run_whose_question_timed_out_goes_on_where_somebody_said_yes_by_the_command_line(toy, monkeypatch):
    import loopwright.stages.release as stage

    said = []

    def record_approval(_workspace, _model, version, word, by, _reason, *, to):
        said.append((version, word, by, to))
        return {"approval": {"answer": "given", "by": "person:bob"}}

    monkeypatch.setattr(stage, "record_approval", record_approval)
    timed_out = {"chosen_options": ["Reject"], "responded_by_user": None}
    task = RecordApprovalOperator(task_id="record", project=str(toy.path), model="tips", version="3", answer=timed_out)
    assert task.execute(context(task)) == "person:bob"  # and nothing after it is skipped
    assert said == [("3", "expired", "timeout", "run:run-1")]
