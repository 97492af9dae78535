"""Several writers at once, and writers that die: the table is as if each batch had been written once, or not at all."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pandas as pd
import pytest
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError

from loopwright.errors import LakeUnavailable
from loopwright.lake import Table, writing
from loopwright.lake.columns import columns_of
from loopwright.lake.rows import Rows, numbers_of


def script(text: str, *arguments: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", text, *map(str, arguments)])


def assembled(batch: str, frame: pd.DataFrame):
    return Rows(batch).assembled(columns_of(frame).typed, numbers_of(frame), {})


RACER = """
import sys
import pandas as pd
from loopwright.lake import Table

uri, me = sys.argv[1], int(sys.argv[2])
table = Table(uri)
table.replace(pd.DataFrame({"x": [me] * 100}), "contested")  # nobody has made the table yet
table.replace(pd.DataFrame({"x": [me + 0.5 * (me == 2)] * 100, f"own_{me}": "new"}), f"batch-{me}")
"""


def test_processes_at_once_lose_nothing(tmp_path):
    uri = str(tmp_path / "batches")
    racers = [script(RACER, uri, me) for me in range(4)]
    assert [racer.wait() for racer in racers] == [0, 0, 0, 0]
    rows = Table(uri).read()
    assert rows.groupby("_batch_id").size().to_dict() == {"contested": 100} | {f"batch-{me}": 100 for me in range(4)}
    assert rows.loc[rows["_batch_id"] == "contested", "x"].nunique() == 1  # one racer's rows, whole
    assert rows.groupby("_batch_id")["x"].first().loc["batch-2"] == 2.5  # and the column is as wide as that needs
    assert {f"own_{me}" for me in range(4)} <= set(rows.columns)


def test_threads_at_once_lose_nothing(tmp_path):
    table = Table(str(tmp_path / "batches"))
    table.replace(pd.DataFrame({"x": [0]}), "same")
    threads = [threading.Thread(target=table.replace, args=(pd.DataFrame({"x": [n] * n}), "same")) for n in (2, 3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    left = table.read()["x"]
    assert table.version() == 3
    assert left.tolist() in ([2] * 2, [3] * 3, [4] * 4)


def test_of_two_that_make_the_table_one_is_told_to_look_again(tmp_path):
    uri = str(tmp_path / "batches")
    for_a, for_b = assembled("a", pd.DataFrame({"x": [1]})), assembled("b", pd.DataFrame({"x": ["text"]}))
    assert writing.create(uri, Rows("a"), for_a, None) == 0
    with pytest.raises(CommitFailedError, match="made by another meanwhile"):
        writing.create(uri, Rows("b"), for_b, None)
    assert Table(uri).read()["x"].tolist() == [1]


def test_two_that_make_the_table_at_the_same_moment_do_not_double_the_batch(tmp_path):
    together = threading.Barrier(4)

    def write(uri: str) -> None:
        together.wait()
        Table(uri).replace(pd.DataFrame({"x": [1, 2]}), "a")

    for attempt in range(10):
        uri = str(tmp_path / str(attempt))
        threads = [threading.Thread(target=write, args=(uri,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert Table(uri).read()["x"].tolist() == [1, 2]


def test_a_widening_never_overlooks_what_was_written_meanwhile(tmp_path):
    """Delta-rs would commit it: without a predicate it sees no conflict, and the new batch keeps the old type."""
    table = Table(str(tmp_path / "batches"))
    table.replace(pd.DataFrame({"x": [1]}), "a")
    stale = DeltaTable(table.uri)
    table.replace(pd.DataFrame({"x": [2]}), "b")
    late = pd.DataFrame({"x": [0.5]})
    with pytest.raises(CommitFailedError, match="commit"):
        writing.overwrite(stale, Rows("c"), assembled("c", late), {"x": "double"}, where="here")
    table.replace(late, "c")
    assert table.read()["x"].tolist() == [1.0, 2.0, 0.5]
    types = {field.name: field.type.type for field in DeltaTable(table.uri).schema().fields}
    assert types["x"] == "double"


def test_a_writer_that_always_loses_says_so(tmp_path, monkeypatch):
    def lose(*_: object, **__: object) -> None:
        raise CommitFailedError("somebody else was first")

    table = Table(str(tmp_path / "batches"))
    monkeypatch.setattr(writing, "create", lose)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    with pytest.raises(LakeUnavailable, match=r"committed to this table first(.|\n)*30 lost commits"):
        table.replace(pd.DataFrame({"x": [1]}), "a")


ENDLESS = """
import sys
import pandas as pd
from loopwright.lake import Table

table, size = Table(sys.argv[1]), int(sys.argv[2])
for round_ in range(1_000_000):
    table.replace(pd.DataFrame({"x": [round_] * size, "y": float(round_)}), "a")
"""


def test_a_killed_writer_leaves_nothing_half_visible(tmp_path):
    table, size = Table(str(tmp_path / "batches")), 300_000
    for moment in (0.05, 0.11, 0.17, 0.23):  # somewhere in encoding, writing, committing
        before = table.version()
        writer = script(ENDLESS, table.uri, size)
        wait_for_commits(table, before, 2)
        time.sleep(moment)
        writer.kill()
        writer.wait()
        rows = table.read()
        assert len(rows) == size == table.count("a")
        assert rows["x"].nunique() == 1
        assert (rows["x"] == rows["y"]).all()
    table.replace(pd.DataFrame({"x": [7]}), "a")
    assert table.read()["x"].tolist() == [7]


def wait_for_commits(table: Table, before: int | None, count: int) -> None:
    deadline = time.monotonic() + 60
    while (table.version() or 0) < (before or 0) + count:
        assert time.monotonic() < deadline, "the writer never wrote"
        time.sleep(0.02)


FULL_DISK = """
import resource, sys
import pandas as pd
from loopwright.errors import LakeUnavailable
from loopwright.lake import Lake

lake = Lake(sys.argv[1])
table = lake.batches("rides")
table.replace(pd.DataFrame({"x": [1]}), "a")
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))  # from here, files end as on a disk that is full
for write in (
    lambda: table.replace(pd.DataFrame({"x": range(1_000_000)}), "a"),
    lambda: lake.write_report("rides", "a", "json", "x" * 100_000),
):
    try:
        write()
    except LakeUnavailable as error:
        assert "Free space on the lake's disk" in str(error), error
    else:
        raise AssertionError("there was room")
"""


def test_a_full_disk_loses_nothing_and_says_what_to_do(tmp_path):
    assert script(FULL_DISK, tmp_path).wait() == 0
    table = Table(str(tmp_path / "datasets/rides/batches"))
    assert table.read()["x"].tolist() == [1]
    assert [path.name for path in (tmp_path / "datasets/rides/reports").iterdir()] == []
    assert table.replace(pd.DataFrame({"x": range(1_000)}), "a") == 1
