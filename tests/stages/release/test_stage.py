"""Promote and roll back: what must be true, and what is true afterwards."""

from __future__ import annotations

import json

import pytest

from loopwright.errors import NotReady, UnknownName
from loopwright.ledger.events import Draft, Kind
from loopwright.stages.release import Rehearsal, ReleaseRefused, promote, reconcile, roll_back, stage
from loopwright.verdict import Check, Outcome, Verdict


@pytest.fixture
def without_rehearsal(monkeypatch):
    """Take the rehearsal of a roll back for granted: it has tests of its own, and takes three seconds."""
    passed = Verdict("rehearsal", "model/tips", (Check("loads", Outcome.PASS, "it loads"),))
    monkeypatch.setattr(
        stage, "rehearse", lambda _workspace, _model, version: Rehearsal("tips", version, passed, 0, {})
    )


def test_the_first_champion(house):
    version = house.rehearsed()
    released = promote(house.workspace, house.model, version)
    assert json.loads(json.dumps(released.to_dict())) == {
        "model": "tips", "version": "1", "previous": None, "action": "promote", "status": "promoted", "override": None,
        "withdrew": None,
    }  # fmt: skip
    assert house.standing == ("1", "1", None)
    assert house.kinds()[-3:] == ["release_intended", "release_moved", "release_confirmed"]
    assert house.ledger.verify("model/tips") == []


def test_promoting_again_changes_nothing(house):
    version = house.champion()
    before = house.kinds()
    assert promote(house.workspace, house.model, version).status == "unchanged"
    assert house.kinds() == before


def test_a_better_one_follows_and_the_first_stays_ready(house):
    first, second = house.champion(), house.rehearsed()
    released = promote(house.workspace, house.model, second)
    assert (released.version, released.previous) == (second, first)
    assert house.state.previous["version"] == first
    assert house.state.version(first)["status"] == "retired"


@pytest.mark.parametrize(
    ("how", "match"),
    [
        ({"gate": Outcome.FAIL}, "the gate said fail"),
        ({"gate": Outcome.INCONCLUSIVE}, "the gate said inconclusive"),
        ({"gate": Outcome.NOT_APPLICABLE}, "the gate said inconclusive"),
    ],
)
def test_without_the_gate_nothing_is_promoted(house, how, match):
    version = house.rehearsed(**how)
    with pytest.raises(ReleaseRefused, match=match):
        promote(house.workspace, house.model, version)
    assert house.standing == (None, None, None)


def test_without_a_rehearsal_nothing_is_promoted(house):
    version = house.candidate()
    with pytest.raises(ReleaseRefused, match="its rehearsal said nothing yet"):
        promote(house.workspace, house.model, version)


def test_what_is_released_is_what_was_judged(house):
    version = house.rehearsed()
    event = house.events(Kind.GATE_DECIDED)[-1]
    house.ledger.record("model/tips", Draft(event.kind, "gate", "…", {**event.evidence, "artifact_digest": "f" * 64}))
    with pytest.raises(ReleaseRefused, match="not the one that was judged"):
        promote(house.workspace, house.model, version)


def test_a_newer_candidate_takes_the_place_of_one_that_waits(house):
    first, second = house.rehearsed(), house.rehearsed()
    with pytest.raises(ReleaseRefused, match=f"version {first} is superseded; waiting for its release is {second}"):
        promote(house.workspace, house.model, first)
    assert promote(house.workspace, house.model, second).version == second


def test_a_candidate_that_was_compared_with_another_champion_is_withdrawn(house, without_rehearsal):
    first = house.champion()
    second = house.champion()
    waiting = house.rehearsed()
    roll_back(house.workspace, house.model, reason="it misbehaves", actor="person:ada")
    assert house.state.champion["version"] == first
    assert house.state.candidate is None
    withdrawn = house.state.version(waiting)
    assert withdrawn["status"] == "superseded"
    said = house.events(Kind.CANDIDATE_SUPERSEDED)[-1].reason
    assert f"compared it with version {second}, and production has version {first}" in said
    with pytest.raises(ReleaseRefused, match="is superseded"):
        promote(house.workspace, house.model, waiting)


def test_reconcile_withdraws_what_was_registered_too_late(house):
    house.champion()
    late = house.rehearsed(against=None)
    assert reconcile(house.workspace, house.model) == [
        f"withdrew version {late}: the gate compared it with no champion, and production has version 1"
    ]
    assert reconcile(house.workspace, house.model) == []


