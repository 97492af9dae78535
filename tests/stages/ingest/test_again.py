"""A batch that comes again: as it was, forced, corrected, or judged by something else."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from loopwright.lake import Lake
from loopwright.ledger.events import Kind
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.arriving.waiting import waiting
from support.taken_in import failed, ingest, kinds, published, set_aside
from support.toy import Toy, rides


def test_the_same_bytes_again_change_nothing(toy: Toy) -> None:
    path = toy.arrive(1)
    first = ingest(toy, 1)
    again = ingest(toy, 1)
    assert (again.status, again.verdict) == ("unchanged", None)
    assert (again.data_version, again.rows_published, again.report) == (first.data_version, 2000, first.report)
    os.utime(path, ns=(1, 1))
    assert len(waiting(toy.workspace, toy.rides).arrivals) == 1
    assert ingest(toy, 1).status == "unchanged"
    assert not waiting(toy.workspace, toy.rides).arrivals
    assert ingest(toy, 1).status == "unchanged"
    assert kinds(toy) == [Kind.BATCH_PUBLISHED, Kind.ARRIVAL_REPEATED]
    assert Lake.of(toy.workspace).batches("rides").version() == first.data_version


def test_force_does_it_again_to_the_same_end(toy: Toy) -> None:
    toy.arrive(1)
    first, again = ingest(toy, 1), ingest(toy, 1, force=True)
    assert again.status == "published"
    assert again.content_digest == first.content_digest
    assert len(published(toy)) == 2000
    assert kinds(toy) == [Kind.BATCH_PUBLISHED] * 2


def test_a_correction_supersedes_and_a_bad_one_does_not(toy: Toy) -> None:
    toy.arrive(1)
    first = ingest(toy, 1)
    toy.arrive(1, rides(1).head(100))
    second = ingest(toy, 1)
    assert (second.rows_published, len(published(toy))) == (100, 100)
    assert (first.data_version, second.data_version) == (0, 1)
    toy.arrive(1, faults=True)
    assert ingest(toy, 1).status == "quarantined"
    assert len(published(toy)) == 100
    state = Ledger.of(toy.workspace).dataset("rides")
    assert [batch["rows"] for batch in state.published()] == [100]
    toy.arrive(1, rides(1).head(100))  # the source takes its bad correction back
    assert ingest(toy, 1).content_digest == second.content_digest
    assert set_aside(toy).empty


def test_a_batch_that_was_set_aside_is_so_again_each_time_it_is_asked_for(toy: Toy) -> None:
    path = toy.arrive(1, faults=True)
    first, again = ingest(toy, 1), ingest(toy, 1)
    assert again.status == "quarantined"
    assert failed(again) == failed(first)
    assert (again.rows_read, again.rows_published, again.report) == (2000, 0, first.report)
    assert kinds(toy) == [Kind.BATCH_QUARANTINED]
    assert not waiting(toy.workspace, toy.rides).arrivals
    assert len(waiting(toy.workspace, toy.rides, batch_id="2024-01").arrivals) == 1
    os.utime(path, ns=(1, 1))
    assert ingest(toy, 1).status == "quarantined"
    assert kinds(toy) == [Kind.BATCH_QUARANTINED, Kind.ARRIVAL_REPEATED]
    assert ingest(toy, 1, force=True).status == "quarantined"
    assert kinds(toy)[2:] == [Kind.BATCH_QUARANTINED]


def tolerant(toy: Toy) -> None:
    suite = "include/datasets/rides/expectations.yaml"
    toy.edit(suite, "value_set: [a, b, c, d]", "value_set: [a, b, c, d, '?']")
    toy.edit(suite, "min_value: 0", "min_value: -1")


def cleaned_away(toy: Toy) -> None:
    steps = "{step: clip, column: distance, lower: 0}\n  - {step: replace, column: zone, values: {'?': a}}"
    toy.edit("include/datasets/rides/dataset.yaml", "clean:\n", f"clean:\n  - {steps}\n")


def mended_by_code(toy: Toy) -> None:
    code = "def tidy(frame):\n    return frame[(frame['distance'] >= 0) & (frame['zone'] != '?')]\n"
    (toy.path / "include/datasets/rides/tidy.py").write_text(code)


@pytest.mark.parametrize("mend", [tolerant, cleaned_away, mended_by_code])
def test_a_batch_that_was_set_aside_waits_again_when_it_would_be_judged_by_something_else(
    toy: Toy, mend: Callable[[Toy], None]
) -> None:
    if mend is mended_by_code:
        (toy.path / "include/datasets/rides/tidy.py").write_text("def tidy(frame):\n    return frame\n")
        toy.edit(
            "include/datasets/rides/dataset.yaml", "clean:\n", "clean:\n  - {step: apply, function: 'tidy:tidy'}\n"
        )
    toy.arrive(1)
    toy.arrive(2, faults=True)
    ingest(toy, 1), ingest(toy, 2)
    toy.edit("include/datasets/rides/dataset.yaml", "owner: tests", "owner: others  # which changes no verdict")
    assert not waiting(toy.workspace, toy.rides).arrivals
    mend(toy)
    assert [one.batch_id for one in waiting(toy.workspace, toy.rides).arrivals] == ["2024-02"], "published ones stay"
    assert ingest(toy, 2).status == "published"
    assert not waiting(toy.workspace, toy.rides).arrivals
    assert ingest(toy, 1).status == "unchanged"


def test_a_mended_batch_leaves_nothing_in_quarantine(toy: Toy) -> None:
    toy.arrive(1, faults=True)
    ingest(toy, 1)
    toy.arrive(1)
    assert ingest(toy, 1).status == "published"
    assert set_aside(toy).empty
    assert len(published(toy)) == 2000
