"""The release operators: what they ask of the stage, and what they remember across attempts."""

from types import SimpleNamespace

import pytest
from airflow.sdk import DAG, Asset
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, DownstreamTasksSkipped

import loopwright.stages.release as stage
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.operators.release import (
    PromoteCandidateOperator,
    ReconcileReleaseOperator,
    RehearseCandidateOperator,
    ReproduceChampionOperator,
    RollBackOperator,
    ShadowCandidateOperator,
)
from loopwright.stages.release import Rehearsal, Shadow
from loopwright.verdict import Check, Outcome, Verdict
from support.airflow_context import context
from support.house import cold_mlflow, house

__all__ = ["cold_mlflow", "house"]

CHAMPION = Asset("loopwright://tips/champion")


class Released(SimpleNamespace):
    def to_dict(self):
        return dict(vars(self))


@pytest.fixture
def asked(monkeypatch):
    """What the stage was asked to roll back."""
    calls = []

    def roll_back(workspace, model, **given):
        calls.append(given)
        return Released(model="tips", version="1", previous=None, action="roll_back", status="rolled_back")

    monkeypatch.setattr(stage, "roll_back", roll_back)
    return calls


def lineage(toy, *versions):
    """Let versions become champion, one after the other, in the ledger alone."""
    ledger = Ledger.of(toy.workspace)
    for version in versions:
        registered = {"training_id": f"t{version}", "version": version, "run_id": "r", "artifact_digest": "d",
                      "source": "s", "primary": {}, "batches": [], "holdout": [], "ask": False}  # fmt: skip
        ledger.record("model/tips", Draft(Kind.CANDIDATE_REGISTERED, "test", "registered", registered))
        moved = {"version": version, "previous": None, "action": "promote"}
        ledger.record("model/tips", Draft(Kind.RELEASE_CONFIRMED, "test", "confirmed", moved))
    return ledger


def roll_back(toy, **more):
    return RollBackOperator(task_id="roll_back", model="tips", project=str(toy.path), outlets=[CHAMPION], **more)


def test_a_person_rolls_back_and_is_named(toy, asked):
    lineage(toy, "1", "2")
    operator = roll_back(toy, reason="slow", to_version="")
    given = context(operator, person="ada")
    assert operator.execute(given) == "1"
    assert asked == [{"to_version": None, "reason": "slow", "actor": "person:ada", "from_version": "2"}]
    assert given["outlet_events"][CHAMPION].extra == {"version": "1", "action": "roll_back"}


def test_a_retry_leaves_the_champion_that_the_first_attempt_found(toy, asked):
    ledger = lineage(toy, "1", "2")
    operator = roll_back(toy, reason="slow")
    given = context(operator, person="ada")
    operator.execute(given)
    back = {"version": "1", "previous": "2", "action": "roll_back"}
    ledger.record("model/tips", Draft(Kind.RELEASE_CONFIRMED, "test", "died right after", back))
    operator.execute(given)
    assert [call["from_version"] for call in asked] == ["2", "2"]


def test_a_run_that_nobody_started_rolls_back_only_what_the_monitor_asked_for(toy, asked):
    ledger = lineage(toy, "1", "2")
    operator = roll_back(toy, only_if_requested="True")
    with pytest.raises(AirflowSkipException, match="Nobody asked"):
        operator.execute(context(operator, run_type="asset_triggered"))
    wanted = {"because": "performance", "batch_id": "b", "version": "2"}
    ledger.record("model/tips", Draft(Kind.ROLLBACK_REQUESTED, "monitor", "quality dropped", wanted))
    operator.execute(context(operator, run_type="asset_triggered"))
    assert (asked[0]["reason"], asked[0]["actor"]) == ("quality dropped", "monitor")


def test_an_open_request_is_answered_by_the_clock_when_its_event_was_lost(house):
    first, second = house.champion(), house.champion()
    operator = roll_back(house.toy, only_if_requested="True")
    with pytest.raises(AirflowSkipException, match="Nobody asked"):
        operator.execute(context(operator, run_type="scheduled"))
    wanted = {"because": "performance", "batch_id": "b", "version": second}
    house.ledger.record("model/tips", Draft(Kind.ROLLBACK_REQUESTED, "monitor", "quality dropped", wanted))
    assert operator.execute(context(operator, run_type="scheduled")) == first
    assert house.standing == (first, first, None)
    assert house.state.request("rollback") is None


def test_reconciling_returns_the_candidate_or_skips_the_rest(toy, monkeypatch):
    monkeypatch.setattr(stage, "reconcile", lambda workspace, model: ["The alias was repaired."])
    with DAG("any", schedule=None):
        operator = ReconcileReleaseOperator(task_id="reconcile", model="tips", project=str(toy.path))
        operator >> PromoteCandidateOperator(task_id="promote", model="tips", version="1")
    given = context(operator)
    with pytest.raises(DownstreamTasksSkipped) as skipped:
        operator.execute(given)
    assert list(skipped.value.tasks) == ["promote"]
    assert given["ti"].pushed["result"]["mended"] == ["The alias was repaired."]
    ledger = lineage(toy, "1")
    registered = {"training_id": "t2", "version": "2", "run_id": "r", "artifact_digest": "d"}
    ledger.record("model/tips", Draft(Kind.CANDIDATE_REGISTERED, "test", "registered", registered))
    assert operator.execute(context(operator)) == "2"


