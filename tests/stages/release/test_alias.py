"""A hand on the alias: put back, or taken over when that is declared and the version can be served."""

from __future__ import annotations

import sqlite3

import pytest

from loopwright.ledger.events import Kind
from loopwright.stages.release import (
    ALIAS,
    ReleaseRefused,
    promote,
    reconcile,
    reconciliation,
    record_approval,
    roll_back,
)
from loopwright.stages.score import score_batch

MODEL = "include/models/tips/model.yaml"


@pytest.fixture
def adopting(house):
    house.toy.edit(MODEL, "monitor:", "release: {alias: adopt}\nmonitor:")
    return house


def test_what_a_hand_chose_is_champion_once_it_was_rehearsed(adopting):
    champion, chosen = adopting.champion(), adopting.candidate()
    adopting.tracking.move_alias("tips", ALIAS, chosen)
    [said] = reconcile(adopting.workspace, adopting.model)
    assert (
        said
        == f"took version {chosen}, which a hand had moved the alias to, for champion instead of version {champion}"
    )
    assert adopting.standing == (chosen, chosen, None)
    assert adopting.state.lineage == [champion, chosen]
    assert adopting.kinds()[-5:] == [
        "rehearsed", "alias_found_moved", "release_intended", "release_moved", "release_confirmed",
    ]  # fmt: skip
    assert adopting.events(Kind.RELEASE_INTENDED)[-1].evidence["action"] == "adopt"
    assert reconcile(adopting.workspace, adopting.model) == []
    assert roll_back(adopting.workspace, adopting.model, reason="no", actor="person:ada").version == champion


def test_a_late_writer_of_the_loops_own_is_no_hand(adopting):
    """It slept between intent and move, others released since: what it says is neither new nor anybody's choice."""
    first, second = adopting.champion(), adopting.champion()
    adopting.tracking.move_alias("tips", ALIAS, first)
    [said] = reconcile(adopting.workspace, adopting.model)
    assert said.startswith(f"put the alias back from version {first} to version {second} (the loop itself moved it")
    assert said.endswith(f"`loopwright rollback tips --to {first}` goes back to it)")
    assert adopting.standing == (second, second, None)
    assert len(adopting.events(Kind.RELEASE_INTENDED)) == 2


def test_what_cannot_be_served_is_not_taken_over(adopting):
    second = adopting.champion()
    bad = adopting.candidate(expected_shift=0.5)
    adopting.tracking.move_alias("tips", ALIAS, bad)
    [said] = reconcile(adopting.workspace, adopting.model)
    assert said.startswith(
        f"put the alias back from version {bad} to version {second} (version {bad} may not be champion"
    )
    assert adopting.standing == (second, second, None)
    assert adopting.state.version(bad)["status"] == "rejected"


def test_what_the_loop_never_saw_is_not_taken_over_unseen(adopting):
    first = adopting.champion()
    import mlflow

    client = mlflow.MlflowClient(adopting.workspace.tracking)
    entry = adopting.state.version(first)
    stranger = client.create_model_version("tips", entry["source"], entry["run_id"]).version
    adopting.tracking.move_alias("tips", ALIAS, str(stranger))
    [said] = reconcile(adopting.workspace, adopting.model)
    assert "none of the loop's; `loopwright adopt tips --from models:/tips/2`" in said
    assert adopting.standing == (first, first, None)


def test_an_alias_that_a_hand_took_away_is_put_back_whatever_is_declared(adopting):
    first = adopting.champion()
    adopting.tracking.move_alias("tips", ALIAS, None)
    assert reconcile(adopting.workspace, adopting.model) == [f"put the alias back from none to version {first}"]


def test_who_writes_the_alias_does_not_change_what_is_scored(house):
    first, second = house.champion(), house.champion()
    house.tracking.move_alias("tips", ALIAS, first)
    assert score_batch(house.workspace, house.model, "2024-01").version == second
    assert set(house.predictions("2024-01")["model_version"]) == {second}


def test_a_champion_that_the_team_had_before_is_neither_taken_away_nor_pushed_aside(house):
    import mlflow

    client = mlflow.MlflowClient(house.workspace.tracking)
    client.create_registered_model("tips")
    client.create_model_version("tips", str(house.toy.path / "somewhere"))
    client.set_registered_model_alias("tips", ALIAS, "1")
    version = house.rehearsed()
    assert reconcile(house.workspace, house.model) == []
    with pytest.raises(
        ReleaseRefused, match=r"has a champion already(.|\n)*loopwright adopt tips --from models:/tips/1"
    ):
        promote(house.workspace, house.model, version)
    assert house.alias == "1"
    house.tracking.move_alias("tips", ALIAS, None)
    assert promote(house.workspace, house.model, version).status == "promoted"


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE entries SET value = replace(value, '\"fail\"', '\"pass\"')", "The entry last_verdict is not what"),
        (
            "UPDATE events SET evidence = replace(evidence, '\"fail\"', '\"pass\"')",
            r"Event 3 \(gate_decided\) is not what",
        ),
    ],
    ids=["state", "event"],
)
def test_on_a_verdict_that_was_tampered_with_nothing_is_released(house, statement, problem):
    from loopwright.verdict import Outcome

    version = house.rehearsed(gate=Outcome.FAIL)
    with sqlite3.connect(house.workspace.ledger.removeprefix("sqlite:///")) as database:
        database.execute(statement)
    with pytest.raises(ReleaseRefused, match=rf"record of this model is not what was recorded(.|\n)*{problem}"):
        promote(house.workspace, house.model, version)
    assert house.standing == (None, None, None)


def test_on_a_state_that_was_tampered_with_no_alias_moves(house):
    """The entry `lineage` says who is champion: put the other way round, it would move the alias to the one before."""
    house.champion()
    second = house.champion()
    with sqlite3.connect(house.workspace.ledger.removeprefix("sqlite:///")) as database:
        database.execute("""UPDATE entries SET value = '["2", "1"]' WHERE key = 'lineage'""")
    before = house.kinds()
    for look in (reconcile, reconciliation):
        with pytest.raises(ReleaseRefused, match=r"not what was recorded(.|\n)*The entry lineage is not what"):
            look(house.workspace, house.model)
    assert (house.alias, house.kinds()) == (second, before)


def test_what_nobody_approved_is_not_taken_over_where_somebody_has_to(adopting):
    champion, refused = adopting.champion(), adopting.rehearsed()
    adopting.toy.edit(MODEL, "alias: adopt", "alias: adopt, approval: required, approvers: [ada]")
    record_approval(adopting.workspace, adopting.model, refused, "refused", "person:ada", "No.")
    adopting.tracking.move_alias("tips", ALIAS, refused)
    [said] = reconcile(adopting.workspace, adopting.model)
    assert f"(version {refused} is not taken over: a person has to approve it, and one refused it)" in said
    assert adopting.standing == (champion, champion, None)
