"""The content digest: the same rows give the same, whatever file they came in; any change gives another."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from loopwright.declaration.dataset import DatasetSpec
from loopwright.lake.columns import columns_of
from loopwright.stages.ingest.examining.content import column_types, content_digest, content_digest_of
from loopwright.stages.ingest.reading.frames import read

FRAME = pd.DataFrame({"n": [1, 2, 3], "x": [1.5, np.nan, 2.5], "s": ["a", None, "ß"], "b": [True, False, True]})


def digest(frame: pd.DataFrame) -> str:
    return content_digest(columns_of(frame), len(frame))


def test_the_file_format_does_not_matter(tmp_path: Path) -> None:
    FRAME.to_csv(tmp_path / "1.csv", index=False)
    FRAME.astype({"n": "int16", "s": "category"}).to_parquet(tmp_path / "1.parquet")
    FRAME.to_json(tmp_path / "1.jsonl", orient="records", lines=True)
    spec = DatasetSpec.model_validate({"name": "d", "owner": "o", "arrivals": "*"})
    found = {digest(read(tmp_path / f"1.{ending}", spec).frame) for ending in ("csv", "parquet", "jsonl")}
    assert found == {digest(FRAME)}


@pytest.mark.parametrize(
    "changed",
    [
        FRAME.iloc[::-1],
        FRAME.head(2),
        FRAME.assign(n=[1, 2, 4]),
        FRAME.assign(n=[1.0, 2.0, 3.0]),
        FRAME.assign(x=[1.5, 0.0, 2.5]),
        FRAME.assign(s=["a", "", "ß"]),
        FRAME.assign(s=["aß", None, ""]),
        FRAME.assign(b=[True, None, True]),
        FRAME.rename(columns={"n": "m"}),
        FRAME.assign(more=None),
    ],
)
def test_any_change_gives_another(changed: pd.DataFrame) -> None:
    assert digest(changed) != digest(FRAME)


def test_the_index_and_the_slice_of_memory_do_not_matter() -> None:
    twice = pd.concat([FRAME, FRAME]).reset_index(drop=True)
    assert digest(twice.iloc[3:]) == digest(FRAME)
    assert digest(FRAME.set_index(pd.Index([7, 8, 9]))) == digest(FRAME)


def test_every_type_of_the_lake_counts() -> None:
    def frame(day: int, seconds: int, raw: bytes) -> pd.DataFrame:
        time = pd.to_datetime([seconds], unit="s")
        zoned = time.tz_localize("UTC")
        return pd.DataFrame({"d": [dt.date(2024, 1, day)], "t": time, "z": zoned, "r": [raw], "e": [None]})

    found = {digest(frame(*values)) for values in [(1, 1, b"a"), (2, 1, b"a"), (1, 2, b"a"), (1, 1, b"b")]}
    assert len(found) == 4
    assert digest(pd.DataFrame({"a": []})) != digest(pd.DataFrame({"b": []}))
    types = column_types(columns_of(frame(1, 1, b"a")))
    assert types == {"d": "date", "t": "timestamp_ntz", "z": "timestamp", "r": "binary", "e": "null"}


@pytest.mark.parametrize("length", [1, 3, 8, 13, 1000])
def test_where_one_piece_ends_and_the_next_begins_leaves_no_trace(length: int) -> None:
    frame = pd.concat([FRAME.assign(t=pd.Timestamp("2024-01-02"), d=dt.date(2024, 1, 2))] * 7, ignore_index=True)
    columns = columns_of(frame.assign(none=None))

    def pieces(name: str) -> list[pa.Array]:
        return [columns.typed[name].slice(start, length) for start in range(0, len(frame), length)]

    found = content_digest_of(pieces, columns.types, columns.untyped, len(frame))
    assert found == content_digest(columns, len(frame))
