"""Files of our own writing, committed by name: seen whole or not at all, never doubled, and read as any other."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError

from loopwright.errors import LakeUnavailable
from loopwright.lake import Table, part
from loopwright.lake.columns import Columns, columns_of
from loopwright.lake.rows import Rows
from loopwright.lake.schema import ColumnConflict

ODD = "a b=ü%20'c"


def pieces(frame: pd.DataFrame, size: int = 2):
    for first in range(0, len(frame), size):
        rows = frame.iloc[first : first + size]
        yield rows.index.to_numpy(), columns_of(rows).typed


def put(table: Table, batch: str, frame: pd.DataFrame) -> int:
    columns = columns_of(frame)
    return table.replace_in_pieces(pieces(frame), batch, Columns({}, columns.types, columns.untyped))


def files(table: Table) -> list[str]:
    return [path.name for path in Path(table.uri).rglob("*.parquet")]


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(str(tmp_path / "batches"))


@pytest.mark.parametrize("way", ["in pieces", "large"])
def test_what_is_put_here_is_what_delta_rs_puts(
    way: str, table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part, "_ROWS", 2)
    frame = pd.DataFrame({"x": [1, 2, 3], "when": pd.to_datetime(["2024-01-01"] * 3), "none": [np.nan] * 3})
    whole = Table(str(tmp_path / "whole"))
    for batch, rows in (("a", frame), (ODD, frame.assign(y="new")), ("a", frame.head(2))):
        monkeypatch.setattr(part, "LARGE", 0)
        ours = put(table, batch, rows) if way == "in pieces" else table.replace(rows, batch)
        monkeypatch.setattr(part, "LARGE", 2**60)
        assert ours == whole.replace(rows, batch)
    assert sorted(files(table)) != sorted(files(whole))
    pd.testing.assert_frame_equal(table.read(), whole.read())
    assert table.count(ODD) == 3
    assert DeltaTable(table.uri).protocol() == DeltaTable(whole.uri).protocol()


def test_the_log_shows_no_values(table: Table) -> None:
    put(table, "a", pd.DataFrame({"name": ["Ada", "Grace"]}))
    log = "".join(path.read_text() for path in (Path(table.uri) / "_delta_log").iterdir())
    assert "_row" in log
    assert "Ada" not in log
    assert not table.log_shows_values()


def test_older_versions_stay_and_can_be_erased_by_batch(table: Table) -> None:
    first = put(table, ODD, pd.DataFrame({"x": [1, 2]}))
    put(table, ODD, pd.DataFrame({"x": [3, 4]}))
    assert table.read([ODD], version=first)["x"].tolist() == [1, 2]
    table.forget(ODD, [0])
    assert table.read([ODD])["x"].tolist() == [4]
    assert len(files(table)) == 1


def test_a_first_local_time_is_let_in(table: Table) -> None:
    put(table, "a", pd.DataFrame({"x": [1]}))
    version = put(table, "b", pd.DataFrame({"x": [2], "when": pd.to_datetime(["2024-05-01"])}))
    assert table.read(version=version)["when"].tolist() == [pd.NaT, pd.Timestamp("2024-05-01")]


def test_it_is_committed_onto_what_was_looked_at_or_not_at_all(table: Table) -> None:
    """Delta-rs would commit both of two that add one batch: it sees no conflict."""
    frame = pd.DataFrame({"x": [1, 2]})
    put(table, "other", frame)
    seen, columns = DeltaTable(table.uri), columns_of(frame)
    put(table, "same", frame)
    with (
        pytest.raises(CommitFailedError, match="commit"),
        part.written(table.uri, Rows("same"), columns, pieces(frame), {}) as file,
    ):
        part.replace_by(seen, Rows("same"), file)
    assert table.count("same") == 2
    assert len(files(table)) == 2


def test_writers_at_once_lose_and_double_nothing(table: Table) -> None:
    frames = [pd.DataFrame({"x": [n] * n}) for n in (2, 3, 4)]
    writers = [threading.Thread(target=put, args=(table, "same", frame)) for frame in frames]
    writers += [threading.Thread(target=table.replace, args=(frame, f"{len(frame)}")) for frame in frames]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert table.read(["same"])["x"].tolist() in ([2] * 2, [3] * 3, [4] * 4)
    assert [table.count(str(n)) for n in (2, 3, 4)] == [2, 3, 4]
    assert table.version() == 5


def test_of_several_that_make_the_table_one_makes_it(table: Table) -> None:
    together, frame = threading.Barrier(4), pd.DataFrame({"x": [1, 2]})

    def write() -> None:
        together.wait()
        put(table, "same", frame)

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert table.read()["x"].tolist() == [1, 2]
    assert table.version() == 3


def test_large_frames_are_settled_with_the_table_each_time_that_they_are_late(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part, "LARGE", 0)
    table.replace(pd.DataFrame({"x": [0]}), "first")
    frames = [pd.DataFrame({"x": [n + (n == 3) / 2] * n}) for n in (2, 3, 4)]  # one of them widens the column
    writers = [threading.Thread(target=table.replace, args=(frame, str(len(frame)))) for frame in frames]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert table.read()["x"].tolist() == [2, 2, 3.5, 3.5, 3.5, 4, 4, 4, 4, 0]


def test_a_commit_whose_answer_is_lost_is_not_done_twice(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    put(table, "a", pd.DataFrame({"x": [1]}))
    commit = DeltaTable.create_write_transaction

    def unheard(self: DeltaTable, *given: object, **named: object) -> None:
        commit(self, *given, **named)
        monkeypatch.undo()
        raise CommitFailedError("somebody was first: this very commit")

    monkeypatch.setattr(DeltaTable, "create_write_transaction", unheard)
    assert put(table, "a", pd.DataFrame({"x": [2, 3]})) == 1
    assert table.version() == 1
    assert table.read()["x"].tolist() == [2, 3]


@pytest.mark.parametrize("error", [OSError("no space left"), KeyboardInterrupt()])
def test_what_breaks_off_leaves_nothing(table: Table, error: BaseException) -> None:
    def breaks_off():
        yield np.arange(1), {"x": pa.array([1])}
        raise error

    with pytest.raises((LakeUnavailable, KeyboardInterrupt)):
        table.replace_in_pieces(breaks_off(), "a", Columns({}, {"x": "long"}))
    assert files(table) == []
    assert not table.exists()


def test_what_does_not_fit_leaves_nothing(table: Table) -> None:
    put(table, "a", pd.DataFrame({"x": [1]}))
    with pytest.raises(ColumnConflict, match="does not fit"):
        put(table, "b", pd.DataFrame({"x": ["text"]}))
    assert len(files(table)) == 1