def test_an_unknown_version_names_the_nearest(house):
    house.rehearsed()
    with pytest.raises(UnknownName, match="no version '11'"):
        promote(house.workspace, house.model, "11")


def test_roll_back_and_again(house, without_rehearsal):
    first, second, third = house.champion(), house.champion(), house.champion()
    released = roll_back(house.workspace, house.model, reason="bad", actor="person:ada")
    assert (released.version, released.previous, released.status) == (second, first, "rolled_back")
    assert house.standing == (second, second, None)
    assert house.state.version(third)["status"] == "rolled_back"
    assert house.events(Kind.RELEASE_INTENDED)[-1].reason == "bad"
    again = roll_back(house.workspace, house.model, to_version=third, reason="it was not its fault", actor="person:ada")
    assert (again.version, again.previous, again.status) == (third, second, "rolled_back")
    assert house.standing == (third, third, None)
    for earlier in (second, first):
        assert roll_back(house.workspace, house.model, reason="it was", actor="person:ada").version == earlier
    with pytest.raises(NotReady, match=r"no earlier champion(.|\n)*the first(.|\n)*--to VERSION(.|\n)*2, 3"):
        roll_back(house.workspace, house.model, reason="and more", actor="person:ada")
    assert house.standing == (first, first, None)


def test_a_retried_roll_back_does_not_go_back_twice(house, without_rehearsal):
    _, second, third = house.champion(), house.champion(), house.champion()
    for status in ("rolled_back", "unchanged"):
        released = roll_back(house.workspace, house.model, reason="bad", actor="person:ada", from_version=third)
        assert (released.version, released.status) == (second, status)
    assert roll_back(house.workspace, house.model, to_version=second, reason="…", actor="x").status == "unchanged"


def test_a_request_names_the_champion_to_leave(house):
    first, second = house.champion(), house.champion()
    evidence = {"because": "performance", "batch_id": "2024-02", "version": second}
    house.ledger.record("model/tips", Draft(Kind.ROLLBACK_REQUESTED, "monitor", "it dropped", evidence))
    assert roll_back(house.workspace, house.model, reason="it dropped", actor="monitor").version == first
    assert house.state.request("rollback") is None


def test_a_request_about_a_champion_of_the_past_moves_nobody(house):
    first = house.champion()
    second = house.champion()
    evidence = {"because": "performance", "batch_id": "2024-02", "version": first}
    house.ledger.record("model/tips", Draft(Kind.ROLLBACK_REQUESTED, "monitor", "it dropped", evidence))
    assert roll_back(house.workspace, house.model, reason="…", actor="monitor").status == "unchanged"
    assert house.state.champion["version"] == second


def test_a_new_champion_leaves_the_request_about_the_old_one_without_object(house):
    first = house.champion()
    evidence = {"because": "performance", "batch_id": "2024-02", "version": first}
    house.ledger.record("model/tips", Draft(Kind.ROLLBACK_REQUESTED, "monitor", "it dropped", evidence))
    house.champion()
    assert house.state.request("rollback") is None


def test_there_must_be_something_to_return_to(house):
    with pytest.raises(NotReady, match="There is no champion"):
        roll_back(house.workspace, house.model, reason="bad", actor="person:ada")
    house.champion()
    with pytest.raises(NotReady, match="no earlier champion"):
        roll_back(house.workspace, house.model, reason="bad", actor="person:ada")


def test_roll_back_is_no_way_around_the_gate(house):
    house.champion()
    refused = house.rehearsed(gate=Outcome.FAIL)
    with pytest.raises(ReleaseRefused, match="never champion"):
        roll_back(house.workspace, house.model, to_version=refused, reason="I insist", actor="person:ada")
    with pytest.raises(UnknownName, match=r"no version '99'(.|\n)*none: no other version ever was champion"):
        roll_back(house.workspace, house.model, to_version="99", reason="I insist", actor="person:ada")


def test_a_target_that_does_not_load_any_more_stays_where_it_is(house):
    first, second = house.champion(), house.champion()
    run = house.state.version(first)["run_id"]
    [pickle] = house.toy.path.rglob(f"{run}/**/estimator.pkl")
    pickle.write_bytes(b"not what was judged")
    with pytest.raises(ReleaseRefused, match="cannot be served"):
        roll_back(house.workspace, house.model, reason="bad", actor="person:ada")
    assert house.standing == (second, second, None)
