"""Several files as one batch: together, whole, and told from what they were when any of them changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from loopwright.errors import DataFault
from loopwright.lake import Lake
from loopwright.stages.ingest.arriving.waiting import waiting
from loopwright.stages.ingest.stage import IngestResult, ingest_batch
from support.toy import Toy, rides


@pytest.fixture
def many(toy: Toy) -> Toy:
    """A month is a folder of files, and a file in it says that all are there."""
    dataset = "include/datasets/rides/dataset.yaml"
    how = 'owner: tests\nexpectations: null\nfiles: many\ncomplete: _SUCCESS\nbatch_id: "{parent}"'
    toy.edit(dataset, "owner: tests", how)
    toy.edit(dataset, "rides/*.parquet", "rides/*/*.csv")
    return toy


def drop(toy: Toy, name: str, rows: slice, **more: object) -> Path:
    path = toy.path / "arrivals" / "rides" / "2024-01" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    rides(1, rows=30).iloc[rows].assign(**more).to_csv(path, index=False)
    return path


def done(toy: Toy) -> None:
    (toy.path / "arrivals" / "rides" / "2024-01" / "_SUCCESS").touch()


def waits(toy: Toy) -> list[str]:
    return [one.batch_id for one in waiting(toy.workspace, toy.rides).arrivals]


def ingest(toy: Toy) -> IngestResult:
    return ingest_batch(toy.workspace, toy.rides, "2024-01")


def test_the_files_of_a_folder_are_one_batch_once_all_are_there(many: Toy) -> None:
    drop(many, "part-10.csv", slice(20, 30), code="A7")
    drop(many, "part-9.csv", slice(0, 20), code="007")
    assert waits(many) == []
    done(many)
    assert waits(many) == ["2024-01"]
    assert (ingest(many).status, ingest(many).status) == ("published", "unchanged")
    rows = Lake.of(many.workspace).batches("rides").read()
    assert rows["ride_id"].tolist() == rides(1, rows=30)["ride_id"].tolist(), "9 comes before 10"
    assert rows["_row"].tolist() == list(range(30))
    assert set(rows["code"]) == {"007", "A7"}, "digits alone in one file, and words in another"
    assert waits(many) == []


def test_one_more_file_or_another_makes_it_another_batch_of_that_name(many: Toy) -> None:
    drop(many, "a.csv", slice(0, 10))
    done(many)
    ingest(many)
    drop(many, "b.csv", slice(10, 20))
    assert waits(many) == ["2024-01"]
    assert ingest(many).rows_published == 20
    drop(many, "b.csv", slice(10, 15))
    assert waits(many) == ["2024-01"]
    assert ingest(many).rows_published == 15


def test_files_that_are_not_alike_are_no_batch(many: Toy) -> None:
    drop(many, "a.csv", slice(0, 10))
    drop(many, "b.csv", slice(10, 20), surge=1.0)
    done(many)
    result = ingest(many)
    assert result.status == "quarantined"
    assert "not the same columns" in str(result.verdict and result.verdict.why())


def test_where_nothing_says_so_several_files_of_one_name_are_refused(toy: Toy) -> None:
    toy.edit("include/datasets/rides/dataset.yaml", "*.parquet", "*/*.csv\nbatch_id: '{parent}'")
    drop(toy, "a.csv", slice(0, 10))
    drop(toy, "b.csv", slice(0, 10))
    (refused,) = waiting(toy.workspace, toy.rides).refused
    assert "Two files give the one batch id" in refused.fault.what


def test_a_batch_of_which_one_file_is_refused_is_refused_whole(
    many: Toy, tmp_path_factory: pytest.TempPathFactory
) -> None:
    drop(many, "a.csv", slice(0, 10))
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "b.csv"
    elsewhere.write_text("ride_id\n1\n")
    (many.path / "arrivals/rides/2024-01/b.csv").symlink_to(elsewhere)
    done(many)
    found = waiting(many.workspace, many.rides)
    assert found.arrivals == ()
    assert [(one.name, "out of their folder" in one.fault.what) for one in found.refused] == [("2024-01", True)]
    with pytest.raises(DataFault, match="leads out of their folder"):
        ingest(many)
    (many.path / "arrivals/rides/2024-01/b.csv").unlink()
    assert waits(many) == ["2024-01"]
