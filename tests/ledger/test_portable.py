"""A backup: one moment of the ledger in one file, whole or absent, taken in only where it is sound and nothing is."""

from __future__ import annotations

import json
import threading

import pytest

from loopwright.errors import CannotRun
from loopwright.ledger import portable
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.portable import BackupUnusable
from loopwright.ledger.store import Ledger


def scored(batch: str) -> Draft:
    return Draft(Kind.BATCH_SCORED, "score", f"scored {batch}: ü, 1e-300", {"batch_id": batch, "value": 0.1 + 0.2})


@pytest.fixture
def told(ledger):
    for batch in "abc":
        ledger.record("model/tips", scored(batch))
    ledger.record("dataset/rides", Draft(Kind.CI_JUDGED, "ci", "judged", {"code_digest": "c"}))
    return ledger


@pytest.fixture
def file(told, tmp_path):
    path = tmp_path / "there" / "ledger.jsonl"
    path.parent.mkdir()
    told.backup(path)
    return path


def test_it_comes_back_the_same_on_any_database(told, file, tmp_path):
    other = Ledger(f"sqlite:///{tmp_path / 'other.db'}")
    assert other.restore(file).events == 4
    assert other.events() == told.events()
    assert other.model("tips") == told.model("tips")
    assert other.verify("model/tips") == other.verify("dataset/rides") == []
    again = tmp_path / "again.jsonl"
    assert other.backup(again).head == told.backup(file).head
    other.record("model/tips", scored("d"))
    assert other.verify("model/tips") == []


def test_a_backup_from_elsewhere_comes_into_this_database(ledger, sqlite_url, tmp_path):
    elsewhere = Ledger(f"{sqlite_url}.elsewhere")
    elsewhere.record("model/tips", scored("a"))
    elsewhere.backup(tmp_path / "b")
    ledger.restore(tmp_path / "b")
    assert ledger.events() == elsewhere.events()
    ledger.record("model/tips", scored("b"))
    assert ledger.verify("model/tips") == []


def test_an_empty_ledger_has_a_backup_too(ledger, tmp_path):
    assert ledger.backup(tmp_path / "b").events == 0
    assert ledger.restore(tmp_path / "b").events == 0


def test_nothing_is_taken_in_over_what_is_recorded(told, file):
    with pytest.raises(BackupUnusable, match=r"where nothing is recorded(.|\n)*never overwritten"):
        told.restore(file)
    assert len(told.events()) == 4


def edited(line: int, **changes):
    def edit(lines):
        value = {**json.loads(lines[line]), **changes}
        return [*lines[:line], json.dumps(value, sort_keys=True, separators=(",", ":")), *lines[line + 1 :]]

    return edit


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (edited(2, reason="as it suits me"), "Event 2 .* is not what was recorded"),
        (edited(2, previous_hash="0" * 64), "Event 2 does not follow"),
        (lambda lines: [*lines[:2], *lines[3:]], "Event 2 is missing"),
        (lambda lines: [*lines[:3], *lines[4:]], "events are missing or too many, of model/tips"),
        (lambda lines: [*lines[:4], lines[-1]], "events are missing or too many, of dataset/rides"),
        (lambda lines: lines[:-1], "it was cut off"),
        (lambda lines: [*lines[:-1], lines[-1][:20]], "line 6 is not a line"),
        (edited(0, revision="0009"), "its bytes are not those"),
        (edited(0, loopwright_ledger=2), "its format is 2"),
        (edited(1, kind="dreamt"), "a kind that this release does not know"),
        (lambda lines: lines[1:], "line 1 is not a line"),
        (lambda lines: [*lines[:1], "[]", *lines[1:]], "line 2 is not a line"),
    ],
)
def test_a_changed_backup_is_refused_and_nothing_is_taken_in(file, tmp_path, edit, why):
    file.write_text("".join(f"{line}\n" for line in edit(file.read_text().splitlines())))
    other = Ledger(f"sqlite:///{tmp_path / 'other.db'}")
    with pytest.raises(BackupUnusable, match=why):
        other.restore(file)
    assert other.events() == []


def test_a_backup_that_fails_half_way_leaves_the_one_before(told, file, monkeypatch):
    before = file.read_bytes()

    def die(*_: object):
        raise KeyboardInterrupt

    monkeypatch.setattr(portable.os, "fsync", die)
    with pytest.raises(KeyboardInterrupt):
        told.backup(file)
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_restore_that_fails_half_way_leaves_nothing(file, sqlite_url, monkeypatch):
    other = Ledger(f"{sqlite_url}.other")

    def die(*_: object):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("loopwright.ledger.journal.replace_entries", die)
        with pytest.raises(KeyboardInterrupt):
            other.restore(file)
    assert other.events() == []
    assert other.restore(file).events == 4


def test_a_place_that_cannot_be_written_or_read(told, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotRun, match="is not there; nothing was written"):
        told.backup(tmp_path / "file" / "below")
    with pytest.raises(CannotRun, match="cannot be written"):
        told.backup(tmp_path)
    with pytest.raises(CannotRun, match="cannot be read"):
        told.restore(tmp_path / "none")


def test_whoever_writes_meanwhile_is_not_held_up_and_not_half_in_it(told, tmp_path):
    stop, written = threading.Event(), []

    def write():
        while not stop.is_set():
            written.append(told.record("model/tips", scored(f"x{len(written)}")))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            told.backup(tmp_path / f"{number}")
            assert portable.checked(tmp_path / f"{number}").events >= 4
    finally:
        stop.set()
        writer.join()
    assert written
    assert told.verify("model/tips") == []