def test_a_named_version_wins_over_the_candidate(toy, monkeypatch):
    monkeypatch.setattr(stage, "reconcile", lambda workspace, model: [])
    operator = ReconcileReleaseOperator(task_id="reconcile", model="tips", project=str(toy.path), version="7")
    assert operator.execute(context(operator)) == "7"


@pytest.mark.parametrize(
    ("outcome", "ending"),
    [(Outcome.FAIL, AirflowFailException), (Outcome.INCONCLUSIVE, DownstreamTasksSkipped)],
)
def test_what_was_not_rehearsed_is_not_released(toy, monkeypatch, outcome, ending):
    verdict = Verdict("rehearsal", "model/tips", (Check("same_answers", outcome, "3 of 500 differ"),))
    rehearsal = Rehearsal("tips", "1", verdict, 1.0, {})
    monkeypatch.setattr(stage, "rehearsed_before", lambda workspace, model, version: None)
    monkeypatch.setattr(stage, "rehearse", lambda workspace, model, version: rehearsal)
    with DAG("any", schedule=None):
        operator = RehearseCandidateOperator(task_id="rehearse", model="tips", version="1", project=str(toy.path))
        operator >> PromoteCandidateOperator(task_id="promote", model="tips", version="1", trigger_rule="none_failed")
    given = context(operator)
    with pytest.raises(ending):
        operator.execute(given)
    assert given["ti"].pushed["result"]["verdict"]["outcome"] == outcome.value


def test_what_was_rehearsed_is_not_rehearsed_again(toy, monkeypatch):
    verdict = Verdict("rehearsal", "model/tips", (Check("loads", Outcome.PASS, "it loads"),))
    before = Rehearsal("tips", "1", verdict, 1.0, {}, held="2026-11-21T10:00:00+00:00")
    monkeypatch.setattr(stage, "rehearsed_before", lambda workspace, model, version: before)
    monkeypatch.setattr(stage, "rehearse", lambda *_: pytest.fail("it was rehearsed again"))
    operator = RehearseCandidateOperator(task_id="rehearse", model="tips", version="1", project=str(toy.path))
    given = context(operator)
    assert operator.execute(given) == "pass"
    assert given["ti"].pushed["result"]["held"] == before.held


@pytest.mark.parametrize(
    ("status", "ending"),
    [
        ("not needed", None),
        ("release", None),
        ("ask", None),
        ("waits", DownstreamTasksSkipped),
        ("over", DownstreamTasksSkipped),
        ("refuse", AirflowFailException),
    ],
)
def test_where_a_shadow_stands_ends_its_task(toy, monkeypatch, status, ending):
    found = Shadow("tips", "2", status, "it is so")
    monkeypatch.setattr(stage, "shadow", lambda workspace, model, version: found)
    with DAG("any", schedule=None):
        operator = ShadowCandidateOperator(task_id="shadow", model="tips", version="2", project=str(toy.path))
        operator >> PromoteCandidateOperator(task_id="promote", model="tips", version="2", trigger_rule="none_failed")
    given = context(operator)
    if ending is None:
        assert operator.execute(given) == status
    else:
        with pytest.raises(ending) as ended:
            operator.execute(given)
        if ending is DownstreamTasksSkipped:
            assert list(ended.value.tasks) == ["promote"]
    assert given["ti"].pushed["result"]["status"] == status


def test_an_unknown_model_says_the_nearest(toy):
    operator = PromoteCandidateOperator(task_id="promote", model="tip", version="1", project=str(toy.path))
    with pytest.raises(AirflowFailException, match=r"(?s)no model called 'tip'.*Did you mean 'tips'"):
        operator.execute(context(operator))


def test_a_roll_back_that_nobody_asked_for_needs_a_reason(toy, asked):
    lineage(toy, "1", "2")
    with pytest.raises(AirflowFailException, match=r"(?s)needs a reason.*say why"):
        roll_back(toy, reason="").execute(context(roll_back(toy), person="ada"))
    assert asked == []


@pytest.mark.parametrize("outcome", ["identical", "within_tolerance", "different", "erased"])
def test_a_champion_that_cannot_be_made_again_fails_its_task(toy, monkeypatch, outcome):
    from loopwright.loop import reproduce as room

    lineage(toy, "1", "2")
    found = room.Reproduction(
        model="tips",
        version="2",
        outcome=outcome,
        rows=10,
        differ=3,
        largest=None,
        tolerance=1e-6,
        reasons=(),
        seconds=1.0,
    )
    asked = []
    monkeypatch.setattr(room, "reproduce", lambda workspace, model, version: asked.append(version) or found)
    operator = ReproduceChampionOperator(task_id="reproduce", model="tips", project=str(toy.path))
    if outcome == "different":
        with pytest.raises(AirflowFailException, match="Version 2 cannot be made again: 3 of 10 rows"):
            operator.execute(context(operator))
    elif outcome == "erased":
        with pytest.raises(AirflowSkipException, match="Version 2: it cannot be trained again"):
            operator.execute(context(operator))
    else:
        assert operator.execute(context(operator)) == outcome
    assert asked == ["2"]


def test_without_a_champion_there_is_nothing_to_make_again(toy):
    operator = ReproduceChampionOperator(task_id="reproduce", model="tips", project=str(toy.path))
    with pytest.raises(AirflowSkipException, match="no champion"):
        operator.execute(context(operator))
