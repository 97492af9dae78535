"""Files that no version names go when they are old; none that any version names, and none of a writer at work."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from deltalake import DeltaTable, write_deltalake

from loopwright.lake import Table, erasing, part
from loopwright.lake.columns import columns_of
from loopwright.lake.rows import Rows

WEEK, NOW = timedelta(days=7), timedelta(0)
ODD = "a b=ü%20'c"
FRAME = pd.DataFrame({"x": [1, 2, 3]})


class Killed(BaseException):
    pass


def files(table: Table) -> set[str]:
    return {path.name for path in Path(table.uri).rglob("*.parquet")}


def age(table: Table, days: float) -> None:
    then = time.time() - days * 86_400
    for path in Path(table.uri).rglob("*.parquet"):
        os.utime(path, (then, then))


def killed(table: Table, batch: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the file that a writer leaves which is killed right before its commit."""
    before = files(table)

    def die(*_args: object) -> int:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(part, "LARGE", 0)
        patch.setattr(part, "replace_by", die)
        with pytest.raises(Killed):
            table.replace(FRAME.assign(x=7), batch)
    [left] = files(table) - before
    return left


@pytest.fixture
def table(tmp_path: Path) -> Table:
    made = Table(str(tmp_path / "batches"))
    for batch in ("a", ODD, "a"):
        made.replace(FRAME, batch)
    return made


@pytest.mark.parametrize("batch", ["a", ODD])
def test_a_killed_writers_file_goes_when_it_is_old_and_no_other_does(
    batch: str, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = files(table)
    left = killed(table, batch, monkeypatch)
    assert table.erase_unnamed(older_than=WEEK) == 0, "its writer may be at work"
    age(table, days=6.9)
    assert table.erase_unnamed(older_than=WEEK) == 0
    age(table, days=7.1)
    assert table.erase_unnamed(older_than=WEEK, dry_run=True) == 1
    assert files(table) == {*named, left}
    assert table.erase_unnamed(older_than=WEEK) == 1
    assert files(table) == named
    assert [len(table.read(version=version)) for version in range(3)] == [3, 6, 6]
    assert table.erase_unnamed(older_than=WEEK) == 0


def test_a_file_of_another_kind_and_a_folder_without_a_log_are_left(tmp_path: Path, table: Table) -> None:
    for place in (tmp_path / "none", Path(table.uri)):
        (place / "_batch_id=a").mkdir(parents=True, exist_ok=True)
    (tmp_path / "none" / "_batch_id=a" / "part-0.parquet").write_bytes(b"")
    (Path(table.uri) / "_batch_id=a" / "mine.parquet").write_bytes(b"")
    assert Table(str(tmp_path / "none")).erase_unnamed(older_than=NOW) == 0
    assert table.erase_unnamed(older_than=NOW) == 0


def test_what_was_committed_while_was_looked_is_named(table: Table) -> None:
    columns, target = columns_of(FRAME), Rows("a")
    pieces = part.sliced(FRAME.index.to_numpy(), columns.typed)
    with part.written(table.uri, target, columns, pieces, {}) as file:

        def opened() -> DeltaTable:
            part.replace_by(DeltaTable(table.uri), target, file)
            return DeltaTable(table.uri)

        assert erasing.erase_unnamed(opened, table.uri, NOW, {}, dry_run=False) == 0
    assert len(table.read(["a"])) == 3


@pytest.mark.parametrize("logs", ["kept", "checkpoint alone"])
def test_a_file_that_only_the_log_remembers_stays(tmp_path: Path, logs: str) -> None:
    """As in a table whose owner lets Delta forget early which files were replaced."""
    uri = str(tmp_path / "theirs")
    early = {"delta.deletedFileRetentionDuration": "interval 0 days"}
    for _ in range(3):
        write_deltalake(uri, FRAME, mode="overwrite", configuration=early)
    DeltaTable(uri).create_checkpoint()
    log = Path(uri) / "_delta_log"
    if logs == "checkpoint alone":
        for entry in log.glob("*2.json"):
            entry.unlink()
    table, before = Table(uri), files(Table(uri))
    assert table.erase_unnamed(older_than=NOW) == 0
    assert files(table) == before
    assert len(DeltaTable(uri, version=0).to_pandas()) == 3
