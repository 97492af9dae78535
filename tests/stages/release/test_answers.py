"""Who may answer, until when, and what becomes of an answer that counts for nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from loopwright.ledger.events import Draft, Kind
from loopwright.stages.release import ReleaseRefused, ask_person, promote, reconcile, record_approval
from loopwright.stages.release.conditions import ready
from loopwright.verdict import Outcome

LATER = datetime.now(UTC) + timedelta(hours=3)
MODEL = "include/models/tips/model.yaml"


@pytest.fixture
def asking(house):
    house.toy.edit(MODEL, "monitor:", "release: {approval: required, timeout: 2h}\nmonitor:")
    return house


def requested_by(house, version, person):
    """Let the training of a version be a person's wish."""
    state = house.state
    decided = {**state.training(state.version(version)["training_id"]), "train": True}
    house.ledger.record("model/tips", Draft(Kind.TRAINING_DECIDED, person, "I want it.", decided))


def answers(house):
    return [event.kind for event in house.events() if event.kind.value.startswith("approval")]


def test_who_wanted_the_training_does_not_approve_it(asking):
    version = asking.rehearsed()
    requested_by(asking, version, "person:ada")
    with pytest.raises(ReleaseRefused, match=r"Who asked for a release does not approve it(.|\n)*self_approval"):
        record_approval(asking.workspace, asking.model, version, "given", "person:ada", "Mine is good.")
    assert answers(asking) == [Kind.APPROVAL_VOIDED]
    with pytest.raises(ReleaseRefused, match="a person has to approve it"):
        promote(asking.workspace, asking.model, version)
    record_approval(asking.workspace, asking.model, version, "given", "person:bob", "So it is.")
    assert promote(asking.workspace, asking.model, version).status == "promoted"


def test_whoever_it_was_asked_for_before_does_not_approve_it_either(asking):
    """A question that lapsed was a wish all the same."""
    version = asking.rehearsed()
    for number, person in enumerate(("ada", "bob", "eve")):
        asked_at = LATER + timedelta(hours=3 * number)
        workspace, model = asking.workspace, asking.model
        question = ask_person(
            workspace, model, version, asker=f"run:{number}", on_behalf_of=f"person:{person}", now=asked_at
        )
        assert question.state == "ask"
    for name in ("person:ada", "person:bob", "person:eve"):
        with pytest.raises(ReleaseRefused, match="Who asked for a release does not approve it"):
            record_approval(asking.workspace, asking.model, version, "given", name, "Yes.")
    record_approval(asking.workspace, asking.model, version, "given", "person:zoe", "Yes.")
    assert asking.ledger.verify("model/tips") == []


def test_a_yes_from_a_clock_that_was_ahead_counts_no_longer_than_declared(asking, monkeypatch):
    from loopwright.ledger import journal

    version = asking.rehearsed()
    with monkeypatch.context() as ahead:
        ahead.setattr(journal, "_now", (LATER + timedelta(days=365)).isoformat)
        record_approval(asking.workspace, asking.model, version, "given", "person:bob", "Yes.")
    with pytest.raises(ReleaseRefused, match=r"person:bob approved it at .*, which is still to come by the clock"):
        promote(asking.workspace, asking.model, version)
    record_approval(asking.workspace, asking.model, version, "given", "person:bob", "Yes.")
    assert promote(asking.workspace, asking.model, version).status == "promoted"


def test_who_typed_another_s_name_at_an_override_does_not_approve_it(asking):
    version = asking.rehearsed()
    training = asking.state.version(version)["training_id"]
    said = {"by": "person:bob", "typed_by": "person:ada", "why": "The board agreed."}
    asking.ledger.record(
        "model/tips", Draft(Kind.GATE_OVERRIDDEN, "person:bob", "…", {"training_id": training, "override": said})
    )
    for name in ("person:ada", "person:bob"):
        with pytest.raises(ReleaseRefused, match="Who asked for a release does not approve it"):
            record_approval(asking.workspace, asking.model, version, "given", name, "Yes.")


