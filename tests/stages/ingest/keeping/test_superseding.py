"""What nobody had decided about and went with an arrival that came again is said, in the record and in the report."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from loopwright.lake import Lake
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.quarantine.ruling import rule
from loopwright.stages.ingest.stage import ingest_batch
from support.toy import Toy, rides


def reason(toy: Toy) -> str:
    known = Ledger.of(toy.workspace).dataset("rides").arrival("2024-01")
    assert known is not None
    return str(known["reason"])


def test_undecided_rows_that_go_with_a_superseded_arrival_are_counted_for_whoever_reads(toy: Toy) -> None:
    more = "owner: tests\non_bad_rows: {set_aside_up_to: 10%}"
    toy.edit("include/datasets/rides/dataset.yaml", "owner: tests", more)
    good = rides(1, rows=60)
    bad = good.assign(zone=good["zone"].where(~good.index.isin([3, 4]), "?"))
    toy.arrive(1, bad)
    first = ingest_batch(toy.workspace, toy.rides, "2024-01")
    assert first.rows_quarantined == 2
    assert "arrival before" not in reason(toy)
    toy.arrive(1, good.drop(index=[3, 4, 5]))
    for force in (False, True):  # the same bytes again say it again: the report is written anew
        done = ingest_batch(toy.workspace, toy.rides, "2024-01", force=force)
        assert "; 2 rows of the arrival before, set aside and decided about by nobody, went with it" in reason(toy)
        assert "tests can look them up" in reason(toy)
        assert done.report is not None
        report = json.loads(Path(done.report).read_text())
        assert (report["superseded"]["rows"], report["superseded"]["report"]) == (2, first.report)
        page = " ".join((Lake.of(toy.workspace).beside_report(done.report, ".html") or b"").decode().split())
        assert "2 rows of the arrival before, set aside and decided about by nobody, went with it" in page
    assert Path(first.report or "").exists()
    assert Ledger.of(toy.workspace).verify("dataset/rides") == []


def test_what_a_person_decided_about_or_nobody_could_read_is_told_apart(toy: Toy) -> None:
    toy.arrive(1, rides(1, rows=40).assign(zone="?"))
    ingest_batch(toy.workspace, toy.rides, "2024-01")
    rule(toy.workspace, toy.rides, "2024-01", "drop", why="Worthless.", actor="person:ada")
    toy.arrive(1, rides(1, rows=40).assign(zone="a")).write_bytes(b"no parquet at all")
    ingest_batch(toy.workspace, toy.rides, "2024-01")
    assert "arrival before" not in reason(toy)
    toy.arrive(1, pd.DataFrame(rides(1, rows=40)))
    ingest_batch(toy.workspace, toy.rides, "2024-01")
    assert "an unknown number of rows of the arrival before" in reason(toy)
