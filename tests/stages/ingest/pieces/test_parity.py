"""A batch in pieces comes to what it comes to whole: report, digest, rows and record; or it is looked at whole."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loopwright.lake import Lake
from loopwright.lake.table import Table
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest import scratch
from loopwright.stages.ingest.judging import asking
from loopwright.stages.ingest.pieces import arriving, lines, staging
from loopwright.stages.ingest.reading import room
from loopwright.stages.ingest.stage import ingest_batch
from support.toy import Toy, make

ROWS = 3001  # three pieces of at least 1,024 rows, none of them of a multiple of eight

STEPS: dict[str, str] = {
    "none": "[]",
    "duplicates": "[{step: drop_duplicates, columns: [ride_id]}, {step: fill, columns: {gaps: -1}}]",
    "whole rows": "[{step: drop_duplicates}]",
    "columns": "[{step: drop_columns, columns: [words]}, {step: rename, columns: {late: belated}}]",
    "rows": "[{step: drop_rows, missing: [gaps, truth]}]",
    "types": "[{step: convert, columns: {gaps: integer, truth: boolean, digits: integer, ride_id: text}}]",
    "times": "[{step: convert, columns: {day: timestamp}, formats: ['%d.%m.%Y'], timezone: Europe/Vienna}]",
    "words": (
        "[{step: spell, columns: [words], case: upper, missing: [B]}, {step: replace, column: zone, values: {a: z}}]"
    ),
    "bounds": (
        "[{step: clip, column: fare, lower: 0, upper: 50},"
        " {step: outliers, columns: [distance], by: bounds, lower: 0, upper: 40, then: drop}]"
    ),
    "own": "[{step: apply, function: 'cleaning:tidy', piecewise: true}]",
}
WHOLE: dict[str, str] = {
    "duplicates hidden": "[{step: drop_duplicates, columns: [ride_id]}, {step: drop_rows, missing: [gaps]}]",
    "constant": "[{step: drop_constant_columns}]",
    "median": "[{step: impute, columns: {gaps: median}}]",
    "quantile": "[{step: outliers, columns: [fare], by: quantile, above: 99%, then: clip}]",
    "own": "[{step: apply, function: 'cleaning:tidy'}]",
    "floats as text": "[{step: convert, columns: {gaps: text}}]",
    "times without a format": "[{step: convert, columns: {day: timestamp}}]",
    "a failing step": "[{step: fill, columns: {gaps: nothing}}]",
}
OWN = """\
def tidy(frame):
    return frame.assign(fare=frame["fare"].round(1), double=frame["distance"] * 2)
"""


@pytest.fixture(autouse=True)
def _small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "LARGE", 0)
    monkeypatch.setattr(arriving, "PIECE", 1)
    monkeypatch.setattr(staging, "_ROWS", 700)
    monkeypatch.setattr(lines, "PIECE", 200_000)


def table() -> pa.Table:
    """Return columns of all types, with gaps where these make a difference."""
    rng = np.random.default_rng(7)
    number = np.arange(ROWS)
    late = number > ROWS - 5  # a gap in the last piece alone
    days = [dt.date(2024, 1, 1) + dt.timedelta(days=int(n) % 28) for n in number]
    return pa.table(
        {
            "ride_id": number + 2**55,
            "started_at": pa.array(1_704_067_200_000_000 + number * 61_000_000, pa.timestamp("us")),
            "seen_at": pa.array(number * 1_000_000, pa.timestamp("us", tz="UTC"), mask=number % 5 == 0),
            "distance": rng.gamma(2.0, 5.0, ROWS),
            "fare": np.where(number % 97 == 0, np.nan, rng.normal(30, 20, ROWS)),
            "gaps": pa.array(number % 50, pa.int32(), mask=late),
            "truth": pa.array(number % 3 == 0, pa.bool_(), mask=late),
            "sure": pa.array(number % 2 == 0),
            "zone": pa.array(np.array(list("abcd"))[number % 4]).dictionary_encode(),
            "words": pa.array(np.array(["a", " b ", "ß", ""])[number % 4], mask=number % 11 == 0),
            "digits": pa.array([f"{n:05d}" for n in number]),
            "day": pa.array([f"{day:%d.%m.%Y}" for day in days]),
            "date": pa.array(days, pa.date32()),
            "late": pa.array(number * 0.5, mask=~late),
            "short": pa.array(number % 7, pa.int8()),
            "empty": pa.nulls(ROWS, pa.string()),
            "nothing": pa.nulls(ROWS),
        }
    )


def project(path: Path, clean: str, **more: str) -> Toy:
    toy = make(path)
    own = "\n".join(f"{key}: {value}" for key, value in more.items())
    (path / "include/datasets/rides/cleaning.py").write_text(OWN)
    known = "name: rides\nowner: o\narrivals: arrivals/rides/*.parquet\nevent_time: started_at"
    declared = f"{known}\nclean: {clean}\n{own}"
    (path / "include/datasets/rides/dataset.yaml").write_text(declared)
    suite = """\
