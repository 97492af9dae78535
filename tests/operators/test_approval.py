"""What counts as a yes."""

import pytest

from loopwright.operators.approval import Answer

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