def test_who_wanted_the_release_does_not_approve_it(asking):
    version = asking.rehearsed()
    ask_person(asking.workspace, asking.model, version, asker="run:1", on_behalf_of="person:ada")
    with pytest.raises(ReleaseRefused, match="Who asked"):
        record_approval(asking.workspace, asking.model, version, "given", "person:ada", "Yes.", to="run:1")
    assert asking.state.version(version)["approval"]["answer"] == "voided"
    # The question is over, so the next run asks again; and still knows whose wish it was.
    assert ask_person(asking.workspace, asking.model, version, asker="run:2").state == "ask"
    with pytest.raises(ReleaseRefused, match="Who asked"):
        record_approval(asking.workspace, asking.model, version, "given", "person:ada", "Yes!", to="run:2")


def test_an_answer_in_vain_ends_no_question_but_its_own(asking):
    version = asking.rehearsed()
    ask_person(asking.workspace, asking.model, version, asker="run:1", on_behalf_of="person:ada")
    with pytest.raises(ReleaseRefused, match="Who asked"):
        record_approval(asking.workspace, asking.model, version, "given", "person:ada", "By the command line.")
    assert asking.state.version(version)["approval"]["answer"] == "asked"


def test_an_approval_by_its_requester_that_came_in_first_does_not_count_at_the_move(asking):
    version = asking.rehearsed()
    record_approval(asking.workspace, asking.model, version, "given", "person:ada", "Yes.")
    requested_by(asking, version, "person:ada")
    with pytest.raises(ReleaseRefused, match="asked for it and approved it"):
        promote(asking.workspace, asking.model, version)


def test_a_requester_may_refuse_and_with_the_declaration_approve(house):
    house.toy.edit(MODEL, "monitor:", "release: {approval: required, self_approval: true}\nmonitor:")
    version = house.rehearsed()
    requested_by(house, version, "person:ada")
    record_approval(house.workspace, house.model, version, "given", "person:ada", "I know.")
    assert promote(house.workspace, house.model, version).status == "promoted"
    other = house.rehearsed()
    requested_by(house, other, "person:ada")
    house.toy.edit(MODEL, ", self_approval: true", "")
    record_approval(house.workspace, house.model, other, "refused", "person:ada", "On second thought.")
    assert house.state.version(other)["status"] == "rejected"


def test_who_is_not_named_neither_approves_nor_refuses(house):
    house.toy.edit(MODEL, "monitor:", "release: {approval: required, approvers: [ada]}\nmonitor:")
    version = house.rehearsed()
    for word in ("given", "refused"):
        with pytest.raises(ReleaseRefused, match="may not"):
            record_approval(house.workspace, house.model, version, word, "person:mallory", "…")
    assert house.state.candidate["version"] == version
    assert "mallory said given" in house.events(Kind.APPROVAL_VOIDED)[0].reason


@pytest.mark.parametrize("asked_again", [True, False])
def test_who_may_approve_is_asked_again_at_the_move(asking, asked_again):
    version = asking.rehearsed()
    record_approval(asking.workspace, asking.model, version, "given", "person:eve", "Yes.")
    asking.toy.edit(MODEL, "approval: required", "approval: required, approvers: [ada]")
    with pytest.raises(ReleaseRefused, match=r"person:eve approved it, whom release.approvers does not name(.|\n)*ada"):
        promote(asking.workspace, asking.model, version)
    if asked_again:
        assert ask_person(asking.workspace, asking.model, version, asker="run:2").state == "ask"
        assert asking.state.version(version)["approval"]["answer"] == "asked"
    with pytest.raises(ReleaseRefused, match="may not"):
        record_approval(asking.workspace, asking.model, version, "given", "person:eve", "Yes, I said.")
    record_approval(asking.workspace, asking.model, version, "given", "person:ada", "So say I.")
    assert promote(asking.workspace, asking.model, version).status == "promoted"


