"""Bad rows are set aside and none is lost: what is published, what is kept, and what a person decides."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopwright.errors import CannotRun, LoopwrightError, UnknownName
from loopwright.lake import Lake
from loopwright.ledger.events import Kind
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.arriving.waiting import waiting
from loopwright.stages.ingest.keeping import resuming
from loopwright.stages.ingest.keeping.held import packed, unpacked
from loopwright.stages.ingest.quarantine.kept import kept_batch, kept_batches
from loopwright.stages.ingest.quarantine.mending import MendedUnfit
from loopwright.stages.ingest.quarantine.retention import expire
from loopwright.stages.ingest.quarantine.ruling import Ruled, RulingRefused, rule
from loopwright.stages.ingest.quarantine.taking_out import write_rows
from loopwright.stages.ingest.reading.frames import Reading
from loopwright.stages.ingest.stage import IngestResult, ingest_batch
from support import toy as toys
from support.toy import Toy, rides

BATCH = "2024-01"
BETWEEN, IN_SET = "expect_column_values_to_be_between(distance)", "expect_column_values_to_be_in_set(zone)"


def declared(toy: Toy, *lines: str) -> Toy:
    toy.edit("include/datasets/rides/dataset.yaml", "owner: tests", "\n".join(["owner: tests", *lines]))
    return toy


@pytest.fixture
def tolerant(toy: Toy) -> Toy:
    """Up to one row in ten may be set aside."""
    return declared(toy, "on_bad_rows: {set_aside_up_to: 10%}")


def bad(rows: int = 60, far: int = 3, odd: int = 2) -> pd.DataFrame:
    """Rows of which some are too far, some of an odd zone, and the first of these both."""
    frame = rides(1, rows=rows)
    frame.loc[: far - 1, "distance"] = -1.0
    frame.loc[far - 1 : far + odd - 2, "zone"] = "?"
    return frame


def ingest(toy: Toy, **how: Any) -> IngestResult:
    return ingest_batch(toy.workspace, toy.rides, BATCH, **how)


def decide(toy: Toy, word: Any, **how: Any) -> Ruled:
    return rule(toy.workspace, toy.rides, BATCH, word, **{"why": "Because.", "actor": "person:ada", **how})


def published(toy: Toy) -> pd.DataFrame:
    return Lake.of(toy.workspace).batches("rides").read([BATCH])


def aside(toy: Toy) -> pd.DataFrame:
    return Lake.of(toy.workspace).quarantine("rides").read([BATCH])


def kinds(toy: Toy) -> list[str]:
    return [event.kind.value for event in Ledger.of(toy.workspace).events("dataset/rides")]


def held(toy: Toy) -> list[str]:
    return sorted(path.name for path in Path(toy.workspace.lake).rglob("held/*/*"))


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


def test_a_whole_batch_is_released_as_it_is_by_a_person_with_a_reason(toy: Toy) -> None:
    toy.arrive(1, bad())
    assert ingest(toy).status == "quarantined"
    before = kinds(toy)
    dry = decide(toy, "release", dry_run=True)
    assert (dry.would_publish, dry.result, kinds(toy)) == (60, None, before)
    ruled = decide(toy, "release", why="The zone is new.")
    assert (ruled.result and ruled.result.status, len(published(toy)), len(aside(toy))) == ("published", 60, 0)
    assert kinds(toy) == ["batch_quarantined", "quarantine_ruled", "batch_published"]
    events = Ledger.of(toy.workspace).events("dataset/rides")
    assert (events[1].actor, events[1].reason) == ("person:ada", "The zone is new.")
    why = {check["name"]: check for check in events[2].evidence["verdict"]["checks"]}[IN_SET]["why"]
    assert why.endswith("(released by person:ada)")
    assert not waiting(toy.workspace, toy.rides).arrivals
    assert ingest(toy).status == "unchanged"
    assert ingest(toy, force=True).rows_published == 60, "done again, the decision still stands"
    assert kept_batches(toy.workspace, "rides") == []
    with pytest.raises(RulingRefused, match="cannot be taken back whole"):
        decide(toy, "undo")


def test_rows_set_aside_are_released_into_their_batch_and_taken_back(tolerant: Toy) -> None:
    tolerant.arrive(1, bad())
    first = ingest(tolerant)
    digests = [first.content_digest]
    for word, rows, left in (("release", 60, 0), ("undo", 56, 4)):
        result = decide(tolerant, word).result
        assert result is not None
        assert (result.rows_published, result.rows_quarantined, len(aside(tolerant))) == (rows, left, left)
        digests.append(result.content_digest)
    assert digests[0] == digests[2] != digests[1], "another content, which is scored anew"
    assert published(tolerant)["_row"].is_unique


def test_what_no_table_could_hold_cannot_be_released(toy: Toy) -> None:
    toy.arrive(1, rides(1, rows=60).assign(tags=[["a"]] * 60))
    ingest(toy)
    with pytest.raises(RulingRefused, match=r"cannot be released as they are[\s\S]*tags"):
        decide(toy, "release")
    assert kinds(toy) == ["batch_quarantined"]


def test_dropped_rows_are_gone_until_that_is_undone(tolerant: Toy) -> None:
    tolerant.arrive(1, bad())
    ingest(tolerant)
    assert decide(tolerant, "drop", dry_run=True).rows == len(aside(tolerant)) == 4
    result = decide(tolerant, "drop").result
    assert result is not None
    assert (result.status, result.rows_dropped, len(aside(tolerant)), len(published(tolerant))) == (
        "published",
        4,
        0,
        56,
    )
    assert kinds(tolerant)[-2:] == ["quarantine_ruled", "quarantine_dropped"]
    assert kept_batches(tolerant.workspace, "rides") == []
    with pytest.raises(UnknownName, match="has nothing in quarantine"):
        decide(tolerant, "drop")
    decide(tolerant, "undo")
    assert len(aside(tolerant)) == 4


def test_a_whole_batch_that_was_dropped_does_not_come_back_by_itself(toy: Toy) -> None:
    toy.arrive(1, bad())
    ingest(toy)
    result = decide(toy, "drop").result
    assert result is not None
    assert (result.status, result.rows_dropped, len(aside(toy))) == ("dropped", 60, 0)
    assert not waiting(toy.workspace, toy.rides).arrivals
    assert ingest(toy).status == "unchanged"
    assert ingest(toy, force=True).status == "dropped"
    toy.arrive(1, rides(1, rows=60))
    assert ingest(toy).status == "published", "other bytes are another matter"
    assert Ledger.of(toy.workspace).dataset("rides").ruling(BATCH) is None


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


def test_a_batch_is_resumed_though_its_file_is_gone(toy: Toy) -> None:
    path = toy.arrive(1, bad())
    ingest(toy)
    path.unlink()
    result = decide(toy, "release").result
    assert result is not None
    assert result.status == "published"


def killed_on_the_way(toy: Toy, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    """Decide, and have the process go away before anything is done."""

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("loopwright.stages.ingest.quarantine.ruling.resume_batch", killed)
        with pytest.raises(KeyboardInterrupt):
            decide(toy, word)


@pytest.mark.parametrize("word", ["release", "drop"])
@pytest.mark.parametrize("gone", [False, True])
def test_killed_after_the_decision_the_next_run_does_it(
    toy: Toy, monkeypatch: pytest.MonkeyPatch, word: str, gone: bool
) -> None:
    path = toy.arrive(1, bad())
    ingest(toy)
    killed_on_the_way(toy, monkeypatch, word)
    if gone:
        shutil.rmtree(path.parent)
        path.parent.mkdir()
    assert [one.batch_id for one in waiting(toy.workspace, toy.rides).arrivals] == [BATCH]
    assert ingest(toy).status == {"release": "published", "drop": "dropped"}[word]
    assert not waiting(toy.workspace, toy.rides).arrivals
    assert len(kinds(toy)) == 3


def test_a_decision_is_void_when_other_bytes_come_first(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    toy.arrive(1, bad())
    ingest(toy)
    killed_on_the_way(toy, monkeypatch, "release")
    toy.arrive(1, bad(far=5))
    assert ingest(toy).status == "quarantined"
    assert not waiting(toy.workspace, toy.rides).arrivals


def test_a_decision_about_what_changed_since_is_refused(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    toy.arrive(1, bad())
    ingest(toy)
    seen = kept_batch(toy.workspace, "rides", BATCH).sequence
    look = resuming.Examination.examine

    def meanwhile(self: Any) -> Any:
        monkeypatch.undo()
        toy.arrive(1, bad(far=5))
        ingest(toy)
        return look(self)

    monkeypatch.setattr(resuming.Examination, "examine", meanwhile)
    with pytest.raises(RulingRefused, match="is not what it was"):
        decide(toy, "release")
    with pytest.raises(RulingRefused, match="is not what it was"):
        decide(toy, "release", seen=seen)
    assert "quarantine_ruled" not in kinds(toy)
    with pytest.raises(RulingRefused, match="needs a reason"):
        decide(toy, "drop", why=" ")


def test_what_is_in_quarantine_is_shown_with_reasons_and_rows(tolerant: Toy) -> None:
    tolerant.arrive(1, bad())
    ingest(tolerant)
    kept = kept_batch(tolerant.workspace, "rides", BATCH, rows=2)
    assert (kept.whole, kept.rows, kept.reasons) == (False, 4, {BETWEEN: 3, IN_SET: 2})
    assert [row["_row"] for row in kept.sample] == [0, 1]
    since, until = datetime.fromisoformat(kept.since), datetime.fromisoformat(kept.until)
    assert until - since == timedelta(days=90)
    json.dumps(kept.to_dict(), allow_nan=False)
    with pytest.raises(UnknownName, match=r"nothing in quarantine[\s\S]*'2024-01'"):
        kept_batch(tolerant.workspace, "rides", "2024-1")


def test_what_nobody_decided_about_is_erased_after_its_time(tolerant: Toy) -> None:
    declared(tolerant, "quarantine: {retention: 30d}")
    tolerant.arrive(1, bad())
    ingest(tolerant)
    lake, now = Path(tolerant.workspace.lake), datetime.now(UTC)
    assert expire(tolerant.workspace, tolerant.rides, now=now + timedelta(days=29)) == []
    assert expire(tolerant.workspace, tolerant.rides, now=now + timedelta(days=31)) == [BATCH]
    assert expire(tolerant.workspace, tolerant.rides, now=now + timedelta(days=31)) == []
    assert (len(aside(tolerant)), held(tolerant), len(published(tolerant))) == (0, [], 56)
    assert not list((lake / "datasets/rides/quarantine").rglob("*.parquet")), "older versions' files are gone as well"
    event = Ledger.of(tolerant.workspace).events("dataset/rides")[-1]
    assert (event.kind, event.evidence["rows"]) == (Kind.QUARANTINE_EXPIRED, 4)
    assert "after 30 days" in event.reason


def test_what_is_held_is_the_same_frame_again() -> None:
    frame = pd.DataFrame(
        {
            "n": pd.array([1, None, 2**62], "Int64"),
            "t": pd.to_datetime(["2024-01-01", None, "2024-01-03"]),
            "s": ["a", None, "007"],
            "mixed": [1, "b", 2.5],
            "x": [0.1, np.nan, -0.0],
        },
        index=[0, 2, 5],
    )
    again = unpacked(packed(Reading(frame, ("s",))))
    assert again.doubled == ("s",)
    pd.testing.assert_frame_equal(again.frame.drop(columns="mixed"), frame.drop(columns="mixed"))
    assert again.frame["mixed"].tolist() == ["1", "b", "2.5"]


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


def test_a_published_batch_that_comes_again_changed_waits_for_a_person_where_that_is_declared(toy: Toy) -> None:
    declared(toy, "on_changed: quarantine")
    toy.arrive(1, rides(1, rows=60))
    assert ingest(toy).status == "published"
    toy.arrive(1, rides(1, rows=50))
    result = ingest(toy)
    assert (result.status, len(published(toy))) == ("quarantined", 60)
    assert "published with other bytes" in str(result.verdict and result.verdict.why())
    assert not waiting(toy.workspace, toy.rides).arrivals
    assert decide(toy, "release").would_publish == 50
    assert len(published(toy)) == 50
