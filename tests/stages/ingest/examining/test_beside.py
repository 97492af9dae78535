"""A verdict that rested on other batches is asked for again when those are others; else it stands."""

from __future__ import annotations

from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.arriving.waiting import waiting
from loopwright.stages.ingest.examining.beside import stands_as_before
from loopwright.stages.ingest.stage import ingest_batch
from support.toy import Toy, rides


def taken(toy: Toy, month: int, **more: object) -> str:
    frame = rides(month, rows=50)
    toy.arrive(month, frame.assign(**more) if more else frame)
    return ingest_batch(toy.workspace, toy.rides, f"2024-{month:02d}").status


def waits(toy: Toy) -> list[str]:
    return [arrival.batch_id for arrival in waiting(toy.workspace, toy.rides).arrivals]


def test_a_batch_that_lacked_a_column_waits_again_when_the_one_before_lacks_it_too(toy: Toy) -> None:
    assert taken(toy, 1, stray="x") == "published"
    assert taken(toy, 2) == "quarantined"
    assert waits(toy) == []
    assert taken(toy, 1) == "published"
    assert waits(toy) == ["2024-02"]
    assert ingest_batch(toy.workspace, toy.rides, "2024-02").status == "published"


def test_a_batch_waits_again_when_one_comes_between_it_and_the_one_it_was_held_against(toy: Toy) -> None:
    assert taken(toy, 1, stray="x") == "published"
    assert taken(toy, 3) == "quarantined"
    toy.edit("include/datasets/rides/dataset.yaml", "clean:", "clean:\n  - {step: drop_columns, columns: [stray]}")
    assert taken(toy, 2, stray="x") == "published"
    toy.edit("include/datasets/rides/dataset.yaml", "  - {step: drop_columns, columns: [stray]}\n", "")
    assert waits(toy) == ["2024-03"]


def test_batches_of_the_same_columns_move_nothing(toy: Toy) -> None:
    assert taken(toy, 1) == "published"
    toy.arrive(2, rides(2, rows=50, faults=True))
    assert ingest_batch(toy.workspace, toy.rides, "2024-02").status == "quarantined"
    assert taken(toy, 3) == "published"
    assert waits(toy) == []


def test_what_was_recorded_before_this_was_kept_stands(toy: Toy) -> None:
    state = Ledger.of(toy.workspace).dataset("rides")
    assert stands_as_before(state, {"batch_id": "2024-01", "status": "quarantined"})
