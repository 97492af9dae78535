"""One turn of the loop: what is done in which order, killed anywhere and run again, and what a fault harms."""

import sqlite3
from contextlib import closing

import pytest

from loopwright.declaration import Project
from loopwright.errors import DataFault, UnknownName
from loopwright.lake import Lake
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.loop.run import turn
from loopwright.loop.status import status
from loopwright.loop.step import STAGES, Began, Step
from loopwright.stages.release import record_approval
from loopwright.stages.train import decide_training
from support import toy as toys
from support.house import cold_mlflow, made_mlflow

__all__ = ["cold_mlflow", "made_mlflow"]
pytestmark = pytest.mark.usefixtures("made_mlflow")


class Killed(BaseException):
    """What a signal does to a process: nothing in it gets to tidy up in the ledger."""


def words(summary):
    return [(step.action, step.outcome, step.batch_id) for step in summary.steps]


def kinds(toy):
    ledger = Ledger.of(toy.workspace)
    return {subject: [event.kind for event in ledger.events(subject)] for subject in ledger.subjects()}


def test_two_months_go_round_in_the_order_of_the_loop(toy):
    toy.arrive(1)
    toy.arrive(2)
    told = []
    summary = turn(toy.workspace, "tips", on_event=told.append)
    assert words(summary) == [
        ("ingest", "published", "2024-01"),
        ("decide", "no", None),
        ("ingest", "published", "2024-02"),
        ("decide", "train", None),
        ("fit", "fitted", None),
        ("gate", "pass", None),
        ("register", "registered", None),
        ("rehearse", "pass", None),
        ("promote", "promoted", None),
        ("score", "scored", "2024-01"),
        ("score", "scored", "2024-02"),
        ("monitor", "pass", "2024-02"),
    ]
    assert (summary.before, summary.champion, summary.exit_status) == (None, "1", 0)
    assert [event for event in told if isinstance(event, Step)] == list(summary.steps)
    began = [event for event in told if isinstance(event, Began)]
    assert [event.action for event in began] == [step.action for step in summary.steps]
    assert {event.total for event in began} == {2}
    again = turn(toy.workspace, "tips")
    assert words(again) == [("decide", "no", None)]


def test_a_candidate_answers_beside_the_champion_and_is_judged_before_a_newer_one_takes_its_place(toy):
    model = "include/models/tips/model.yaml"
    toy.edit(model, "owner: tests", "owner: tests\nrelease: {shadow: {batches: 2}}")
    toy.edit(model, "champion: {margin: 0.02}", "champion: {margin: 0.02, better: false}")
    for month in (1, 2, 3):
        toy.arrive(month)
    first = turn(toy.workspace, "tips")
    assert words(first)[-2:] == [("rehearse", "pass", None), ("shadow", "waits", None)]
    assert (first.champion, first.exit_status) == ("1", 0)
    [stands] = status(toy.workspace, "tips")["models"]
    beside = {"version": "2", "phase": "shadow", "champion": "1", "batches": 2, "answered": 0}
    assert (stands["shadow"], stands["needs"]) == (beside, [])
    assert words(turn(toy.workspace, "tips")) == [("decide", "no", None)]
    toy.arrive(4)
    toy.arrive(5)
    second = turn(toy.workspace, "tips")
    found = words(second)
    for batch in ("2024-04", "2024-05"):
        begun = found.index(("score", "scored", batch))
        assert found[begun + 1] == ("shadow", "shadowed", batch)
    # New data alone starts no training meanwhile: else no shadow of two batches would come to its end.
    assert [outcome for action, outcome, _ in found if action == "decide"] == ["no", "train"]
    assert ("rehearse", "pass", None) not in found[: found.index(("promote", "promoted", None))]
    assert found.index(("shadow", "pass", None)) < found.index(("promote", "promoted", None))
    assert found.index(("promote", "promoted", None)) < found.index(("decide", "train", None))
    assert second.champion == "2"
    table = Lake.of(toy.workspace).predictions("tips").read(["2024-04", "2024-05"])
    assert table.groupby("_role")["model_version"].unique().map(list).to_dict() == {
        "champion": ["1"],
        "challenger": ["2"],
    }


def test_who_came_through_a_shadow_waits_for_a_yes_and_is_released_with_it(toy):
    model = "include/models/tips/model.yaml"
    toy.edit(model, "owner: tests", "owner: tests\nrelease: {approval: required, shadow: {batches: 1}}")
    toy.edit(model, "champion: {margin: 0.02}", "champion: {margin: 0.02, better: false}")
    yes = (toy.workspace, Project.at(toy.workspace.project).model("tips"))
    toy.arrive(1)
    toy.arrive(2)
    assert turn(toy.workspace, "tips").waits_for[0].startswith("version 1: ")
    record_approval(*yes, "1", "given", "person:ada", "The first.")
    assert turn(toy.workspace, "tips").champion == "1"
    toy.arrive(3)
    assert turn(toy.workspace, "tips").waits_for == ()
    toy.arrive(4)
    toy.arrive(5)
    asked = turn(toy.workspace, "tips")
    assert [outcome for action, outcome, _ in words(asked) if action == "decide"] == ["no", "no"]
    [waits] = asked.waits_for
    assert waits.startswith("version 2: ")
    record_approval(*yes, "2", "given", "person:ada", "It did well.")
    assert ("promote", "promoted", None) in words(turn(toy.workspace, "tips"))


