from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from deltalake import DeltaTable

from loopwright.errors import DataFault, LakeUnavailable, NotReady, UnknownName
from loopwright.lake import Table
from loopwright.lake.columns import ColumnUnfit
from loopwright.lake.schema import ColumnConflict


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(str(tmp_path / "batches"))


def frame(**columns: object) -> pd.DataFrame:
    return pd.DataFrame(columns)


def test_a_table_that_was_never_written_to(table):
    assert not table.exists()
    assert table.version() is None
    assert table.count("2024-01") == 0
    assert table.remove("2024-01") is None
    with pytest.raises(NotReady, match="Nothing was written to this table yet"):
        table.read()


def test_rows_come_back_as_they_went(table):
    went = frame(
        whole=[1, 2, 3],
        part=[0.5, np.nan, -np.inf],
        text=["a", None, "ö"],
        flag=[True, False, True],
        at=pd.to_datetime(["2024-01-31 05:00:00.5", None, "2024-02-01"], format="ISO8601"),
        day=[dt.date(2024, 1, 31), None, dt.date(1, 1, 1)],
        raw=[b"\x00", None, b""],
    )
    assert table.replace(went, "2024-01") == 0
    back = table.read()
    assert back["_batch_id"].tolist() == ["2024-01"] * 3
    assert back["_row"].tolist() == [0, 1, 2]
    own = back.drop(columns=["_batch_id", "_row"])
    pd.testing.assert_frame_equal(own, went.astype({"at": "datetime64[us]"}))


def test_the_frame_is_left_as_it_was(table):
    went = frame(x=[1, 2])
    went.index = [7, 7]
    table.replace(went, "a")
    assert went.columns.tolist() == ["x"]
    assert went.index.tolist() == [7, 7]
    assert table.read().columns.tolist() == ["_batch_id", "_row", "x"]


def test_a_batch_written_twice_is_there_once(table):
    table.replace(frame(x=[1, 2]), "a")
    table.replace(frame(x=[3]), "b")
    assert table.replace(frame(x=[1, 2]), "a") == 2
    assert table.read()["x"].tolist() == [1, 2, 3]
    assert (table.count("a"), table.count("b"), table.count("c")) == (2, 1, 0)


def test_a_shorter_batch_leaves_nothing_of_the_longer(table):
    table.replace(frame(x=[1, 2, 3]), "a")
    table.replace(frame(x=[9]), "a")
    assert table.read()["x"].tolist() == [9]


def test_a_batch_can_come_to_no_rows(table):
    table.replace(frame(x=[1, 2, 3]), "a")
    table.replace(frame(x=[1]).iloc[:0], "a")
    assert table.count("a") == 0
    assert table.read()["x"].tolist() == []


def test_a_table_can_begin_with_no_rows(table):
    assert table.replace(frame(x=[]), "a") == 0
    assert len(table.read()) == 0
    table.replace(frame(x=[1]), "b")
    assert table.read()["x"].tolist() == [1]


def test_removing_a_batch(table):
    table.replace(frame(x=[1]), "a")
    table.replace(frame(x=[2]), "b")
    assert table.remove("a") == 2
    assert table.remove("a") is None
    assert table.read()["x"].tolist() == [2]
    assert table.read(version=1)["x"].tolist() == [1, 2]


def test_batches_come_in_the_order_asked_and_rows_in_theirs(table):
    for batch in ("b", "a", "c"):
        table.replace(frame(x=[f"{batch}2", f"{batch}1"], _row=[2, 1]), batch)
    back = table.read(["c", "a", "c", "unknown"])
    assert back["x"].tolist() == ["c1", "c2", "a1", "a2"]
    assert back.index.tolist() == [0, 1, 2, 3]
    assert table.read()["_batch_id"].tolist() == ["a", "a", "b", "b", "c", "c"]
    assert table.read([]).columns.tolist() == ["_batch_id", "_row", "x"]


def test_an_old_version_stays_readable(table):
    first = table.replace(frame(x=[1]), "a")
    table.replace(frame(x=[2], y=["new"]), "a")
    assert table.read(version=first).columns.tolist() == ["_batch_id", "_row", "x"]
    with pytest.raises(LakeUnavailable, match="could not be read"):
        table.read(version=99)


