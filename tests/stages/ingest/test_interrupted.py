"""Killed anywhere, run twice, or overtaken by another run: a batch comes to one end, and tables and ledger agree."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from loopwright.errors import CannotRun
from loopwright.lake import Lake
from loopwright.lake.table import Table
from loopwright.ledger.events import Kind
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest import stage
from loopwright.stages.ingest.keeping import commitment, ending
from loopwright.stages.ingest.quarantine.ruling import rule
from support.taken_in import failed, ingest, kinds, published, set_aside
from support.toy import Toy, rides


def verdicts(toy: Toy) -> list[Kind]:
    return [kind for kind in kinds(toy) if kind in (Kind.BATCH_PUBLISHED, Kind.BATCH_QUARANTINED)]


def test_a_file_that_changes_while_it_is_read_is_read_again_later(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    toy.arrive(1)
    look = stage.Examination.examine

    def meanwhile(self: stage.Examination) -> stage.Examined:
        toy.arrive(1, rides(1).head(5))
        return look(self)

    monkeypatch.setattr(stage.Examination, "examine", meanwhile)
    with pytest.raises(CannotRun, match="changed while it was read"):
        ingest(toy, 1)
    monkeypatch.undo()
    assert kinds(toy) == []
    assert ingest(toy, 1).rows_published == 5


class Killed(BaseException):
    """As when the process goes away: nothing in between may handle it."""


@pytest.mark.parametrize("faults", [False, True])
@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("at", [(Table, "remove"), (Table, "replace"), (Lake, "write_report"), (Ledger, "decide")])
def test_killed_anywhere_and_run_again_it_comes_to_the_same_end(
    toy: Toy, monkeypatch: pytest.MonkeyPatch, at: tuple[type, str], before: bool, faults: bool
) -> None:
    toy.arrive(1, faults=not faults)
    ingest(toy, 1)
    toy.arrive(1, faults=faults)
    events = len(verdicts(toy))
    real = getattr(*at)

    def killed(*given: object, **named: object) -> object:
        if not before:
            real(*given, **named)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(*at, killed)
        if at != (Table, "remove") or not faults:
            with pytest.raises(Killed):
                ingest(toy, 1)
    result = ingest(toy, 1)
    done = at == (Ledger, "decide") and not before
    assert result.status == ("quarantined" if faults else "unchanged" if done else "published")
    assert len(verdicts(toy)) == events + 1
    assert len(published(toy)) == 2000, "the good rows, whichever came first"
    assert len(set_aside(toy)) == (2000 if faults else 0)
    assert Ledger.of(toy.workspace).verify("dataset/rides") == []


def test_two_runs_on_one_batch_record_it_once(toy: Toy) -> None:
    toy.arrive(1)
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda _: ingest(toy, 1), range(2)))
    assert {result.status for result in results} <= {"published", "unchanged"}
    assert kinds(toy) == [Kind.BATCH_PUBLISHED]
    assert len(published(toy)) == 2000


def test_a_table_changed_by_another_in_between_is_the_batchs_misfit(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    toy.arrive(1, rides(1).assign(fare="dear"))
    keep = commitment.keep_published

    def other_first(lake: Lake, *given: object) -> int:
        lake.batches("rides").replace(rides(2), "2024-02")
        return keep(lake, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(ending, "keep_published", other_first)
    result = ingest(toy, 1)
    assert result.status == "quarantined"
    assert "got string, allowed double" in failed(result)["types"]


@pytest.mark.parametrize("stale_is_bad", [False, True])
@pytest.mark.parametrize("fresh_is_bad", [False, True])
def test_a_run_with_stale_bytes_never_has_the_last_word(
    toy: Toy, monkeypatch: pytest.MonkeyPatch, stale_is_bad: bool, fresh_is_bad: bool
) -> None:
    toy.arrive(1, rides(1, rows=60, faults=stale_is_bad))
    keep = ending.keep_report

    def meanwhile(*given: Any) -> str:
        monkeypatch.undo()
        toy.arrive(1, rides(1, rows=50, faults=fresh_is_bad))
        ingest(toy, 1)
        return keep(*given)

    monkeypatch.setattr(ending, "keep_report", meanwhile)
    result = ingest(toy, 1)
    assert result.status == ("quarantined" if fresh_is_bad else "published")
    assert len(verdicts(toy)) == 1, "of the stale bytes nothing is recorded"
    state = Ledger.of(toy.workspace).dataset("rides")
    assert state.arrival("2024-01")["rows"] == 50  # type: ignore[index]
    table, aside = Lake.of(toy.workspace).batches("rides"), Lake.of(toy.workspace).quarantine("rides")
    if fresh_is_bad:
        assert aside.count("2024-01") == 50
        assert state.published() == []
    else:
        (batch,) = state.published()
        assert table.count("2024-01") == 50
        assert len(table.read_as_of({"2024-01": batch["data_version"]})) == 50
        assert not aside.exists() or aside.count("2024-01") == 0


def test_a_run_under_which_its_rows_were_dropped_does_not_bring_them_back(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy.edit("include/datasets/rides/dataset.yaml", "owner: tests", "owner: tests\non_bad_rows: {set_aside_up_to: 10%}")
    frame = rides(1, rows=60)
    frame.loc[3, "distance"] = -1.0
    toy.arrive(1, frame)
    ingest(toy, 1)
    keep = ending.keep_report

    def meanwhile(*given: Any) -> str:
        monkeypatch.undo()
        rule(toy.workspace, toy.rides, "2024-01", "drop", why="Nobody.", actor="person:ada")
        return keep(*given)

    monkeypatch.setattr(ending, "keep_report", meanwhile)
    ingest(toy, 1, force=True)
    assert Lake.of(toy.workspace).quarantine("rides").count("2024-01") == 0
    assert kinds(toy)[-1] == Kind.QUARANTINE_DROPPED
