"""The record itself, looked after from the command line."""

import sqlite3

import pytest

from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.ledger.tables import REVISION


@pytest.fixture
def told(toy):
    evidence = {"because": "person", "batch_id": None, "version": "1"}
    draft = Draft(Kind.RETRAIN_REQUESTED, "person:ada", "I want it.", evidence)
    Ledger.of(toy.workspace).record("model/tips", draft)
    return toy


def sql(toy, statement):
    with sqlite3.connect(toy.workspace.ledger.removeprefix("sqlite:///")) as database:
        database.execute(statement)


def test_a_sound_ledger_checks(loopwright, told):
    answer = loopwright("ledger", "check", "--project", told.path)
    assert answer.status == 0
    assert f"revision {REVISION}; 1 events about 1 subjects verify" in answer.out
    document = loopwright("ledger", "check", "--project", told.path, "--json").document
    assert document == {"revision": REVISION, "wanted": REVISION, "events": 1, "subjects": 1, "problems": {}}


def test_a_mistyped_subject_is_answered_with_the_nearest(loopwright, told):
    answer = loopwright("ledger", "rebuild", "modl/tips", "--project", told.path)
    assert answer.status == 2
    assert "Did you mean 'model/tips'?" in answer.err


def test_a_ledger_that_was_tampered_with_is_told_by_subject(loopwright, told):
    sql(told, "UPDATE events SET actor = 'nobody'")
    answer = loopwright("ledger", "check", "--project", told.path)
    assert answer.status == 1
    assert "model/tips: Event 1 (retrain_requested) is not what was recorded" in answer.out
    assert loopwright("ledger", "check", "--project", told.path, "--json").status == 1
    refused = loopwright("ledger", "rebuild", "--project", told.path)
    assert refused.status == 2
    assert "ledger restore" in refused.err


def test_an_older_ledger_says_how_to_go_on(loopwright, told):
    sql(told, "DROP INDEX entries_by_key")
    sql(told, "UPDATE loopwright_ledger_version SET version_num = '0001'")
    refused = loopwright("status", "--project", told.path)
    assert refused.status == 2
    assert "loopwright ledger migrate" in refused.err
    assert "from revision 0001" in loopwright("ledger", "migrate", "--project", told.path).out
    assert "already" in loopwright("ledger", "migrate", "--project", told.path).out
    assert loopwright("ledger", "migrate", "--project", told.path, "--json").document["to"] == REVISION
    assert loopwright("status", "--project", told.path).status == 0


def test_state_is_folded_anew(loopwright, told):
    sql(told, "DELETE FROM entries")
    assert loopwright("ledger", "check", "--project", told.path).status == 1
    assert loopwright("ledger", "rebuild", "model/tips", "--project", told.path, "--json").document == {"events": 1}
    assert loopwright("ledger", "check", "--project", told.path).status == 0


def test_a_copy_goes_into_an_empty_ledger_and_no_other(loopwright, told, tmp_path):
    file = tmp_path / "copy.jsonl"
    held = loopwright("ledger", "backup", file, "--project", told.path, "--json").document
    assert held["events"] == 1
    elsewhere = f"sqlite:///{tmp_path / 'other.db'}"
    restored = loopwright("ledger", "restore", file, "--project", told.path, "--ledger", elsewhere)
    assert restored.status == 0
    assert "1 events about 1 subjects are here again" in restored.out
    refused = loopwright("ledger", "restore", file, "--project", told.path)
    assert refused.status == 2
    assert "never overwritten" in refused.err
    assert "verify" in loopwright("history", "tips", "--verify", "--project", told.path, "--ledger", elsewhere).out


def test_a_backup_into_a_folder_that_is_not_there_is_refused(loopwright, told, tmp_path):
    refused = loopwright("ledger", "backup", tmp_path / "backpus/ledger.jsonl", "--project", told.path)
    assert refused.status == 2
    assert f"mkdir -p {tmp_path / 'backpus'}" in refused.err
    assert not (tmp_path / "backpus").exists()


def test_a_record_that_was_made_anew_verifies_and_is_found_out_by_a_backup(loopwright, told, tmp_path):
    file, at = tmp_path / "copy.jsonl", ("--project", told.path)
    assert loopwright("ledger", "backup", file, *at).status == 0
    Ledger.of(told.workspace).record("model/tips", Draft(Kind.CI_JUDGED, "ci", "pass", {}))
    answer = loopwright("ledger", "check", "--against", file, *at)
    assert answer.status == 0
    assert f"2 events about 1 subjects verify, and go on from {file}" in answer.out
    forged = Ledger(f"sqlite:///{tmp_path / 'forged.db'}")
    for actor in ("person:mallory", "ci"):
        forged.record("model/tips", Draft(Kind.CI_JUDGED, actor, "pass", {}))
    at = (*at, "--ledger", f"sqlite:///{tmp_path / 'forged.db'}")
    assert loopwright("ledger", "check", *at).status == 0
    found = loopwright("ledger", "check", "--against", file, *at)
    assert found.status == 1
    assert "model/tips: Event 1 is another than in the backup: this record was made anew." in found.out
    empty = ("--project", told.path, "--ledger", f"sqlite:///{tmp_path / 'empty.db'}", "--json")
    [said] = loopwright("ledger", "check", "--against", file, *empty).document["problems"]["model/tips"]
    assert "were cut off" in said
