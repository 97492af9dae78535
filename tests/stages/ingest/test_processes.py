"""Ingest by real processes, killed anywhere or several at once: a batch is published once, and no row twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from loopwright.lake import Lake
from loopwright.ledger.events import Kind
from loopwright.ledger.store import Ledger
from support.toy import Toy, rides

TESTS = Path(__file__).resolve().parents[2]


def start(toy: Toy, *at: object) -> subprocess.Popen[str]:
    """Begin to ingest the first month in a process of its own."""
    command = [sys.executable, "-m", "support.ingesting", str(toy.path), "2024-01", *map(str, at)]
    paths = os.pathsep.join([str(TESTS), str(TESTS.parent / "plugins")])
    return subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": paths}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ended(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=300)
    assert process.returncode in (0, -signal.SIGKILL), err
    return out.strip() if process.returncode == 0 else "killed"


@pytest.fixture
def ready(toy: Toy) -> Toy:
    """A month of which two rows share their key, so that they are set aside; judged by its structure alone."""
    dataset = "include/datasets/rides/dataset.yaml"
    toy.edit(dataset, "owner: tests", "owner: tests\nexpectations: null\non_bad_rows: {set_aside_up_to: 10%}")
    toy.edit(dataset, "clean:\n  - {step: drop_duplicates, columns: [ride_id]}\n", "")
    frame = rides(1, rows=60)
    frame.loc[7, "ride_id"] = frame.loc[8, "ride_id"]
    toy.arrive(1, frame)
    return toy


def stands(toy: Toy) -> None:
    """Hold that the batch is published once, without its bad rows, and that none is lost or doubled."""
    lake, ledger = Lake.of(toy.workspace), Ledger.of(toy.workspace)
    here, there = lake.batches("rides").read(), lake.quarantine("rides").read()
    assert (len(here), len(there)) == (58, 2)
    assert sorted(pd.concat([here["_row"], there["_row"]])) == list(range(60))
    assert len(ledger.events("dataset/rides", kinds=[Kind.BATCH_PUBLISHED])) == 1
    (batch,) = ledger.dataset("rides").published()
    assert len(lake.batches("rides").read_as_of({"2024-01": batch["data_version"]})) == 58
    assert ledger.verify("dataset/rides") == []


def killed_then_run(toy: Toy, at: int) -> None:
    assert ended(start(toy, at)) == "killed"
    assert ended(start(toy)) in ("published", "unchanged")
    stands(toy)


def test_killed_between_the_tables_and_run_again(ready: Toy) -> None:
    killed_then_run(ready, 3)


@pytest.mark.full
@pytest.mark.parametrize("at", [1, 2, 3, 4, 5])
def test_killed_before_each_writing_and_run_again(ready: Toy, at: int) -> None:
    killed_then_run(ready, at)


def test_two_at_once(ready: Toy) -> None:
    both = [start(ready), start(ready)]
    assert {ended(process) for process in both} <= {"published", "unchanged"}
    stands(ready)


@pytest.mark.full
@pytest.mark.parametrize("_", range(5))
def test_four_at_once_of_which_one_is_killed(ready: Toy, _: int) -> None:
    several = [start(ready), start(ready, 4), start(ready), start(ready)]
    assert {ended(process) for process in several} <= {"published", "unchanged", "killed"}
    assert ended(start(ready)) in ("published", "unchanged")
    stands(ready)
