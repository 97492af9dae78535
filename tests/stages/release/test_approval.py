from __future__ import annotations

import pytest

from loopwright.errors import UnknownName
from loopwright.ledger.events import Kind
from loopwright.stages.release import ReleaseRefused, promote, record_approval
from loopwright.verdict import Outcome


@pytest.fixture
def asking(house):
    house.toy.edit("include/models/tips/model.yaml", "monitor:", "release: {approval: required}\nmonitor:")
    return house


def test_without_an_approval_nothing_is_promoted(asking):
    version = asking.rehearsed()
    with pytest.raises(ReleaseRefused, match="a person has to approve it, and nobody has yet"):
        promote(asking.workspace, asking.model, version)
    assert asking.standing == (None, None, None)


def test_asked_given_promoted(asking):
    version = asking.rehearsed()
    record_approval(asking.workspace, asking.model, version, "asked", "run:1", "Look.")
    with pytest.raises(ReleaseRefused, match="nobody has yet"):
        promote(asking.workspace, asking.model, version)
    record_approval(asking.workspace, asking.model, version, "given", "person:ada", "Good.")
    assert promote(asking.workspace, asking.model, version).status == "promoted"


def test_a_refusal_is_final_and_lets_the_version_go(asking):
    version = asking.rehearsed()
    record_approval(asking.workspace, asking.model, version, "refused", "person:ada", "No.")
    assert asking.state.candidate is None
    with pytest.raises(ReleaseRefused, match="does not"):
        record_approval(asking.workspace, asking.model, version, "given", "person:bob", "Yes.")
    with pytest.raises(ReleaseRefused, match="rejected"):
        promote(asking.workspace, asking.model, version)


def test_answers_are_recorded_once_and_asking_takes_none_back(asking):
    version = asking.rehearsed()
    for answer, by in [("asked", "run:1"), ("asked", "run:1"), ("given", "person:ada"), ("given", "person:ada")]:
        record_approval(asking.workspace, asking.model, version, answer, by, "…")  # type: ignore[arg-type]
    record_approval(asking.workspace, asking.model, version, "asked", "run:2", "…")
    assert len(asking.events(Kind.APPROVAL_ASKED)) == len(asking.events(Kind.APPROVAL_GIVEN)) == 1
    assert asking.state.version(version)["approval"]["answer"] == "given"


def test_another_run_that_asks_is_recorded(asking):
    version = asking.rehearsed()
    record_approval(asking.workspace, asking.model, version, "asked", "run:1", "…")
    record_approval(asking.workspace, asking.model, version, "asked", "run:2", "…")
    assert asking.state.version(version)["approval"]["by"] == "run:2"


def test_only_declared_approvers_may(house):
    house.toy.edit(
        "include/models/tips/model.yaml", "monitor:", "release: {approval: required, approvers: [ada]}\nmonitor:"
    )
    version = house.rehearsed()
    with pytest.raises(ReleaseRefused, match="may not approve"):
        record_approval(house.workspace, house.model, version, "given", "person:mallory", "Yes.")
    record_approval(house.workspace, house.model, version, "given", "person:ada", "Yes.")
    assert promote(house.workspace, house.model, version).status == "promoted"


def test_an_approval_of_something_else_is_void(asking):
    version = asking.rehearsed()
    record_approval(asking.workspace, asking.model, version, "given", "person:ada", "Yes.")
    # The gate judges the same training again, and says something else.
    event = asking.events(Kind.GATE_DECIDED)[-1]
    verdict = {**event.evidence["verdict"], "digests": {"data": "other"}}
    from loopwright.ledger.events import Draft

    asking.ledger.record(
        "model/tips", Draft(Kind.GATE_DECIDED, "gate", "again", {**event.evidence, "verdict": verdict})
    )
    with pytest.raises(ReleaseRefused, match="approved something else"):
        promote(asking.workspace, asking.model, version)


def test_an_inconclusive_verdict_that_asks_needs_a_person(house):
    version = house.rehearsed(gate=Outcome.INCONCLUSIVE, ask=True)
    with pytest.raises(ReleaseRefused, match="a person has to approve it"):
        promote(house.workspace, house.model, version)
    record_approval(house.workspace, house.model, version, "given", "person:ada", "Yes.")
    assert promote(house.workspace, house.model, version).status == "promoted"


def test_of_an_unknown_version_nothing_is_recorded(house):
    house.candidate()
    with pytest.raises(UnknownName, match="no version '7'"):
        record_approval(house.workspace, house.model, "7", "given", "person:ada", "Yes.")
