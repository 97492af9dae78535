"""What has no room in memory is refused before it is read; what may have is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from loopwright.errors import CannotRun
from loopwright.ledger.store import Ledger
from loopwright.loop.taking_in import take_in
from loopwright.loop.telling import Teller
from loopwright.stages.ingest.pieces import arriving
from loopwright.stages.ingest.reading import room
from loopwright.stages.ingest.stage import ingest_batch
from support.toy import Toy, rides


@pytest.fixture
def group(tmp_path: Path) -> Path:
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("700000\n")
    (tmp_path / "memory.stat").write_text("anon 500000\ninactive_file 200000\n")
    return tmp_path


def test_free_memory_is_the_lesser_of_container_and_machine(group: Path) -> None:
    machine = group / "meminfo"
    machine.write_text("MemTotal: 4000 kB\nMemAvailable:    400 kB\n")
    assert room.free_memory(group, machine) == 400 * 1024
    machine.write_text("MemTotal: 4000 kB\nMemAvailable:    600 kB\n")
    assert room.free_memory(group, machine) == 500_000
    (group / "memory.max").write_text("max\n")
    assert room.free_memory(group, machine) == 600 * 1024
    assert room.free_memory(group / "nowhere", group / "nothing") is None


@pytest.mark.parametrize("ending", ["parquet", "csv", "csv.gz", "jsonl"])
def test_an_arrival_without_room_is_refused_and_comes_in_when_there_is_some(
    ending: str, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy.edit("include/datasets/rides/dataset.yaml", "*.parquet", "*.*")
    toy.edit("include/datasets/rides/dataset.yaml", "owner: tests", "owner: tests\nexpectations: null")
    frame, path = rides(1, rows=50), toy.path / f"arrivals/rides/2024-01.{ending}"
    path.parent.mkdir(parents=True)
    if ending == "parquet":
        frame.to_parquet(path)
    elif ending == "jsonl":
        frame.to_json(path, orient="records", lines=True, date_format="iso")
    else:
        frame.to_csv(path, index=False)
    monkeypatch.setattr(room, "LOOKED_AT", 0)
    monkeypatch.setattr(room, "free_memory", lambda: 1000)
    with pytest.raises(CannotRun, match=r"no room in memory(.|\n)*at least(.|\n)*are free here(.|\n)*smaller batches"):
        ingest_batch(toy.workspace, toy.rides, "2024-01")
    assert not list(Ledger.of(toy.workspace).events("dataset/rides"))
    monkeypatch.setattr(room, "free_memory", lambda: None)
    assert ingest_batch(toy.workspace, toy.rides, "2024-01").status == "published"


def test_why_the_whole_is_needed_is_said_and_the_others_come_in(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    toy.arrive(1, rides(1, rows=50).assign(zone="?"))
    toy.arrive(2, rides(2, rows=50))
    monkeypatch.setattr(room, "LOOKED_AT", 0)
    monkeypatch.setattr(room, "free_memory", lambda: 1000)
    monkeypatch.setattr(arriving, "LARGE", 0)
    taken = take_in(toy.workspace, "rides", teller := Teller(lambda _: None))
    assert (taken.faults, taken.published) == (("2024-01",), ("2024-02",))
    assert "it is not as expected (fail: expect_column_values_to_be_in_set(zone)" in str(teller.steps[0].result)
