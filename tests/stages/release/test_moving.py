"""Crashes between any two steps, two at once, and hands on the alias: the end is the same."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
from pathlib import Path

import pytest

from loopwright.declaration import Project, Workspace
from loopwright.errors import LoopwrightError, TrackingUnavailable
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.stages.release import ALIAS, ReleaseRefused, promote, reconcile, reconciliation, rehearse, roll_back
from loopwright.stages.release.moving import Moving
from loopwright.tracking import Tracking

STEPS = [(Ledger, "decide", n) for n in (1, 2, 3)] + [(Tracking, "move_alias", 1), (Tracking, "tag_version", 1)]
DEATHS = [(owner, name, sign * n) for owner, name, n in STEPS for sign in (1, -1)]


class Died(BaseException):
    """The process ended here."""


@pytest.fixture
def dies(monkeypatch):
    """Arm the nth call of a method: dead before it does anything, or (negative) right after."""

    def arm(owner, name, call):
        real, calls = getattr(owner, name), [0]

        def dying(self, *args, **kwargs):
            calls[0] += 1
            if calls[0] == call:
                raise Died
            result = real(self, *args, **kwargs)
            if calls[0] == -call:
                raise Died
            return result

        monkeypatch.setattr(owner, name, dying)

    yield arm
    monkeypatch.undo()


@pytest.mark.parametrize("death", DEATHS, ids=lambda death: f"{death[1]}{death[2]}")
@pytest.mark.parametrize("next_step", ["retry", "reconcile"])
def test_promote_killed_anywhere_ends_the_same(house, dies, monkeypatch, death, next_step):
    first, second = house.champion(), house.rehearsed()
    owner, name, call = death
    # The look around that begins a promotion finds nothing to do, but one decision of it is a call of its own.
    dies(owner, name, (abs(call) + (name == "decide")) * (1 if call > 0 else -1))
    with pytest.raises(Died):
        promote(house.workspace, house.model, second)
    monkeypatch.undo()
    intended = len(house.events(Kind.RELEASE_INTENDED)) == 2
    if next_step == "retry":
        promote(house.workspace, house.model, second)
    else:
        reconcile(house.workspace, house.model)
    expected = second if intended or next_step == "retry" else first
    assert house.standing == (expected, expected, None)
    assert reconcile(house.workspace, house.model) == []
    assert house.kinds().count("release_confirmed") == (2 if expected == second else 1)
    assert house.kinds().count("release_moved") == (2 if expected == second else 1)
    assert house.kinds().count("alias_found_moved") == 0
    assert house.ledger.verify("model/tips") == []


def test_a_roll_back_that_was_killed_is_finished(house, dies, monkeypatch):
    first, second = house.champion(), house.champion()
    dies(Tracking, "move_alias", 1)
    with pytest.raises(Died):
        roll_back(house.workspace, house.model, reason="bad", actor="person:ada")
    monkeypatch.undo()
    assert house.standing[:2] == (second, second)
    assert reconcile(house.workspace, house.model) == [f"finished the roll back of version {first}"]
    assert house.standing == (first, first, None)


def test_the_registry_away_leaves_an_intent_that_the_next_one_finishes(house, monkeypatch):
    version = house.rehearsed()

    def away(*_args):
        raise TrackingUnavailable("MLflow cannot be used.")

    monkeypatch.setattr(Tracking, "move_alias", away)
    with pytest.raises(TrackingUnavailable, match="cannot be used"):
        promote(house.workspace, house.model, version)
    monkeypatch.undo()
    assert house.state.release["step"] == "intended"
    assert promote(house.workspace, house.model, version).status == "unchanged"
    assert house.standing == (version, version, None)


def test_a_version_that_the_registry_lost_is_given_up(house):
    first, second = house.champion(), house.rehearsed()
    import mlflow

    mlflow.MlflowClient(house.workspace.tracking).delete_model_version("tips", second)
    with pytest.raises(ReleaseRefused, match=f"Version {second} did not become champion"):
        promote(house.workspace, house.model, second)
    assert house.standing == (first, first, None)
    assert house.kinds()[-2:] == ["version_lost", "release_abandoned"]
    assert (house.state.candidate, house.state.version(second)["status"]) == (None, "lost")
    assert "somebody deleted it there" in house.events(Kind.VERSION_LOST)[0].reason
    with pytest.raises(ReleaseRefused, match=f"version {second} is lost"):  # nothing is tried again
        promote(house.workspace, house.model, second)
    assert house.kinds()[-2:] == ["version_lost", "release_abandoned"]
    assert house.ledger.verify("model/tips") == []


def test_a_champion_that_the_registry_lost_is_said_once_and_holds_up_no_roll_back(house, monkeypatch):
    import mlflow

    from loopwright.loop.status import status
    from loopwright.stages.release import Rehearsal, stage
    from loopwright.verdict import Check, Outcome, Verdict

    first, second = house.champion(), house.champion()
    mlflow.MlflowClient(house.workspace.tracking).delete_model_version("tips", second)
    [said] = reconcile(house.workspace, house.model)
    assert f"MLflow has no version {second} of tips any more" in said
    before = house.kinds()
    assert reconcile(house.workspace, house.model) == []
    assert house.kinds() == before
    assert house.state.champion["version"] == second
    [needs] = status(house.workspace, "tips")["models"][0]["needs"]
    assert needs == f"version {second} is champion, and MLflow has it no more: roll back"
    verdict = Verdict("rehearsal", "model/tips", (Check("loads", Outcome.PASS, "it loads"),))
    monkeypatch.setattr(stage, "rehearse", lambda _w, _m, version: Rehearsal("tips", version, verdict, 0.0, {}))
    assert roll_back(house.workspace, house.model, reason="lost", actor="person:ada").version == first
    assert house.standing == (first, first, None)


def test_who_slept_while_its_release_was_given_up_tags_nothing(house, monkeypatch):
    first, second = house.champion(), house.rehearsed()
    real = Tracking.move_alias

    def late(self, *args):
        if house.state.release:
            abandoned = {"version": second, "why": "Somebody said no."}
            house.ledger.record("model/tips", Draft(Kind.RELEASE_ABANDONED, "release", "Given up.", abandoned))
        real(self, *args)

    monkeypatch.setattr(Tracking, "move_alias", late)
    with pytest.raises(ReleaseRefused, match=f"Version {second} did not become champion"):
        promote(house.workspace, house.model, second)
    monkeypatch.undo()
    assert house.standing == (first, first, None)
    import mlflow

    tags = mlflow.MlflowClient(house.workspace.tracking).get_model_version("tips", second).tags
    assert "loopwright.released_by" not in tags


def test_another_mlflow_loses_no_version(house, tmp_path):
    """An address that was mistyped, or a server on an empty database: what is not there was not deleted there."""
    house.champion()
    second = house.rehearsed()
    elsewhere = dataclasses.replace(house.workspace, tracking=f"sqlite:///{tmp_path}/empty/mlflow.db")
    before = house.kinds()
    for act in (reconcile, reconciliation):
        with pytest.raises(TrackingUnavailable, match=r"may be another MLflow(.|\n)*MLFLOW_TRACKING_URI names"):
            act(elsewhere, house.model)
    for act in (promote, rehearse):
        with pytest.raises(TrackingUnavailable, match="may be another MLflow"):
            act(elsewhere, house.model, second)
    assert house.kinds() == before
    assert promote(house.workspace, house.model, second).status == "promoted"


def test_a_hand_on_the_alias_is_found_and_put_back(house):
    first, second = house.champion(), house.champion()
    house.tracking.move_alias("tips", ALIAS, first)
    assert reconcile(house.workspace, house.model) == [f"put the alias back from version {first} to version {second}"]
    assert house.standing == (second, second, None)
    [event] = house.events(Kind.ALIAS_FOUND_MOVED)
    assert event.evidence == {"found": first, "expected": second}
    assert reconcile(house.workspace, house.model) == []


def test_an_alias_nobody_released_is_taken_away(house):
    version = house.candidate()
    house.tracking.move_alias("tips", ALIAS, version)
    assert reconcile(house.workspace, house.model) == [f"put the alias back from version {version} to none"]
    assert house.alias is None


def test_a_sleeper_cannot_leave_the_alias_wrong(house, monkeypatch):
    """It slept before it moved the alias; meanwhile others finished its release, and made another."""
    house.champion()
    second = house.rehearsed()
    real = Tracking.move_alias
    slept = []

    def sleepy(self, model, alias, version):
        if not slept:
            slept.append(version)
            monkeypatch.setattr(Tracking, "move_alias", real)
            reconcile(house.workspace, house.model)
            house.champion()
        real(self, model, alias, version)

    monkeypatch.setattr(Tracking, "move_alias", sleepy)
    with pytest.raises(ReleaseRefused, match=f"Version {second} did not become champion"):
        promote(house.workspace, house.model, second)
    assert slept == [second]
    assert house.standing == ("3", "3", None)
    assert house.state.lineage == ["1", "2", "3"]


def test_an_intent_under_way_keeps_others_out_and_lets_the_same_help(house):
    first = house.champion()
    second = house.rehearsed()
    moving = Moving(house.workspace, house.model)

    def intent(version, action):
        evidence = {"version": version, "previous": first, "action": action, "artifact_digest": "…"}
        return Draft(Kind.RELEASE_INTENDED, "release", "…", evidence)

    assert moving.intend(lambda state: intent(second, "promote"))
    with pytest.raises(LoopwrightError, match="Another promotion is under way"):
        moving.intend(lambda state: intent(first, "roll_back"))
    assert not moving.intend(lambda state: intent(second, "promote"))
    assert len(house.events(Kind.RELEASE_INTENDED)) == 2


def _race(raw: dict, action: str, version: str, barrier, answers) -> None:
    workspace = Workspace.from_dict(raw)
    model = Project.at(workspace.project).model("tips")
    barrier.wait()
    try:
        if action == "promote":
            released = promote(workspace, model, version, actor=f"process:{os.getpid()}")
            answers.put((version, released.status))
        elif action == "roll_back":
            released = roll_back(workspace, model, to_version=version, reason="bad", actor=f"process:{os.getpid()}")
            answers.put((version, released.status))
        else:
            reconcile(workspace, model)
            answers.put((version, "reconciled"))
    except LoopwrightError as error:
        answers.put((version, type(error).__name__))


def _at_once(house, *tasks: tuple[str, str]) -> dict[str, str]:
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(len(tasks)), context.Queue()
    racers = [
        context.Process(target=_race, args=(house.workspace.to_dict(), *task, barrier, answers)) for task in tasks
    ]
    for racer in racers:
        racer.start()
    found = [answers.get(timeout=120) for _ in racers]
    for racer in racers:
        racer.join()
    return dict(found)


def test_of_two_candidates_promoted_at_once_one_wins_whole(house):
    first = house.champion()
    older, newer = house.rehearsed(), house.rehearsed()
    answers = _at_once(house, ("promote", older), ("promote", newer))
    assert answers == {older: "ReleaseRefused", newer: "promoted"}
    assert house.standing == (newer, newer, None)
    assert house.state.lineage == [first, newer]


def test_the_same_promotion_and_reconcilers_at_once(house):
    version = house.rehearsed()
    answers = _at_once(house, ("promote", version), ("reconcile", "a"), ("reconcile", "b"))
    assert answers[version] in {"promoted", "unchanged"}
    assert house.standing == (version, version, None)
    assert house.kinds().count("release_confirmed") == 1
    assert house.kinds().count("alias_found_moved") == 0
    assert house.ledger.verify("model/tips") == []


def test_a_roll_back_and_a_promotion_at_once(house):
    first, _ = house.champion(), house.champion()
    newer = house.rehearsed()
    answers = _at_once(house, ("roll_back", first), ("promote", newer))
    champion, alias, release = house.standing
    assert release is None
    assert champion == alias
    assert champion in {first, newer}
    assert answers[champion] in {"rolled_back", "promoted"}
    confirmed = [event.evidence["version"] for event in house.events(Kind.RELEASE_CONFIRMED)]
    assert confirmed[-1] == champion
    assert len(house.events(Kind.RELEASE_INTENDED)) == len(confirmed)
    assert house.ledger.verify("model/tips") == []


def test_killed_for_good_between_two_steps(house):
    """Not an exception: the process is gone, with whatever it held."""
    version = house.rehearsed()
    context = multiprocessing.get_context("spawn")
    victim = context.Process(target=_killed_before_the_alias, args=(house.workspace.to_dict(), version))
    victim.start()
    victim.join(120)
    assert victim.exitcode == 9
    assert house.state.release["step"] == "intended"
    assert reconcile(house.workspace, house.model) == [f"finished the promotion of version {version}"]
    assert house.standing == (version, version, None)


def _killed_before_the_alias(raw: dict, version: str) -> None:
    Tracking.move_alias = lambda *_args: os._exit(9)  # type: ignore[method-assign,assignment]
    workspace = Workspace.from_dict(raw)
    promote(workspace, Project.at(Path(workspace.project)).model("tips"), version)