expectations:
  - {type: expect_column_values_to_not_be_null, kwargs: {column: ride_id}}
  - {type: expect_column_values_to_be_unique, kwargs: {column: ride_id}}
  - {type: expect_column_values_to_be_between, kwargs: {column: distance, min_value: 0}}
  - {type: expect_column_values_to_be_between, kwargs: {column: fare, min_value: 20}, severity: warning}
  - {type: expect_column_max_to_be_between, kwargs: {column: distance, min_value: 9, max_value: 1100}}
  - {type: expect_column_values_to_be_in_set, kwargs: {column: sure, value_set: [true]}, severity: info}
  - {type: expect_column_values_to_be_in_set, kwargs: {column: truth, value_set: [true, false]}, severity: info}
  - {type: expect_column_values_to_be_between, kwargs: {column: gaps, min_value: 0, max_value: 48}, severity: info}
  - {type: expect_table_row_count_to_be_between, kwargs: {min_value: 1}}
"""
    (path / "include/datasets/rides/expectations.yaml").write_text(suite)
    return toy


def ingested(toy: Toy, batch: str) -> dict[str, Any]:
    """Return all that can be seen of a batch afterwards."""
    result = ingest_batch(toy.workspace, toy.rides, batch)
    lake = Lake.of(toy.workspace)
    report = json.loads(Path(str(result.report)).read_text())
    events = [event.evidence for event in Ledger.of(toy.workspace).events("dataset/rides")]
    quarantine = lake.quarantine("rides")
    return {
        "result": {**result.to_dict(), "report": None},
        "report": report,
        "events": [{**event, "signature": None, "report": None, "held": None} for event in events],
        "rows": lake.batches("rides").read() if lake.batches("rides").exists() else None,
        "quarantine": quarantine.read() if quarantine.exists() else None,
    }


def as_parquet(rows: pa.Table, path: Path) -> None:
    pq.write_table(rows, path, row_group_size=1400)


def both(
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    clean: str,
    batches: dict[str, Any],
    write: Callable[[Any, Path], None] = as_parquet,
    ending: str = "parquet",
    **more: str,
) -> tuple[dict[str, Any], dict[str, Any], int]:
    """Ingest the same files whole and in pieces; return what came of it, and how many ended in pieces."""
    in_pieces: list[str] = []
    written = Table.replace_in_pieces

    def counted(self: Table, pieces: Any, batch_id: str, columns: Any) -> int:
        in_pieces.append(batch_id)
        return written(self, pieces, batch_id, columns)

    monkeypatch.setattr(Table, "replace_in_pieces", counted)
    found = []
    for way, large in (("whole", 2**60), ("pieces", 0)):
        monkeypatch.setattr(arriving, "LARGE", large)
        toy = project(path / way, clean, **more)
        toy.edit("include/datasets/rides/dataset.yaml", "*.parquet", f"*.{ending}")
        (toy.path / "arrivals/rides").mkdir(parents=True)
        for name, rows in batches.items():
            write(rows, toy.path / f"arrivals/rides/{name}.{ending}")
            seen = ingested(toy, name)
        found.append(seen)
    return found[0], found[1], len(in_pieces)


def require_same(whole: dict[str, Any], pieces: dict[str, Any]) -> None:
    for ours, theirs in zip(pieces["report"]["verdict"]["checks"], whole["report"]["verdict"]["checks"], strict=True):
        assert ours == theirs
    assert pieces["report"]["verdict"] == whole["report"]["verdict"]
    for part in ("report", "result", "events"):
        assert pieces[part] == whole[part]
    for part in ("rows", "quarantine"):
        if whole[part] is None:
            assert pieces[part] is None
        else:
            pd.testing.assert_frame_equal(pieces[part], whole[part])


@pytest.mark.parametrize("steps", STEPS)
def test_what_comes_of_a_batch_in_pieces_is_what_comes_of_it_whole(
    steps: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, pieces, times = both(tmp_path, monkeypatch, STEPS[steps], {"1": table()}, key="[ride_id]")
    assert whole["result"]["status"] == "published"
    require_same(whole, pieces)
    assert times == 1


@pytest.mark.parametrize("steps", WHOLE)
def test_what_only_the_whole_can_tell_is_looked_at_whole(
    steps: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "loopwright")
    whole, pieces, times = both(tmp_path, monkeypatch, WHOLE[steps], {"1": table()})
    require_same(whole, pieces)
    assert times == 0
    assert "Batch 1 is looked at whole, in memory: " in caplog.text


def test_rows_that_repeat_are_dropped_by_looking_at_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = pa.concat_tables([table(), table().slice(0, 3)])  # the first rows again, in another piece
    whole, pieces, times = both(tmp_path, monkeypatch, STEPS["duplicates"], {"1": rows})
    require_same(whole, pieces)
    assert times == 0
    assert pieces["result"]["rows_dropped"] == 3


def test_a_bad_batch_is_set_aside_by_looking_at_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = table().set_column(3, "distance", pa.array(np.arange(ROWS) % 1000 - 2.0))
    whole, pieces, times = both(tmp_path, monkeypatch, "[]", {"1": rows}, on_bad_rows="{set_aside_up_to: 1%}")
    require_same(whole, pieces)
    assert times == 0
    assert pieces["result"]["status"] == "published"
    assert len(pieces["quarantine"]) == pieces["result"]["rows_quarantined"] == 7


def test_sensitive_columns_are_protected_in_every_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sensitive = "{words: drop, digits: keep}"
    whole, pieces, times = both(tmp_path, monkeypatch, "[]", {"1": table()}, sensitive=sensitive)
    require_same(whole, pieces)
    assert times == 1
    assert "words" not in pieces["rows"]


def test_a_batch_beside_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A column comes and goes, others fall empty."""
    second = table().drop_columns(["late"]).append_column("new", pa.array(np.arange(ROWS)))
    second = second.set_column(second.column_names.index("zone"), "zone", pa.nulls(ROWS, pa.string()))
    second = second.append_column("late", pa.nulls(ROWS))
    whole, pieces, times = both(tmp_path, monkeypatch, "[]", {"1": table(), "2": second, "3": table()})
    require_same(whole, pieces)
    assert times == 3


