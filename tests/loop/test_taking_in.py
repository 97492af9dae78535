"""What has arrived is taken in, whatever lies beside it."""

from __future__ import annotations

import pytest

from loopwright.lake import Lake
from loopwright.loop.run import turn
from loopwright.loop.status import status
from loopwright.loop.taking_in import take_in
from loopwright.loop.telling import Teller
from loopwright.stages.ingest.arriving import fetching


def test_a_file_that_can_be_no_batch_is_a_step_that_failed_and_the_others_go_on(toy):
    toy.arrive(1)
    (toy.path / "arrivals/rides/notes & more.parquet").write_bytes(b"")
    teller = Teller()
    taken = take_in(toy.workspace, "rides", teller)
    assert (taken.published, taken.refused, taken.exit_status) == (("2024-01",), ("notes & more.parquet",), 1)
    (failed,) = [step for step in teller.steps if step.failed]
    assert failed.batch_id == "notes & more.parquet"
    assert "not safe to use as a name" in failed.why
    (need,) = status(toy.workspace)["datasets"][0]["needs"]
    assert need.startswith("notes & more.parquet cannot be taken in")
    summary = turn(toy.workspace, "tips", until="ingest")
    assert (len(summary.failed), summary.exit_status) == (1, 1)


def test_an_arrival_that_cannot_be_read_holds_up_no_other_and_is_remembered(toy, monkeypatch):
    for month in (1, 2, 3):
        toy.arrive(month)
    real = fetching.hashlib.file_digest

    def denied(stream, name):
        if "2024-02" in stream.name:
            raise PermissionError(13, "Permission denied")
        return real(stream, name)

    monkeypatch.setattr(fetching.hashlib, "file_digest", denied)
    summary = turn(toy.workspace, "tips", until="ingest")
    assert [(step.batch_id, step.outcome) for step in summary.steps] == [
        ("2024-01", "published"),
        ("2024-02", "fault"),
        ("2024-03", "published"),
    ]
    assert summary.exit_status == 2
    assert "Permission denied" in summary.faults[0].result["error"]["got"]
    assert take_in(toy.workspace, "rides", Teller()).faults == ("2024-02",)
    monkeypatch.undo()
    assert take_in(toy.workspace, "rides", Teller()).published == ("2024-02",)


@pytest.mark.parametrize("batch_id", [None, "2024-01"])
def test_a_batch_that_was_set_aside_is_taken_in_once_the_suite_is_mended(toy, batch_id):
    toy.arrive(1, faults=True)
    assert take_in(toy.workspace, "rides", Teller()).quarantined == ("2024-01",)
    again = take_in(toy.workspace, "rides", Teller(), batch_id=batch_id)
    assert again.quarantined == (() if batch_id is None else ("2024-01",))
    toy.edit("include/datasets/rides/dataset.yaml", "owner: tests", "owner: tests\nexpectations: null")
    assert take_in(toy.workspace, "rides", Teller(), batch_id=batch_id).published == ("2024-01",)


def test_what_was_set_aside_for_too_long_is_erased_by_a_turn_as_well(toy):
    toy.edit("include/datasets/rides/dataset.yaml", "owner: tests", "owner: tests\nquarantine: {retention: 0s}")
    toy.arrive(1, faults=True)
    turn(toy.workspace, "tips", until="ingest")
    quarantine = Lake.of(toy.workspace).quarantine("rides")
    assert quarantine.count("2024-01") > 0
    turn(toy.workspace, "tips", until="ingest")
    assert quarantine.count("2024-01") == 0
