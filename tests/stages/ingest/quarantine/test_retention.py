"""What is in quarantine is shown, and erased when its time is over: just that, and recorded first."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from loopwright.errors import UnknownName
from loopwright.lake import Lake
from loopwright.lake.table import Table
from loopwright.ledger.events import Kind
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.quarantine import retention
from loopwright.stages.ingest.quarantine.kept import kept_batch
from loopwright.stages.ingest.quarantine.retention import expire
from loopwright.stages.ingest.quarantine.sweeping import erase_overdue
from support.setting_aside import (
    BATCH,
    BETWEEN,
    IN_SET,
    aside,
    bad,
    decide,
    declared,
    held,
    ingest,
    killed_at,
    kinds,
    published,
)
from support.toy import Toy, rides


def test_what_is_in_quarantine_is_shown_with_reasons_and_rows(tolerant: Toy) -> None:
    tolerant.arrive(1, bad())
    ingest(tolerant)
    kept = kept_batch(tolerant.workspace, "rides", BATCH, rows=2)
    assert (kept.whole, kept.rows, kept.reasons) == (False, 4, {BETWEEN: 3, IN_SET: 2})
    assert [row["_row"] for row in kept.sample] == [0, 1]
    assert list(kept.sample[0])[:2] == ["_row", "_reasons"], "why comes before what may be twenty columns"
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
    event = Ledger.of(tolerant.workspace).events("dataset/rides")[-2]
    assert (event.kind, event.evidence["rows"]) == (Kind.QUARANTINE_EXPIRED, 4)
    assert "after 30 days" in event.reason


def late(toy: Toy) -> list[str]:
    return expire(toy.workspace, toy.rides, now=datetime.now(UTC) + timedelta(days=91))


def held_is_there(toy: Toy) -> bool:
    known = Ledger.of(toy.workspace).dataset("rides").arrival(BATCH)
    return known is not None and (Path(toy.workspace.lake) / known["held"]).is_file()


def test_what_comes_under_the_name_while_the_old_expires_keeps_its_rows(
    tolerant: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    tolerant.arrive(1, bad())
    ingest(tolerant)
    erase = retention.erase_leftovers

    def overtaken(*place: Any) -> None:
        tolerant.arrive(1, bad(far=2))
        ingest(tolerant)
        erase(*place)

    monkeypatch.setattr(retention, "erase_leftovers", overtaken)
    assert late(tolerant) == [BATCH]
    assert (len(aside(tolerant)), held_is_there(tolerant), len(held(tolerant))) == (3, True, 1)
    assert Ledger.of(tolerant.workspace).dataset("rides").erasing() == []


def test_what_came_before_it_could_be_recorded_as_expired_keeps_its_rows(
    tolerant: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    tolerant.arrive(1, bad())
    ingest(tolerant)
    overdue = retention.overdue

    def overtaken(*asked: Any) -> Any:
        found = overdue(*asked)
        tolerant.arrive(1, bad(far=2))
        ingest(tolerant)
        return found

    monkeypatch.setattr(retention, "overdue", overtaken)
    assert late(tolerant) == []
    assert (len(aside(tolerant)), held_is_there(tolerant)) == (3, True)


@pytest.mark.parametrize("at", [(Ledger, "decide"), (Table, "remove"), (Lake, "let_go"), (Table, "erase_old_versions")])
@pytest.mark.parametrize("before", [False, True])
def test_killed_while_it_expires_the_next_run_finishes_it(
    tolerant: Toy, monkeypatch: pytest.MonkeyPatch, at: tuple[type, str], before: bool
) -> None:
    tolerant.arrive(1, bad())
    ingest(tolerant)
    with monkeypatch.context() as patch:
        killed_at(patch, at, before=before)
        with pytest.raises(KeyboardInterrupt):
            late(tolerant)
    late(tolerant)
    assert (len(aside(tolerant)), held(tolerant), len(published(tolerant))) == (0, [], 56)
    assert kinds(tolerant)[-2:] == ["quarantine_expired", "leftovers_erased"]
    assert kinds(tolerant).count("quarantine_expired") == 1
    assert Ledger.of(tolerant.workspace).verify("dataset/rides") == []


def test_bytes_that_came_again_before_their_rows_were_erased_keep_them(
    tolerant: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    tolerant.arrive(1, bad())
    ingest(tolerant)
    with monkeypatch.context() as patch:
        killed_at(patch, (Table, "remove"), before=True)
        with pytest.raises(KeyboardInterrupt):
            late(tolerant)
    ingest(tolerant, force=True)
    erase_overdue(tolerant.workspace, tolerant.rides)
    assert (len(aside(tolerant)), held_is_there(tolerant)) == (4, True)
    assert Ledger.of(tolerant.workspace).dataset("rides").erasing() == []


def test_what_was_held_of_bytes_that_were_superseded_goes_also_when_killed_before_it_went(
    tolerant: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    tolerant.arrive(1, bad())
    ingest(tolerant)
    tolerant.arrive(1, rides(1, rows=60))
    with monkeypatch.context() as patch:
        killed_at(patch, (Lake, "let_go"), before=True)
        with pytest.raises(KeyboardInterrupt):
            ingest(tolerant)
    assert (ingest(tolerant).status, len(held(tolerant))) == ("unchanged", 1)
    erase_overdue(tolerant.workspace, tolerant.rides)
    assert held(tolerant) == []


def test_a_drop_takes_no_rows_of_bytes_that_came_since(tolerant: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    tolerant.arrive(1, bad())
    ingest(tolerant)
    remove = Table.remove

    def overtaken(self: Table, *batch: Any, **only: Any) -> Any:
        monkeypatch.undo()
        tolerant.arrive(1, bad(far=2))
        ingest(tolerant)
        return remove(self, *batch, **only)

    monkeypatch.setattr(Table, "remove", overtaken)
    decide(tolerant, "drop")
    assert len(aside(tolerant)) == 3
    assert "quarantine_dropped" not in kinds(tolerant), "the decision was about other bytes"


def test_what_was_held_and_never_recorded_is_swept_by_the_batchs_next_end(
    tolerant: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    tolerant.arrive(1, bad())
    with monkeypatch.context() as patch:
        killed_at(patch, (Lake, "write_report"), before=True)
        with pytest.raises(KeyboardInterrupt):
            ingest(tolerant)
    (orphan,) = Path(tolerant.workspace.lake).rglob("held/*/*")
    tolerant.arrive(1, bad(far=2))
    ingest(tolerant)
    assert orphan.exists(), "it is young: a run beside this one may be about to record it"
    old = orphan.stat().st_mtime - 2 * 86_400
    os.utime(orphan, (old, old))
    ingest(tolerant, force=True)
    assert (orphan.exists(), held_is_there(tolerant), len(held(tolerant))) == (False, True, 1)
