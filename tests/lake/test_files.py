from __future__ import annotations

import os
from pathlib import Path

import pytest

from loopwright.lake.files import write_whole


def test_a_file_is_written_and_replaced(tmp_path):
    target = tmp_path / "a" / "b.json"
    write_whole(str(target), "first", {})
    write_whole(str(target), "sécond", {})
    assert target.read_text(encoding="utf-8") == "sécond"
    assert list(target.parent.iterdir()) == [target]


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    target = tmp_path / "b.json"
    write_whole(str(target), "first", {})

    def fail(_: int) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        write_whole(str(target), "second", {})
    assert target.read_text() == "first"
    assert list(tmp_path.iterdir()) == [target]


def test_what_was_written_can_be_read_by_others(tmp_path: Path):
    """A temporary file is its owner's alone; a report is for all that the folder's mask allows."""
    mask = os.umask(0o022)
    try:
        write_whole(str(tmp_path / "b.json"), "first", {})
    finally:
        os.umask(mask)
    assert (tmp_path / "b.json").stat().st_mode & 0o777 == 0o644