def test_every_version_is_kept_for_good(table):
    table.replace(frame(x=[1]), "a")
    table.replace(frame(x=[1.5]), "a")  # a rewrite of the whole table keeps it too
    kept = DeltaTable(table.uri).metadata().configuration
    assert kept["delta.logRetentionDuration"] == "interval 36500 days"
    assert kept["delta.deletedFileRetentionDuration"] == "interval 36500 days"


def test_some_columns(table):
    table.replace(frame(x=[1], y=[2], empty=[None]), "a")
    assert table.read(columns=["y", "_row"]).columns.tolist() == ["y", "_row"]
    assert table.read(columns=["empty"])["empty"].isna().tolist() == [True]
    with pytest.raises(UnknownName, match=r"no such column(.|\n)*Did you mean empty\?"):
        table.read(columns=["emptys"])


@pytest.mark.parametrize("batch", ["o'clock", "a b", "50%", "a=b", "2024/01", "été", 'd"q', "a?b", "x\\y"])
def test_any_text_names_a_batch(table, batch):
    table.replace(frame(x=[1, 2]), batch)
    table.replace(frame(x=[0]), "other")
    table.replace(frame(x=[3]), batch)
    assert table.read([batch])["x"].tolist() == [3]
    assert table.count(batch) == 1
    assert table.remove(batch) is not None
    assert table.read()["x"].tolist() == [0]


@pytest.mark.parametrize("name", ["trip.distance", "a b", "x;y{}(),", "é", "q`t", 'd"q', "it's"])
def test_any_text_names_a_column(table, name):
    table.replace(frame(x=[1]), "a")
    table.replace(frame(x=[1], **{name: [1.5]}), "b")
    assert table.read(["b"])[name].tolist() == [1.5]


# Columns whose types change from batch to batch.


def test_a_column_may_be_empty_for_a_year_and_then_not(table):
    table.replace(frame(x=[1, 2], tip=[None, None]), "a")
    assert table.read()["tip"].isna().all()
    assert table.read()["tip"].dtype == np.float64
    version = table.replace(frame(x=[3], tip=["cash"]), "b")
    assert table.read()["tip"].tolist()[2] == "cash"
    assert table.read(["a"])["tip"].isna().tolist() == [True, True]
    assert "tip" in table.read(version=version - 1)


def test_a_column_that_is_empty_in_one_batch_only_is_no_column_of_another(table):
    table.replace(frame(x=[1]), "a")
    table.replace(frame(x=[1], tip=[None]), "b")
    assert "tip" not in table.read(["a"])
    assert "tip" in table.read(["b"])
    table.replace(frame(x=[1]), "b")
    assert "tip" not in table.read(["b"])


def test_an_empty_column_looks_like_what_its_dtype_said(table):
    table.replace(frame(x=[1], at=pd.Series([None], dtype="datetime64[us]"), text=pd.Series([None], dtype="str")), "a")
    assert table.read()["at"].dtype == "datetime64[us]"
    assert table.read()["text"].dtype == "str"


def test_a_batch_of_nothing_but_empty_columns(table):
    table.replace(frame(x=[None, None]), "a")
    assert table.read()["x"].isna().tolist() == [True, True]


def test_whole_numbers_stay_whole_in_the_lake_when_nulls_come(table):
    table.replace(frame(x=[1, 2]), "a")
    table.replace(frame(x=[3, None]), "b")
    assert table.read(["a"])["x"].dtype == np.int64
    assert table.read(["b"])["x"].dtype == np.float64
    assert table.read()["x"].isna().tolist() == [False, False, False, True]
    assert DeltaTable(table.uri).to_pyarrow_dataset().schema.field("x").type == "int64"


def test_identifiers_beyond_a_doubles_digits_keep_them(table):
    table.replace(frame(id=pd.Series([2**53 + 1, None], dtype="Int64")), "a")
    assert table.read()["id"].tolist()[0] == 2**53 + 1
    assert table.read()["id"].dtype == "Int64"


def test_fractions_widen_a_whole_column_of_every_batch(table):
    table.replace(frame(x=[1, 2], y=["a", "b"], late=[None, None]), "a")
    before = table.version()
    assert table.replace(frame(x=[0.5], y=["c"]), "b") == before + 1
    assert table.read()["x"].tolist() == [1.0, 2.0, 0.5]
    assert table.read(["a"])["x"].dtype == np.float64
    assert table.read(["a"])["late"].isna().all()
    assert table.read()["y"].tolist() == ["a", "b", "c"]
    assert DeltaTable(table.uri).metadata().partition_columns == ["_batch_id"]