def test_a_column_that_widens_the_table_is_for_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wider = table().set_column(14, "short", pa.array(np.arange(ROWS) / 2))
    whole, pieces, times = both(tmp_path, monkeypatch, "[]", {"1": table(), "2": wider})
    require_same(whole, pieces)
    assert times == 1


def test_a_file_that_breaks_off_is_unreadable_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arriving, "LARGE", 0)
    toy = project(tmp_path, "[]")
    path = toy.path / "arrivals/rides/1.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(table(), path)
    path.write_bytes(path.read_bytes()[:-100])
    result = ingest_batch(toy.workspace, toy.rides, "1")
    assert result.status == "quarantined"
    assert result.verdict is not None
    assert [check.name for check in result.verdict.checks if check.outcome == "fail"] == ["readable"]


def texts() -> pd.DataFrame:
    """Return what text makes hard: words that begin after a thousand digits, gaps at the end, truths beside digits."""
    number = np.arange(ROWS)
    late = number > ROWS - 5
    return pd.DataFrame(
        {
            "ride_id": number + 2**55,
            "started_at": [f"{time:%Y-%m-%dT%H:%M:%S}" for time in pd.date_range("2024-01-01", periods=ROWS, freq="s")],
            "distance": np.round(np.random.default_rng(7).gamma(2.0, 5.0, ROWS), 3),
            "fare": np.where(number % 97 == 0, np.nan, number % 40 + 20.5),
            "gaps": pd.Series(number % 50, dtype="Int64").mask(late),
            "truth": pd.Series(number % 3 == 0, dtype="object").mask(late),
            "sure": number % 2 == 0,
            "zone": np.array(list("abcd"))[number % 4],
            "words": pd.Series(np.array(["a", " b ", "ß", 'x,"y"\nz'])[number % 4], dtype="object").mask(
                number % 11 == 0
            ),
            "late": pd.Series(number * 0.5).where(late),
            "nothing": [None] * ROWS,
        }
    )


