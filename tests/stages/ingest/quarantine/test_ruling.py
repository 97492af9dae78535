"""A person decides about rows that were set aside, and exactly that batch resumes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from loopwright.errors import UnknownName
from loopwright.lake import Lake
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.arriving.waiting import waiting
from loopwright.stages.ingest.keeping import resuming
from loopwright.stages.ingest.quarantine.kept import kept_batch, kept_batches
from loopwright.stages.ingest.quarantine.ruling import RulingRefused
from support.setting_aside import (
    BATCH,
    IN_SET,
    aside,
    bad,
    decide,
    declared,
    ingest,
    killed_on_the_way,
    kinds,
    published,
)
from support.toy import Toy, rides


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


def test_the_report_that_a_decision_was_made_on_stays_as_it_was(toy: Toy, tmp_path: Path) -> None:
    toy.arrive(1, bad())
    first = str(ingest(toy).report)
    before = Path(first).read_text()
    mended = tmp_path / "mended.csv"
    rides(1, rows=40).to_csv(mended, index=False)
    result = decide(toy, "replace", file=mended).result
    after = json.loads(Path(str(result and result.report)).read_text())
    assert (Path(first).read_text(), json.loads(before)["verdict"]["outcome"]) == (before, "fail")
    assert after["decided"] == {"ruling": "replace", "by": "person:ada", "report": first}
    page = (Lake.of(toy.workspace).beside_report(str(result and result.report), ".html") or b"").decode()
    assert "Judged after person:ada decided about what was set aside: replace" in page
    assert "as they came; what was judged took their place" in page
    kept = sorted(path.name for path in Path(first).parent.iterdir())
    ingest(toy, force=True)
    assert sorted(path.name for path in Path(first).parent.iterdir()) == kept, "the same look leaves the same files"


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


def test_a_batch_is_resumed_though_its_file_is_gone(toy: Toy) -> None:
    path = toy.arrive(1, bad())
    ingest(toy)
    path.unlink()
    result = decide(toy, "release").result
    assert result is not None
    assert result.status == "published"


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
