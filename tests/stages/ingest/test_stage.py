"""Ingest, whole: what becomes of a batch, however it comes, however often, and wherever the run is killed."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from loopwright.errors import CannotRun, DeclarationError, UnknownName
from loopwright.ledger.events import Kind
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.arriving.waiting import waiting
from loopwright.stages.ingest.stage import ingest_batch, validate_batch
from support.taken_in import failed, ingest, kinds, published, set_aside
from support.toy import Toy, rides


def test_a_good_batch_is_published_with_everything_that_was_found(toy: Toy) -> None:
    toy.arrive(1, pd.concat([rides(1), rides(1).head(3)]))
    result = ingest(toy, 1)
    assert (result.status, result.rows_read, result.rows_published) == ("published", 2003, 2000)
    assert result.cleaned == {"clean[0].drop_duplicates": 3}
    frame = published(toy)
    pd.testing.assert_frame_equal(frame[rides(1).columns.tolist()], rides(1), check_dtype=False)
    assert frame["_row"].tolist() == list(range(2000))
    (event,) = Ledger.of(toy.workspace).events("dataset/rides")
    assert event.kind is Kind.BATCH_PUBLISHED
    assert event.evidence["data_version"] == result.data_version
    assert event.evidence["columns"]["started_at"] == "timestamp_ntz"
    assert event.evidence["event_time"]["min"] == rides(1)["started_at"].min().isoformat()
    assert event.evidence["verdict"]["outcome"] == "pass"
    report = json.loads(Path(str(result.report)).read_text())
    assert report["results"][0]["success"] is True
    json.dumps(result.to_dict(), allow_nan=False)
    assert not waiting(toy.workspace, toy.rides).arrivals


def test_rows_that_cleaning_leaves_out_leave_gaps_in_the_numbers(toy: Toy) -> None:
    toy.arrive(1, pd.concat([rides(1).head(2), rides(1).head(2), rides(1).tail(1)]))
    ingest(toy, 1)
    assert published(toy)["_row"].tolist() == [0, 1, 4]


def test_a_bad_batch_is_set_aside_whole_and_holds_up_no_other(toy: Toy) -> None:
    toy.arrive(1)
    toy.arrive(2, faults=True)
    toy.arrive(3)
    assert [ingest(toy, month).status for month in (1, 2, 3)] == ["published", "quarantined", "published"]
    assert sorted(published(toy)["_batch_id"].unique()) == ["2024-01", "2024-03"]
    kept = set_aside(toy)
    assert len(kept) == 2000
    assert kept["distance"].eq("-1").sum() + kept["distance"].eq("-1.0").sum() == 50
    assert kinds(toy) == [Kind.BATCH_PUBLISHED, Kind.BATCH_QUARANTINED, Kind.BATCH_PUBLISHED]
    assert not waiting(toy.workspace, toy.rides).arrivals


def test_the_verdict_of_a_bad_batch_names_each_fault(toy: Toy) -> None:
    toy.arrive(1, faults=True)
    result = ingest(toy, 1)
    assert set(failed(result)) == {
        "expect_column_values_to_be_between(distance)",
        "expect_column_values_to_be_in_set(zone)",
    }
    assert "50 of 2,000" in failed(result)["expect_column_values_to_be_between(distance)"]
    assert (result.data_version, result.rows_published, result.rows_read) == (None, 0, 2000)


@pytest.mark.parametrize(
    ("raw", "why"),
    [(b"", "no bytes at all"), (b"PAR1 not really", "[Pp]arquet"), (b"a,b\n1,2\n", "[Pp]arquet")],
)
def test_unreadable_bytes_are_quarantined_not_crashed_over(toy: Toy, raw: bytes, why: str) -> None:
    toy.arrive(1, faults=True)
    ingest(toy, 1)
    toy.arrive(1).write_bytes(raw)
    result = ingest(toy, 1)
    assert (result.status, result.rows_read) == ("quarantined", None)
    assert list(failed(result)) == ["readable"]
    assert re.search(why, failed(result)["readable"])
    assert set_aside(toy).empty, "rows of an arrival that is there no more"
    assert not waiting(toy.workspace, toy.rides).arrivals
    toy.arrive(1)
    assert ingest(toy, 1).status == "published"


def test_no_rows_are_no_batch(toy: Toy) -> None:
    toy.arrive(1, rides(1).head(0))
    assert "the arrival holds no rows" in failed(ingest(toy, 1))["rows"]


def test_gone_columns_fail_new_ones_are_noted(toy: Toy) -> None:
    toy.arrive(1)
    toy.arrive(2, rides(2).drop(columns="fare"))
    toy.arrive(3, rides(3).assign(surge=1.0, tip=None))
    ingest(toy, 1)
    assert "are gone: fare" in failed(ingest(toy, 2))["columns"]
    third = ingest(toy, 3)
    assert third.status == "published"
    assert failed(third) == {
        "columns_new": "new columns: surge",
        "columns_empty": "columns without a value, unlike before: tip",
    }


def test_a_batch_is_compared_with_the_one_before_it_in_time_not_in_arrival(toy: Toy) -> None:
    toy.arrive(1)
    toy.arrive(3, rides(3).assign(surge=1.0))
    assert [ingest(toy, month).status for month in (1, 3)] == ["published"] * 2
    toy.arrive(2)  # late, from before the source had the new column
    assert ingest(toy, 2).status == "published"
    toy.arrive(4)
    assert "before had: surge" in failed(ingest(toy, 4))["columns_passing"]


def test_one_stray_row_from_the_future_puts_no_batch_last_for_good(toy: Toy) -> None:
    stray = rides(1)
    stray.loc[0, "started_at"] = pd.Timestamp(2098, 1, 1)
    toy.arrive(1, stray)
    toy.arrive(2, rides(2).assign(surge=1.0))
    toy.arrive(3)
    assert [ingest(toy, month).status for month in (1, 2)] == ["published"] * 2
    state = Ledger.of(toy.workspace).dataset("rides")
    assert [batch["batch_id"] for batch in state.published()] == ["2024-01", "2024-02"]
    assert state.published()[0]["event_time"]["max"].startswith("2098")
    assert "had: surge" in failed(ingest(toy, 3))["columns_passing"], "it is compared with February, not with January"


def test_a_column_that_is_empty_for_months_may_then_bring_values(toy: Toy) -> None:
    for month, fee in ((1, None), (2, np.nan), (3, 2.5), (4, None)):
        toy.arrive(month, rides(month).assign(fee=fee))
        assert ingest(toy, month).status == "published"
    assert published(toy).groupby("_batch_id")["fee"].count().tolist() == [0, 0, 2000, 0]


def test_a_column_of_another_type_is_quarantined_with_both_types(toy: Toy) -> None:
    toy.arrive(1)
    toy.arrive(2, rides(2).assign(fare="dear"))
    ingest(toy, 1)
    why = failed(ingest(toy, 2))["types"]
    assert "fare" in why
    assert "got string, allowed double" in why
    assert set_aside(toy)["fare"].unique().tolist() == ["dear"]


def test_nulls_and_fractions_in_whole_numbers_are_fine(toy: Toy) -> None:
    toy.arrive(1)
    toy.arrive(2, rides(2).assign(hour=rides(2)["hour"].where(lambda hour: hour > 3)))
    toy.arrive(3, rides(3).assign(hour=rides(3)["hour"] + 0.5))
    assert [ingest(toy, month).status for month in (1, 2, 3)] == ["published"] * 3


@pytest.mark.parametrize(
    "odd",
    [
        lambda frame: frame.assign(hour=pd.Series([1, "a"] * 1000, dtype=object)).astype({"hour": str}),
        lambda frame: frame.assign(_row=7, _batch_id="other"),
        lambda frame: frame.assign(Fare=1.0),
        lambda frame: frame.assign(tags=[["a"]] * len(frame)),
    ],
)
def test_whatever_is_wrong_with_columns_the_rows_are_kept(toy: Toy, odd: Callable[..., pd.DataFrame]) -> None:
    toy.arrive(1)
    toy.arrive(2, faults=True)
    ingest(toy, 1), ingest(toy, 2)
    toy.arrive(3, odd(rides(3)))
    result = ingest(toy, 3)
    assert result.status == "quarantined"
    assert set(failed(result)) & {"columns", "types"}
    kept = set_aside(toy).query("_batch_id == '2024-03'")
    assert len(kept) == 2000
    assert kept["_row"].tolist() == list(range(2000))


def test_cleaning_that_cannot_be_done_sets_the_batch_aside_as_read(toy: Toy) -> None:
    toy.edit("include/datasets/rides/dataset.yaml", "columns: [ride_id]", "columns: [ride_nr]")
    toy.arrive(1)
    why = failed(ingest(toy, 1))["clean"]
    assert "needs the column 'ride_nr'" in why
    assert "clean[0].drop_duplicates" in why
    assert "Did you mean 'ride_id'?" in why
    assert len(set_aside(toy)) == 2000


def test_a_teams_own_cleaning_runs_and_when_it_breaks_the_batch_is_set_aside(toy: Toy) -> None:
    folder = toy.path / "include" / "datasets" / "rides"
    (folder / "tidy.py").write_text(
        "def tidy(frame):\n    frame['distance'] = frame['distance'].abs()\n    return frame\n"
    )
    step = "[ride_id]}\n  - {step: apply, function: 'tidy:tidy'}"
    toy.edit("include/datasets/rides/dataset.yaml", "[ride_id]}", step)
    toy.arrive(1, rides(1).assign(distance=-1.0))
    result = ingest(toy, 1)
    assert (result.status, result.cleaned["clean[1].apply"]) == ("published", 2000)
    (folder / "tidy.py").write_text("def tidy(frame):\n    return frame['nope']\n")
    toy.arrive(2)
    assert "tidy:tidy raised KeyError" in failed(ingest(toy, 2))["clean"]


def test_a_wrong_declaration_is_raised_and_the_batch_waits_on(toy: Toy) -> None:
    toy.arrive(1)
    toy.edit("include/datasets/rides/expectations.yaml", "to_not_be_null", "to_not_be_nil")
    with pytest.raises(DeclarationError, match="knows no expectation"):
        ingest(toy, 1)
    assert kinds(toy) == []
    assert len(waiting(toy.workspace, toy.rides).arrivals) == 1


def test_an_unknown_batch_is_said_with_the_nearest(toy: Toy) -> None:
    toy.arrive(1)
    for name in ("2024-1", "../2024-01"):
        with pytest.raises(UnknownName, match=r"No file has arrived[\s\S]*2024-01"):
            ingest_batch(toy.workspace, toy.rides, name)


def test_validating_says_the_same_and_writes_nothing(toy: Toy) -> None:
    toy.arrive(1)
    ingest(toy, 1)
    toy.arrive(2, rides(2, faults=True).assign(fare="dear"))
    before = sorted(str(path) for path in Path(toy.workspace.lake).rglob("*"))
    report = validate_batch(toy.workspace, toy.rides, "2024-02")
    assert sorted(str(path) for path in Path(toy.workspace.lake).rglob("*")) == before
    assert kinds(toy) == [Kind.BATCH_PUBLISHED]
    said = ingest(toy, 2).verdict
    assert said is not None
    assert report.verdict.to_dict() == said.to_dict()
    assert "types" in {check.name for check in report.verdict.checks if check.outcome == "fail"}
    json.dumps(report.to_dict(), allow_nan=False)


def test_text_that_is_all_digits_for_a_month_stays_text(toy: Toy) -> None:
    toy.edit("include/datasets/rides/dataset.yaml", "*.parquet", "*.csv.gz")
    for month, code in ((1, "A7"), (2, "007"), (3, None)):
        text = rides(month).assign(code=code).to_csv(index=False)
        target = toy.path / "arrivals" / "rides" / f"2024-{month:02d}.csv.gz"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(gzip.compress(text.encode()))
        assert ingest(toy, month).status == "published", month
    codes = published(toy).groupby("_batch_id")["code"].agg(lambda column: column.dropna().unique().tolist())
    assert codes.tolist() == [["A7"], ["007"], []]


def test_without_expectations_structure_alone_decides(toy: Toy) -> None:
    toy.edit("include/datasets/rides/dataset.yaml", "owner: tests", "owner: tests\nexpectations: null")
    toy.arrive(1, faults=True)
    assert ingest(toy, 1).status == "published"


def test_a_lost_arrivals_folder_is_said(toy: Toy) -> None:
    toy.arrive(1)
    shutil.rmtree(toy.path / "arrivals")
    with pytest.raises(CannotRun, match="where arrivals are expected does not exist"):
        ingest(toy, 1)