def as_csv(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, index=False)


def as_gzip(frame: pd.DataFrame, path: Path) -> None:
    path.write_bytes(gzip.compress(frame.to_csv(index=False, sep=";").encode("cp1252"), mtime=0))


def as_json(frame: pd.DataFrame, path: Path) -> None:
    rows = [{name: value for name, value in row.items() if not pd.isna(value) or n % 2}
            for n, row in enumerate(frame.astype(object).where(frame.notna(), None).to_dict("records"))]  # fmt: skip
    path.write_text("\n".join(map(json.dumps, rows)) + "\n")


AUTO = "{delimiter: auto, encoding: auto}"


@pytest.mark.parametrize(
    ("write", "ending", "more"),
    [(as_csv, "csv", {}), (as_gzip, "csv.gz", {"csv": AUTO}), (as_json, "jsonl", {})],
)
def test_what_comes_of_large_text_in_pieces_is_what_comes_of_it_whole(
    write: Callable[[Any, Path], None],
    ending: str,
    more: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frame = texts()
    if ending != "jsonl":  # of which JSON says itself what they are
        frame["codes"] = [f"{n:05d}" if n < ROWS - 3 else "none" for n in range(ROWS)]
        frame["mixed"] = ["True" if n < ROWS - 3 else "1" for n in range(ROWS)]
    steps = "[{step: convert, columns: {started_at: timestamp}}, {step: drop_rows, missing: [words]}]"
    whole, pieces, times = both(
        tmp_path, monkeypatch, steps, {"1": frame}, write, ending, key="[ride_id]", sensitive="{zone: keep}", **more
    )
    assert whole["result"]["status"] == "published", whole["result"]["verdict"]
    require_same(whole, pieces)
    assert times == 1


def test_times_that_are_text_are_read_in_pieces_where_each_says_it_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = texts()
    whole, pieces, times = both(tmp_path / "iso", monkeypatch, "[]", {"1": frame}, as_csv, "csv")
    require_same(whole, pieces)
    assert times == 1
    assert pieces["rows"]["started_at"].dtype == "datetime64[us]"
    other = frame.assign(started_at=[f"{time:%d.%m.%Y %H:%M}" for time in pd.to_datetime(frame["started_at"])])
    whole, pieces, times = both(tmp_path / "other", monkeypatch, "[]", {"1": other}, as_csv, "csv")
    require_same(whole, pieces)
    assert times == 0


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda raw: raw.replace(b"\n", b",9\n", 2000), "line 2,001 has"),
        (lambda raw: raw[:-30], "breaks off|never closed|line 3,"),
        (lambda raw: raw + b"1,2\n", "breaks off|values, where the header has"),
        (lambda raw: raw[:90_000] + b"\0" + raw[90_000:], "NUL bytes"),
        (lambda raw: raw.replace(b"\xc3\x9f", b"\xdf"), "utf-8"),
        (lambda raw: b"", "empty"),
    ],
)
def test_large_text_that_is_not_of_its_format_is_set_aside_unread(
    spoil: Callable[[bytes], bytes], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = spoil(texts().to_csv(index=False).encode())
    monkeypatch.setattr(room, "LOOKED_AT", 1)
    whole, pieces, times = both(
        tmp_path, monkeypatch, "[]", {"1": raw}, lambda content, path: path.write_bytes(content), "csv"
    )
    require_same(whole, pieces)
    assert times == 0
    assert re.search(why, pieces["result"]["verdict"]["why"])


def test_nothing_is_left_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch.tempfile, "tempdir", str(tmp_path))
    both(tmp_path / "text", monkeypatch, "[]", {"1": texts()}, as_csv, "csv")
    both(tmp_path / "bad", monkeypatch, "[]", {"1": texts().assign(distance=-1)}, as_csv, "csv")
    both(tmp_path, monkeypatch, "[]", {"1": table()})
    both(tmp_path / "failing", monkeypatch, WHOLE["a failing step"], {"1": table()})
    assert not list(tmp_path.glob("loopwright-*"))
