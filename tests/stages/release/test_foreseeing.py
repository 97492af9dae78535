"""A dry run of reconcile and of a roll back: it says what then happens, and changes nothing."""

from __future__ import annotations

from functools import partial

import mlflow
import pytest

from loopwright.errors import TrackingUnavailable
from loopwright.ledger.events import Draft, Kind
from loopwright.stages.release import (
    ALIAS,
    Rehearsal,
    ReleaseRefused,
    promote,
    reconcile,
    reconciliation,
    record_approval,
    roll_back,
    stage,
)
from loopwright.tracking import Tracking
from loopwright.verdict import Check, Outcome, Verdict

MODEL = "include/models/tips/model.yaml"


@pytest.fixture
def without_rehearsal(monkeypatch):
    """Take the rehearsal of a roll back that is made for granted; that of a dry run is held."""
    passed = Verdict("rehearsal", "model/tips", (Check("loads", Outcome.PASS, "it loads"),))
    monkeypatch.setattr(stage, "rehearse", lambda _w, _m, version: Rehearsal("tips", version, passed, 0, {}))


def agree(house, would, done):
    """The dry run says so, nothing is changed; then it is done, and nothing is left to do."""
    before = house.kinds(), house.standing
    assert reconciliation(house.workspace, house.model) == would
    assert (house.kinds(), house.standing) == before
    assert reconcile(house.workspace, house.model) == done
    assert reconciliation(house.workspace, house.model) == []


def interrupted(house, monkeypatch, act):
    """Leave a release between intent and move."""

    def away(*_args):
        raise TrackingUnavailable("MLflow cannot be used.")

    with monkeypatch.context() as patch:
        patch.setattr(Tracking, "move_alias", away)
        with pytest.raises(TrackingUnavailable, match="cannot be used"):
            act()


def test_what_reconcile_would_do_is_what_it_does(house, monkeypatch, without_rehearsal):
    assert reconciliation(house.workspace, house.model) == []
    first, second = house.champion(), house.champion()
    house.tracking.move_alias("tips", ALIAS, first)
    said = f"put the alias back from version {first} to version {second}"
    agree(house, [said], [said])
    late = house.rehearsed(against=None)
    why = f"version {late}: the gate compared it with no champion, and production has version {second}"
    agree(house, [f"withdraw {why}"], [f"withdrew {why}"])
    waiting = house.rehearsed()
    act = lambda: roll_back(house.workspace, house.model, reason="bad", actor="person:ada")  # noqa: E731
    interrupted(house, monkeypatch, act)
    why = f"version {waiting}: the gate compared it with version {second}, and production has version {first}"
    agree(
        house,
        [f"finish the roll back of version {first}", f"withdraw {why}"],
        [f"finished the roll back of version {first}", f"withdrew {why}"],
    )
    assert house.standing == (first, first, None)


def test_a_no_that_came_between_intent_and_move_counts(house, monkeypatch):
    house.toy.edit(MODEL, "monitor:", "release: {approval: required}\nmonitor:")
    version = house.rehearsed()
    record_approval(house.workspace, house.model, version, "given", "person:ada", "Yes.")
    interrupted(house, monkeypatch, lambda: promote(house.workspace, house.model, version))
    assert house.state.release["step"] == "intended"
    record_approval(house.workspace, house.model, version, "refused", "person:ada", "No, wait.")
    why = f"the promotion of version {version}: a person has to approve it, and one refused it"
    agree(house, [f"give up {why}"], [f"gave up {why}"])
    assert house.standing == (None, None, None)


def test_a_roll_back_says_whom_it_withdraws(house, without_rehearsal):
    first, second, waiting = house.champion(), house.champion(), house.rehearsed()
    back = partial(roll_back, house.workspace, house.model, reason="bad", actor="person:ada")
    why = f"version {waiting}: the gate compared it with version {second}, and production has version {first}"
    assert back(dry_run=True).withdrew == why
    assert back().withdrew == f"withdrew {why}"
    assert house.state.candidate is None


def test_what_is_lost_adopted_or_overdue_is_foreseen_too(house, monkeypatch):
    first, second = house.champion(), house.rehearsed()
    interrupted(house, monkeypatch, lambda: promote(house.workspace, house.model, second))
    client = mlflow.MlflowClient(house.workspace.tracking)
    client.delete_model_version("tips", second)
    [would] = reconciliation(house.workspace, house.model)
    assert would == f"give up the promotion of version {second}: MLflow has it no more"
    [done] = reconcile(house.workspace, house.model)
    assert done.startswith(f"gave up the promotion of version {second}: ")
    house.toy.edit(MODEL, "monitor:", "release: {approval: required, timeout: 0s, alias: adopt}\nmonitor:")
    third = house.rehearsed()
    record_approval(house.workspace, house.model, third, "asked", "run:1", "A person is asked.")
    why = f"let version {third} go: nobody answered within 0s, which is a no"
    agree(house, [why], [why])
    house.toy.edit(MODEL, "approval: required, timeout: 0s, ", "")
    house.tracking.move_alias("tips", ALIAS, third)
    before = house.kinds()
    [would] = reconciliation(house.workspace, house.model)
    instead = f"take it for champion instead of version {first}"
    assert would == f"rehearse version {third}, which a hand moved the alias to, and if it passes {instead}"
    assert (house.kinds(), house.alias) == (before, third)
    client.delete_model_version("tips", first)
    house.tracking.move_alias("tips", ALIAS, None)
    [would] = reconciliation(house.workspace, house.model)
    assert would == f"record that MLflow has no version {first} of tips any more: somebody deleted it there"


def test_letters_that_wait_are_foreseen(house):
    house.toy.edit(MODEL, "monitor:", f"release: {{tell: [{{name: copy, copy_to: {house.toy.path}/out}}]}}\nmonitor:")
    version = house.rehearsed()
    evidence = {"version": version, "previous": None, "action": "promote", "tell": ["copy", "gone"]}
    house.ledger.record("model/tips", Draft(Kind.RELEASE_CONFIRMED, "release", "Out.", evidence))
    house.tracking.move_alias("tips", ALIAS, version)
    assert reconciliation(house.workspace, house.model) == [
        f"tell copy that version {version} is champion",
        f"drop the letter about version {version} to gone, which is not declared",
    ]
    assert not (house.toy.path / "out").exists()


def test_a_dry_roll_back_rehearses_and_says_what_comes_of_it(house, monkeypatch, without_rehearsal):
    first, second, third = house.champion(), house.champion(), house.champion()
    before = house.kinds(), house.standing
    how = {"reason": "bad", "actor": "person:ada"}
    foreseen = roll_back(house.workspace, house.model, **how, dry_run=True)
    assert (house.kinds(), house.standing) == before
    assert roll_back(house.workspace, house.model, to_version=third, **how, dry_run=True).status == "unchanged"
    assert roll_back(house.workspace, house.model, **how) == foreseen
    assert (foreseen.version, foreseen.previous, foreseen.status) == (second, first, "rolled_back")
    failed = Verdict("rehearsal", "model/tips", (Check("loads", Outcome.FAIL, "it does not load"),))
    monkeypatch.setattr(stage, "tried", lambda _w, _m, version: Rehearsal("tips", version, failed, 0, {}))
    with pytest.raises(ReleaseRefused, match=f"Version {first} may not become champion: it does not load"):
        roll_back(house.workspace, house.model, **how, dry_run=True)
    assert house.standing == (second, second, None)
