"""Rows that were set aside are taken out, mended and put in place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from loopwright.errors import CannotRun
from loopwright.stages.ingest.arriving.waiting import waiting
from loopwright.stages.ingest.quarantine.mending import MendedUnfit
from loopwright.stages.ingest.quarantine.ruling import RulingRefused
from loopwright.stages.ingest.quarantine.taking_out import write_rows
from support.setting_aside import (
    BATCH,
    BETWEEN,
    IN_SET,
    aside,
    bad,
    decide,
    held,
    ingest,
    published,
)
from support.toy import Toy, rides


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_rows_are_written_mended_and_put_in_place(tolerant: Toy, tmp_path: Path, ending: str) -> None:
    tolerant.arrive(1, bad())
    ingest(tolerant)
    target = tmp_path / f"bad.{ending}"
    assert write_rows(tolerant.workspace, tolerant.rides, BATCH, target) == 4
    readers = {"csv": pd.read_csv, "parquet": pd.read_parquet, "jsonl": lambda path: pd.read_json(path, lines=True)}
    rows = readers[ending](target)
    assert rows["_reasons"].tolist()[2] == f"{BETWEEN}; {IN_SET}"
    rows["distance"], rows["zone"] = [1.0, 2.0, -3.0, 4.0], "a"
    mended = tmp_path / f"mended.{ending}"
    rows.to_csv(mended, index=False) if ending == "csv" else rows.to_parquet(mended) if ending == "parquet" else (
        rows.to_json(mended, orient="records", lines=True)
    )
    result = decide(tolerant, "replace", file=mended).result
    assert result is not None
    assert (result.rows_published, aside(tolerant)["_row"].tolist()) == (59, [2]), "one is still too far"
    mine = published(tolerant).set_index("_row")
    assert (mine.loc[[0, 1, 3], "distance"].tolist(), mine.loc[3, "zone"]) == ([1.0, 2.0, 4.0], "a")
    pd.testing.assert_series_equal(mine.loc[4:, "distance"], bad().loc[4:, "distance"], check_names=False)
    assert mine["ride_id"].dtype == "int64"
    decide(tolerant, "undo")
    assert len(aside(tolerant)) == 4


def test_a_whole_batch_is_replaced_also_when_its_bytes_made_no_sense(toy: Toy, tmp_path: Path) -> None:
    toy.arrive(1).write_bytes(b"PAR1 not really")
    assert ingest(toy).status == "quarantined"
    assert [name.partition(".")[2] for name in held(toy)] == ["unread"]
    with pytest.raises(CannotRun, match="No rows are held"):
        decide(toy, "release")
    mended = tmp_path / "mended.csv"
    bad().to_csv(mended, index=False)
    with pytest.raises(RulingRefused, match=r"not as expected either[\s\S]*zone"):
        decide(toy, "replace", file=mended)
    rides(1, rows=40).to_csv(mended, index=False)
    result = decide(toy, "replace", file=mended).result
    assert (result and result.status, len(published(toy))) == ("published", 40)
    assert not waiting(toy.workspace, toy.rides).arrivals


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda rows: rows.assign(_row=[0, 1, 2, 99]), r"no rows of these numbers[\s\S]*99"),
        (lambda rows: rows.assign(_row=[0, 1, 2, 2]), "each row's number, once"),
        (lambda rows: rows.assign(zonee="a"), r"no column 'zonee'[\s\S]*'zone'"),
    ],
)
def test_mended_rows_that_are_none_of_the_batch_are_refused(
    tolerant: Toy, tmp_path: Path, change: Any, complaint: str
) -> None:
    tolerant.arrive(1, bad())
    ingest(tolerant)
    target = tmp_path / "bad.csv"
    write_rows(tolerant.workspace, tolerant.rides, BATCH, target)
    change(pd.read_csv(target)).to_csv(target, index=False)
    with pytest.raises(MendedUnfit, match=complaint):
        decide(tolerant, "replace", file=target)
