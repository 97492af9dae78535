"""Bad rows are set aside and none is lost: what is published, what is kept, by the declared policy."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopwright.errors import LoopwrightError
from loopwright.lake import Lake
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.arriving.waiting import waiting
from support import toy as toys
from support.setting_aside import (
    BATCH,
    BETWEEN,
    IN_SET,
    aside,
    bad,
    decide,
    declared,
    ingest,
    published,
)
from support.toy import Toy, rides


def test_failing_rows_are_set_aside_each_with_its_reasons_and_the_rest_is_published(tolerant: Toy) -> None:
    tolerant.arrive(1, bad())
    result = ingest(tolerant)
    assert (result.status, result.rows_published, result.rows_quarantined) == ("published", 56, 4)
    kept = aside(tolerant).set_index("_row")
    assert {row: json.loads(said) for row, said in kept["_reasons"].items()} == {
        0: [BETWEEN], 1: [BETWEEN], 2: [BETWEEN, IN_SET], 3: [IN_SET],
    }  # fmt: skip
    assert not set(kept.index) & set(published(tolerant)["_row"])
    assert result.verdict is not None
    (check,) = [check for check in result.verdict.checks if check.name == "bad_rows"]
    assert check.why == "4 of 60 rows (6.67%) are bad and set aside; up to 10.00% may be set aside"
    report = json.loads(Path(str(result.report)).read_text())
    assert (report["rows_set_aside"], report["set_aside"]) == (4, {BETWEEN: 3, IN_SET: 2})
    assert not waiting(tolerant.workspace, tolerant.rides).arrivals
    assert ingest(tolerant).status == "unchanged"
    batch = Ledger.of(tolerant.workspace).dataset("rides").published()[0]
    assert (batch["rows_read"], batch["rows"], batch["quarantined"]) == (60, 56, 4)


def test_more_bad_rows_than_declared_set_the_batch_aside_whole(tolerant: Toy) -> None:
    tolerant.arrive(1, bad(far=9))
    result = ingest(tolerant)
    assert (result.status, result.rows_published, result.rows_quarantined) == ("quarantined", 0, 60)
    assert "10 of 60 rows (16.67%) are bad; up to 10.00% may be set aside" in str(
        result.verdict and result.verdict.why()
    )
    reasons = aside(tolerant)["_reasons"].map(json.loads)
    assert Counter(map(len, reasons)) == {0: 50, 1: 9, 2: 1}


def test_what_no_row_is_to_blame_for_sets_the_batch_aside_whole(tolerant: Toy) -> None:
    suite = tolerant.path / "include/datasets/rides/expectations.yaml"
    count = "  - {type: expect_table_row_count_to_be_between, kwargs: {min_value: 100}}\n"
    suite.write_text(suite.read_text() + count)
    tolerant.arrive(1, bad())
    assert ingest(tolerant).status == "quarantined"


def test_what_is_left_must_pass_by_itself(tolerant: Toy) -> None:
    """Without the rows that are set aside, too few are left."""
    suite = tolerant.path / "include/datasets/rides/expectations.yaml"
    count = "  - {type: expect_table_row_count_to_be_between, kwargs: {min_value: 58}}\n"
    suite.write_text(suite.read_text() + count)
    tolerant.arrive(1, bad())
    result = ingest(tolerant)
    assert result.status == "quarantined"
    assert "observed 56" in str(result.verdict and result.verdict.why())


@pytest.mark.parametrize(
    ("policy", "status", "kept"),
    [
        ("{set_aside_up_to: 10%, critical: reject}", "quarantined", 60),
        ("{set_aside_up_to: 10%, warning: publish}", "published", 1),
        ("{set_aside_up_to: 10%, warning: set_aside}", "published", 4),
        ("{set_aside_up_to: 10%, warning: reject}", "quarantined", 60),
    ],
)
def test_the_policy_goes_by_severity(toy: Toy, policy: str, status: str, kept: int) -> None:
    declared(toy, f"on_bad_rows: {policy}")
    suite = "include/datasets/rides/expectations.yaml"
    toy.edit(suite, "max_value: 100}}", "max_value: 100}, severity: warning}")
    toy.arrive(1, bad(far=4, odd=1))
    result = ingest(toy)
    assert (result.status, result.rows_quarantined) == (status, kept)


def test_rows_without_a_key_of_their_own_or_a_time_are_set_aside(tolerant: Toy) -> None:
    declared(tolerant, "expectations: null")
    tolerant.edit(
        "include/datasets/rides/dataset.yaml", "clean:\n  - {step: drop_duplicates, columns: [ride_id]}\n", ""
    )
    tolerant.edit("include/datasets/rides/dataset.yaml", "*.parquet", "*.csv")
    frame = rides(1, rows=60).astype({"ride_id": "Int64", "started_at": str})
    frame.loc[3, "ride_id"] = None
    frame.loc[5, "ride_id"] = frame.loc[4, "ride_id"]
    frame.loc[9, "started_at"] = "yesterday"
    path = tolerant.path / "arrivals/rides/2024-01.csv"
    path.parent.mkdir(parents=True)
    frame.to_csv(path, index=False)
    assert ingest(tolerant).rows_quarantined == 4
    kept = aside(tolerant).set_index("_row")["_reasons"].map(json.loads)
    assert kept.to_dict() == {3: ["key"], 4: ["key"], 5: ["key"], 9: ["event_time"]}
    assert published(tolerant)["started_at"].dtype.kind == "M"


def test_a_cleaning_step_sets_rows_aside_as_they_came(tolerant: Toy) -> None:
    step = "{step: outliers, columns: [fare], by: bounds, lower: 0, then: quarantine}"
    tolerant.edit("include/datasets/rides/dataset.yaml", "clean:\n", f"clean:\n  - {step}\n")
    frame = rides(1, rows=60)
    frame.loc[7, "fare"] = -5.0
    tolerant.arrive(1, frame)
    assert (ingest(tolerant).status, len(published(tolerant))) == ("published", 59)
    (row,) = aside(tolerant).to_dict("records")
    said = "clean[0].outliers: an outlier by bounds: allowed is fare from 0"
    assert (row["_row"], row["fare"], json.loads(row["_reasons"])) == (7, "-5", [said])
    result = decide(tolerant, "release").result
    assert result is not None
    assert (result.rows_published, published(tolerant)["fare"].min()) == (60, -5.0)


def test_a_step_that_sets_aside_needs_a_declared_share(toy: Toy) -> None:
    step = "{step: outliers, columns: [fare], by: iqr, then: quarantine}"
    toy.edit("include/datasets/rides/dataset.yaml", "clean:\n", f"clean:\n  - {step}\n")
    with pytest.raises(LoopwrightError, match="declare up to which share"):
        toy.rides  # noqa: B018 - reading it is what fails


CELLS = st.tuples(
    st.one_of(st.none(), st.integers(0, 30)),
    st.one_of(st.none(), st.floats(-5, 120, width=16)),
    st.sampled_from(["a", "b", "?", None]),
)


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(CELLS, min_size=1, max_size=30), share=st.sampled_from([0, 5, 30, 100]), duplicates=st.booleans())
def test_rows_in_are_rows_published_and_quarantined_and_dropped_by_a_named_step(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Any], share: int, duplicates: bool
) -> None:
    toy = toys.make(tmp_path_factory.mktemp("any"))
    step = "{step: outliers, columns: [distance], by: bounds, upper: 100, then: quarantine}" if share else ""
    lines = [f"  - {step}"] if step else []
    lines += ["  - {step: drop_rows, missing: [zone]}"] if duplicates else []
    toy.edit("include/datasets/rides/dataset.yaml", "clean:\n", "\n".join(["clean:", *lines, ""]))
    declared(toy, f"on_bad_rows: {{set_aside_up_to: {share}%}}", "expectations: null")
    toy.edit("include/datasets/rides/dataset.yaml", "event_time: started_at\n", "")
    if not duplicates:
        toy.edit("include/datasets/rides/dataset.yaml", "  - {step: drop_duplicates, columns: [ride_id]}\n", "")
        toy.edit("include/datasets/rides/dataset.yaml", "clean:\n", "clean:\n  - {step: drop_columns, columns: [q]}\n")
    toy.arrive(1, pd.DataFrame(rows, columns=["ride_id", "distance", "zone"]).astype({"distance": "float64"}))
    result = ingest(toy)
    lake = Lake.of(toy.workspace)
    here, there = lake.batches("rides").count(BATCH), lake.quarantine("rides").count(BATCH)
    assert (here, there) == (result.rows_published, result.rows_quarantined)
    assert len(rows) == here + there + result.rows_dropped
    labels = [*published(toy)["_row"]] if here else []
    labels += [*aside(toy)["_row"]] if there else []
    assert len(set(labels)) == len(labels)
    event = Ledger.of(toy.workspace).events("dataset/rides")[-1].evidence
    assert result.rows_dropped == sum((event.get("dropped") or {}).values())