def test_killed_before_and_after_every_single_step_it_ends_where_it_would_have(toy, tmp_path):
    whole = toys.make(tmp_path / "whole")
    for one in (toy, whole):
        one.arrive(1)
        one.arrive(2)
    for _ in range(2):  # the second says that there is no reason to train again, as the last of the killed ones does
        turn(whole.workspace, "tips")
    survived = set()

    def kill(event):
        step = (event.action, event.batch_id, getattr(event, "outcome", "began"))
        if step not in survived:
            survived.add(step)
            raise Killed

    while True:
        try:
            turn(toy.workspace, "tips", on_event=kill)
            break
        except Killed:
            continue
    assert len(survived) > 20
    assert kinds(toy) == kinds(whole)
    state = Ledger.of(toy.workspace).model("tips")
    assert (state.lineage, state.candidate, sorted(state.under("version"))) == (["1"], None, ["1"])
    assert len(Lake.of(toy.workspace).batches("rides").read()) == 4000
    assert len(Lake.of(toy.workspace).predictions("tips").read()) == 4000


def test_stages_behind_until_are_left_out_and_a_turn_that_goes_further_does_them(toy):
    toy.arrive(1)
    toy.arrive(2)
    done = set()
    for place, until in enumerate(STAGES, start=1):
        done |= {step.stage for step in turn(toy.workspace, "tips", until=until).steps}
        assert done == set(STAGES[:place])


def test_a_training_that_faults_harms_neither_ingest_nor_the_champion(toy):
    toy.arrive(1)
    toy.arrive(2)
    turn(toy.workspace, "tips")
    toy.edit("include/models/tips/training.py", "    return", "    raise ValueError('no luck')\n    return")
    toy.arrive(3)
    toy.arrive(4)
    summary = turn(toy.workspace, "tips")
    assert summary.exit_status == 2
    assert summary.faults
    assert {step.action for step in summary.faults} == {"fit"}
    assert "no luck" in summary.faults[0].result["error"]["got"]
    assert summary.champion == "1"
    state = Ledger.of(toy.workspace).model("tips")
    assert set(state.under("scored")) == {f"2024-0{month}" for month in range(1, 5)}


def test_a_request_to_roll_back_is_followed(toy):
    toy.edit("include/models/tips/model.yaml", "champion: {margin: 0.02}", "champion: {margin: 0.4, better: false}")
    for month in (1, 2):
        toy.arrive(month)
    turn(toy.workspace, "tips")
    toy.arrive(3)
    assert turn(toy.workspace, "tips").champion == "2"
    ledger = Ledger.of(toy.workspace)
    evidence = {"because": "performance", "batch_id": "2024-03", "version": "2"}
    ledger.record("model/tips", Draft(Kind.ROLLBACK_REQUESTED, "monitor", "It got worse.", evidence))
    summary = turn(toy.workspace, "tips", until="release")
    assert ("roll back", "rolled back", None) in words(summary)
    assert summary.champion == "1"
    assert ledger.model("tips").request("rollback") is None


def test_a_roll_back_without_an_earlier_champion_is_a_person_s_to_solve(toy):
    toy.arrive(1)
    toy.arrive(2)
    turn(toy.workspace, "tips")
    evidence = {"because": "performance", "batch_id": "2024-02", "version": "1"}
    Ledger.of(toy.workspace).record("model/tips", Draft(Kind.ROLLBACK_REQUESTED, "monitor", "It got worse.", evidence))
    summary = turn(toy.workspace, "tips")
    assert summary.exit_status == 0
    assert summary.champion == "1"
    assert "no earlier champion" in summary.waits_for[0]


def test_an_alias_that_a_hand_moved_is_put_back_and_told(toy):
    from loopwright.tracking import Tracking

    toy.arrive(1)
    toy.arrive(2)
    turn(toy.workspace, "tips")
    Tracking.of(toy.workspace).move_alias("tips", "champion", None)
    summary = turn(toy.workspace, "tips")
    assert [step.outcome for step in summary.steps if step.action == "reconcile"] == ["mended"]
    assert Tracking.of(toy.workspace).alias_of("tips", "champion") == "1"


def test_a_model_that_is_neither_scored_nor_watched_is_only_trained(toy):
    tell = "release: {tell: [{name: crm, webhook: 'http://127.0.0.1:9/crm', secret_env: NO_SUCH_SECRET}]}"
    more = f"resamples: 200}}\nscore: null\nmonitor: null\n{tell}"
    toy.edit("include/models/minutes/model.yaml", "resamples: 200}", more)
    toy.arrive(1)
    toy.arrive(2)
    summary = turn(toy.workspace, "minutes")
    assert summary.champion == "1"
    assert {step.stage for step in summary.steps} == {"ingest", "train", "release"}
    last = summary.steps[-1]  # who was not told of the promotion is said where the promotion is
    assert (last.action, last.outcome) == ("tell", "waiting")
    assert "not told yet, and tried again: crm of version 1" in last.why


def test_an_unknown_model_is_refused(toy):
    with pytest.raises(UnknownName, match="'tip'"):
        turn(toy.workspace, "tip")


def test_on_a_record_that_was_changed_nothing_is_trained_or_released_and_the_champion_goes_on(toy):
    toy.arrive(1)
    toy.arrive(2)
    turn(toy.workspace, "tips")
    with closing(sqlite3.connect(toy.workspace.ledger.removeprefix("sqlite:///"))) as database, database:
        database.execute("UPDATE events SET reason = 'as it suits me' WHERE subject = 'model/tips' AND sequence = 1")
    toy.arrive(3)
    summary = turn(toy.workspace, "tips")
    assert words(summary) == [
        ("verify", "fault", None),
        ("ingest", "published", "2024-03"),
        ("score", "scored", "2024-03"),
        ("monitor", "pass", "2024-03"),
    ]
    assert "its hash differs" in summary.steps[0].why
    assert "rebuild" not in summary.steps[0].why
    assert summary.exit_status == 2
    with pytest.raises(DataFault, match="nothing is trained on it"):
        decide_training(toy.workspace, toy.tips, force=True)
