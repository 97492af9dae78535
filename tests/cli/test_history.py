"""The record, told in order, and whether it is sound."""

import sqlite3

import pytest

from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger


@pytest.fixture
def told(toy):
    ledger = Ledger.of(toy.workspace)
    evidence = {"because": "person", "batch_id": None, "version": "1"}
    ledger.record("model/tips", Draft(Kind.RETRAIN_REQUESTED, "person:ada", "I want it.", evidence))
    ledger.record("model/tips", Draft(Kind.ROLLBACK_REQUESTED, "monitor", "It got worse.", evidence))
    return toy


def test_events_are_told_in_order_with_who_and_why(loopwright, told):
    lines = loopwright("history", "tips", "--project", told.path).out.splitlines()
    assert len(lines) == 2
    assert "person:ada" in lines[0]
    assert "I want it." in lines[0]
    assert "rollback_requested" in lines[1]


def test_as_json_it_is_one_document(loopwright, told):
    document = loopwright("history", "tips", "--project", told.path, "--json", "--limit", 1).document
    assert document["subject"] == "model/tips"
    assert [event["sequence"] for event in document["events"]] == [2]
    assert document["problems"] is None


def test_a_sound_record_verifies(loopwright, told):
    answer = loopwright("history", "tips", "--verify", "--project", told.path)
    assert answer.status == 0
    assert "2 events verify" in answer.out


def test_a_record_edited_by_hand_is_found_out(loopwright, told):
    with sqlite3.connect(told.workspace.ledger.removeprefix("sqlite:///")) as database:
        database.execute("UPDATE events SET reason = 'Never asked.' WHERE sequence = 1")
    answer = loopwright("history", "tips", "--verify", "--project", told.path, "--json")
    assert answer.status == 1
    assert answer.document["problems"]


def test_a_dataset_is_found_by_its_name_and_by_its_subject(loopwright, told):
    assert "Nothing is recorded" in loopwright("history", "rides", "--project", told.path).out
    assert (
        loopwright("history", "dataset/rides", "--project", told.path, "--json").document["subject"] == "dataset/rides"
    )
    assert loopwright("history", "project", "--project", told.path, "--json").document["events"] == []


def test_a_ledger_in_another_place_is_no_empty_one(loopwright, told, tmp_path):
    elsewhere = tmp_path / "elsewhere.db"
    answer = loopwright("history", "tips", "--project", told.path, "--ledger", f"sqlite:///{elsewhere}")
    assert answer.status == 2
    assert "no ledger here" in answer.err
    assert "LOOPWRIGHT_LEDGER" in answer.err
    assert not elsewhere.exists()


def test_an_unknown_name_is_answered_with_the_nearest(loopwright, told):
    answer = loopwright("history", "tip", "--project", told.path)
    assert answer.status == 2
    assert "Did you mean 'tips'?" in answer.err