def test_widening_replaces_the_batch_that_asks_for_it(table):
    table.replace(frame(x=[1, 2]), "a")
    table.replace(frame(x=[7]), "b")
    table.replace(frame(x=[0.5], new=["n"]), "a")
    assert table.read()["x"].tolist() == [0.5, 7.0]
    assert table.read(["b"])["new"].isna().tolist() == [True]


def test_days_widen_to_moments(table):
    table.replace(frame(at=[dt.date(2024, 1, 31)]), "a")
    table.replace(frame(at=pd.to_datetime(["2024-02-01 05:00"])), "b")
    assert table.read()["at"].tolist() == [pd.Timestamp("2024-01-31"), pd.Timestamp("2024-02-01 05:00")]


def test_new_columns_are_null_before_and_gone_ones_after(table):
    table.replace(frame(old=[1.5], x=[1]), "a")
    table.replace(frame(x=[2], new=["n"]), "b")
    back = table.read()
    assert back["old"].isna().tolist() == [False, True]
    assert back["new"].isna().tolist() == [True, False]


def test_a_conflict_writes_nothing(table):
    table.replace(frame(fare=[1.5]), "a")
    with pytest.raises(ColumnConflict, match="column fare does not fit the table's") as caught:
        table.replace(frame(fare=["free"]), "b")
    assert (caught.value.got, caught.value.allowed) == ("string", "double")
    assert table.version() == 0
    with pytest.raises(ColumnUnfit, match="cannot be given one type"):
        table.replace(frame(fare=pd.Series([1, "free"], dtype=object)), "b")
    assert table.version() == 0


def test_a_conflict_can_be_asked_about_beforehand(table):
    table.require_fit(frame(fare=["free"]))  # there is no table yet
    table.replace(frame(fare=[1.5]), "a")
    table.require_fit(frame(fare=[2], _row=[0]))
    with pytest.raises(ColumnConflict, match="column fare does not fit the table's") as caught:
        table.require_fit(frame(fare=["free"]))
    assert caught.value.where == f"{table.uri}: fare"
    with pytest.raises(ColumnUnfit, match="cannot be given one type"):
        table.require_fit(frame(fare=pd.Series([1, "free"], dtype=object)))
    assert table.version() == 0


def test_rows_of_another_batch_are_refused(table):
    with pytest.raises(DataFault, match="not all of the batch"):
        table.replace(frame(x=[1], _batch_id=["b"]), "a")
    assert not table.exists()


# Predictions: several roles in a batch.


def test_a_role_is_replaced_by_itself(table):
    table.replace(frame(p=[0.1, 0.2]), "a", role="champion")
    table.replace(frame(p=[0.3, 0.4]), "a", role="challenger")
    table.replace(frame(p=[0.5], _role=["champion"]), "a", role="champion")
    assert table.read(["a"], role="champion")["p"].tolist() == [0.5]
    assert table.read(["a"], role="challenger")["p"].tolist() == [0.3, 0.4]
    assert table.count("a") == 3
    assert DeltaTable(table.uri).metadata().partition_columns == ["_batch_id", "_role"]


def test_widening_spares_the_other_role(table):
    table.replace(frame(p=[1, 2]), "a", role="champion")
    table.replace(frame(p=[0.5, 0.5]), "a", role="challenger")
    assert table.read(["a"], role="champion")["p"].tolist() == [1.0, 2.0]
    assert table.read(["a"], role="challenger")["p"].tolist() == [0.5, 0.5]


def test_each_batch_as_of_its_own_version_comes_as_all_of_them_from_the_newest(tmp_path):
    table = Table(str(tmp_path / "rides"))
    frames = {
        "c": pd.DataFrame({"n": [1, 2], "word": ["a", "b"], "empty": [None, None]}),
        "a": pd.DataFrame({"n": [1.5, 2.5], "word": ["c", None], "empty": [1.0, 2.0], "new": [True, False]}),
        "b": pd.DataFrame({"n": [3, None], "word": ["d", "e"], "empty": [None, None], "new": [True, True]}),
    }
    versions = {batch: table.replace(frame, batch) for batch, frame in frames.items()}
    pd.testing.assert_frame_equal(table.read_as_of(versions), table.read(["c", "a", "b"]))
    table.replace(frames["c"].head(1), "c")
    table.replace(frames["a"].head(1), "a")
    assert table.read_as_of(versions)["_batch_id"].tolist() == ["c", "c", "a", "a", "b", "b"]
