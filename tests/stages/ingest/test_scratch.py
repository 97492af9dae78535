"""Temporary folders go with their process, also when it was killed."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from loopwright.stages.ingest import scratch as scratches
from loopwright.stages.ingest.scratch import scratch, sweep

HOLD = """
import sys, time
from loopwright.stages.ingest.scratch import scratch
place = scratch()
(place.path / "people.parquet").write_text("rows")
print(place.path, flush=True)
sys.stdin.readline()
"""
LATER = 3600.0


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def test_a_folder_goes_when_it_is_erased_or_nobody_refers_to_it_any_more(temporary: Path) -> None:
    place = scratch()
    path = place.path
    assert sweep(now=time.time() + LATER) == [], "it is used, however old"
    place.erase()
    assert not path.exists()
    path = scratch().path
    assert not path.exists()


def test_what_a_killed_process_left_is_swept_and_what_a_living_one_uses_is_not(temporary: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    path = Path(process.stdout.readline().strip())
    assert sweep(now=time.time() + LATER) == []
    process.kill()
    process.communicate()
    assert path.exists()
    assert sweep() == [], "too young: it may only just have been made"
    assert sweep(now=time.time() + LATER) == [path]
    (temporary / "loopwright-ingest-old").mkdir()
    (temporary / "somebody-elses").mkdir()
    assert sweep(now=time.time() + LATER) == [temporary / "loopwright-ingest-old"]
    assert scratches._PREFIX in path.name