def test_an_answer_that_comes_too_late_is_a_no(asking):
    version = asking.rehearsed()
    record_approval(asking.workspace, asking.model, version, "asked", "run:1", "Look.")
    with pytest.raises(ReleaseRefused, match=r"time to answer is over(.|\n)*within 2h"):
        record_approval(asking.workspace, asking.model, version, "given", "person:ada", "Yes.", now=LATER)
    assert answers(asking) == [Kind.APPROVAL_ASKED, Kind.APPROVAL_EXPIRED]
    assert asking.state.version(version)["status"] == "expired"
    with pytest.raises(ReleaseRefused, match="expired"):
        promote(asking.workspace, asking.model, version)


def test_a_question_that_times_out_takes_back_no_yes_that_came_by_another_way(asking):
    version = asking.rehearsed()
    record_approval(asking.workspace, asking.model, version, "asked", "run:1", "Look.")
    record_approval(asking.workspace, asking.model, version, "given", "person:ada", "By the command line.")
    entry = record_approval(asking.workspace, asking.model, version, "expired", "timeout", "Nobody.", to="run:1")
    assert (entry["approval"]["answer"], entry["approval"]["by"]) == ("given", "person:ada")
    assert answers(asking) == [Kind.APPROVAL_ASKED, Kind.APPROVAL_GIVEN]
    assert promote(asking.workspace, asking.model, version).status == "promoted"


def test_a_question_that_times_out_ends_its_own_and_no_later_one(asking):
    version = asking.rehearsed()
    for run in ("run:1", "run:2"):
        record_approval(asking.workspace, asking.model, version, "asked", run, "Look.")
    record_approval(asking.workspace, asking.model, version, "expired", "timeout", "Nobody.", to="run:1")
    assert asking.state.version(version)["approval"]["answer"] == "asked"
    record_approval(asking.workspace, asking.model, version, "expired", "timeout", "Nobody.", to="run:2")
    assert asking.state.version(version)["status"] == "expired"


def test_nobody_answers_and_the_next_run_says_so(asking):
    version = asking.rehearsed()
    record_approval(asking.workspace, asking.model, version, "asked", "run:1", "Look.")
    assert reconcile(asking.workspace, asking.model) == []
    asking.toy.edit(MODEL, "timeout: 2h", "timeout: 0s")
    assert reconcile(asking.workspace, asking.model) == [
        f"let version {version} go: nobody answered within 0s, which is a no"
    ]
    assert asking.state.candidate is None
    assert reconcile(asking.workspace, asking.model) == []


def test_a_yes_does_not_count_for_ever(asking):
    version = asking.rehearsed()
    record_approval(asking.workspace, asking.model, version, "given", "person:ada", "Yes.")
    assert ready(asking.model, asking.state, version).passed
    verdict = ready(asking.model, asking.state, version, now=LATER)
    assert verdict.outcome is Outcome.FAIL
    assert "longer ago than 2h" in verdict.why()
    # It is asked for again, and a new yes counts again.
    assert ask_person(asking.workspace, asking.model, version, asker="run:9", now=LATER).state == "ask"
    assert asking.state.version(version)["approval"]["answer"] == "asked"


def test_who_says_yes_again_after_theirs_lapsed_is_heard(asking):
    version = asking.rehearsed()
    for said, now in (("Yes.", None), ("Yes, yes.", None), ("Still.", LATER)):
        record_approval(asking.workspace, asking.model, version, "given", "person:ada", said, now=now)
    assert [event.reason for event in asking.events(Kind.APPROVAL_GIVEN)] == ["Yes.", "Still."]


def test_after_the_verdict_changed_the_person_is_asked_again(asking):
    version = asking.rehearsed()
    record_approval(asking.workspace, asking.model, version, "given", "person:ada", "Yes.")
    event = asking.events(Kind.GATE_DECIDED)[-1]
    verdict = {**event.evidence["verdict"], "digests": {"data": "other"}}
    asking.ledger.record("model/tips", Draft(event.kind, "gate", "again", {**event.evidence, "verdict": verdict}))
    assert ask_person(asking.workspace, asking.model, version, asker="run:1").state == "ask"
    with pytest.raises(ReleaseRefused, match="nobody has yet"):
        promote(asking.workspace, asking.model, version)
    record_approval(asking.workspace, asking.model, version, "given", "person:ada", "Still.")
    assert promote(asking.workspace, asking.model, version).status == "promoted"
