"""Reading: what pandas would read, without its silent repairs; what cannot be read is the batch's own fault."""

from __future__ import annotations

import bz2
import gzip
import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loopwright.declaration.dataset import DatasetSpec
from loopwright.errors import ArrivalUnreadable, CannotRun
from loopwright.stages.ingest.reading import footers
from loopwright.stages.ingest.reading.delimited import MISSING
from loopwright.stages.ingest.reading.frames import Reading, read


def spec(**keys: object) -> DatasetSpec:
    return DatasetSpec.model_validate({"name": "d", "owner": "o", "arrivals": "*", **keys})


def reading(tmp_path: Path, name: str, raw: bytes, text: set[str] = frozenset(), **keys: object) -> Reading:
    path = tmp_path / name
    path.write_bytes(raw)
    return read(path, spec(**keys), text=text)


def columns(found: Reading) -> dict[str, list[object]]:
    return found.frame.astype(object).where(found.frame.notna(), None).to_dict("list")


def test_csv_gets_the_types_that_its_values_have(tmp_path: Path) -> None:
    found = reading(tmp_path, "1.csv", b"n,x,s,e,t\n1,1.5,a,,2024-01-01\n2,,NA,,x\n")
    assert columns(found) == {
        "n": [1, 2],
        "x": [1.5, None],
        "s": ["a", None],
        "e": [None, None],
        "t": ["2024-01-01", "x"],
    }
    assert found.frame["n"].dtype == "int64"
    assert list(found.frame.index) == [0, 1]


def test_a_byte_order_mark_and_windows_line_ends_leave_no_trace(tmp_path: Path) -> None:
    assert columns(reading(tmp_path, "1.csv", b"\xef\xbb\xbfa,b\r\n1,2\r\n")) == {"a": [1], "b": [2]}
    assert columns(reading(tmp_path, "1.jsonl", b'\xef\xbb\xbf{"a":1}\r\n\r\n{"a":2}')) == {"a": [1, 2]}


def test_delimiter_and_encoding_are_as_declared(tmp_path: Path) -> None:
    german = {"delimiter": ";", "encoding": "latin-1"}
    assert columns(reading(tmp_path, "1.txt", "ort;n\nKöln;1\n".encode("latin-1"), csv=german)) == {
        "ort": ["Köln"],
        "n": [1],
    }
    assert columns(reading(tmp_path, "1.csv", "a\n1\n".encode("utf-16"), csv={"encoding": "utf-16"})) == {"a": [1]}


@pytest.mark.parametrize("pack", [(".gz", gzip.compress), (".bz2", bz2.compress)])
def test_packed_files_are_unpacked(tmp_path: Path, pack) -> None:
    ending, compress = pack
    assert columns(reading(tmp_path, f"1.csv{ending}", compress(b"a\n1\n"))) == {"a": [1]}
    assert columns(reading(tmp_path, f"2.jsonl{ending}", compress(b'{"a":1}'))) == {"a": [1]}


def test_a_type_depends_on_the_whole_file(tmp_path: Path) -> None:
    raw = b"a\n" + b"1\n" * 600_000 + b"x\n"
    values = reading(tmp_path, "1.csv", raw).frame["a"]
    assert values.map(type).unique().tolist() == [str]


def test_digits_of_columns_known_as_text_stay_text(tmp_path: Path) -> None:
    assert columns(reading(tmp_path, "1.csv", b"a,b\n007,007\n", text={"a", "gone"})) == {"a": ["007"], "b": [7]}


def test_long_identifiers_with_gaps_keep_every_digit(tmp_path: Path) -> None:
    long = 2**53 + 1
    assert columns(reading(tmp_path, "1.csv", f"a\n{long}\n\n1\n".encode() + b"NA\n")) == {"a": [long, 1, None]}
    assert columns(reading(tmp_path, "2.csv", b"a\n1e300\nNA\n")) == {"a": [1e300, None]}
    lines = f'{{"a":{long}}}\n{{"a":null}}\n{{"b":1}}\n'.encode()
    assert columns(reading(tmp_path, "4.jsonl", lines))["a"] == [long, None, None]
    assert columns(reading(tmp_path, "5.jsonl", lines + b'{"a":0.5}\n'))["a"] == [2.0**53, None, None, 0.5]
    pq.write_table(pa.table({"a": [long, None]}), tmp_path / "3.parquet")
    assert columns(read(tmp_path / "3.parquet", spec())) == {"a": [long, None]}


def test_digits_beyond_64_bits_make_no_words_of_gaps(tmp_path: Path) -> None:
    words = "".join(f'"{word}",1\n' for word in MISSING)
    raw = f"a,b\n{10**20},1\nx,1\n{words}".encode()
    assert columns(reading(tmp_path, "1.csv", raw))["a"] == [str(10**20), "x", *[None] * len(MISSING)]
    plain = columns(reading(tmp_path, "2.csv", raw.replace(str(10**20).encode(), b"y")))["a"]
    assert plain == ["y", "x", *[None] * len(MISSING)]


def test_parquet_forgets_what_pandas_wrote_into_it_for_itself(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1, 2], "c": pd.Categorical(["x", "y"])}, index=[7, 9])
    frame.to_parquet(tmp_path / "1.parquet")
    frame.set_index(pd.Index(["k", "l"], name="key")).to_parquet(tmp_path / "2.parquet")
    assert columns(read(tmp_path / "1.parquet", spec())) == {"a": [1, 2], "c": ["x", "y"]}
    assert read(tmp_path / "1.parquet", spec()).frame["c"].dtype == "str"
    assert sorted(read(tmp_path / "2.parquet", spec()).frame) == ["a", "c", "key"]


def test_json_lines_may_differ_in_their_keys(tmp_path: Path) -> None:
    raw = b'{"a":1,"s":"007","at":"2024-01-01"}\n{"a":2,"b":true}\n'
    found = columns(reading(tmp_path, "1.jsonl", raw))
    assert found == {"a": [1, 2], "s": ["007", None], "at": ["2024-01-01", None], "b": [None, True]}


def test_columns_of_one_name_are_told_apart_and_reported(tmp_path: Path) -> None:
    found = reading(tmp_path, "1.csv", b"a,a,b,,\n1,2,3,4,5\n")
    assert found.doubled == ("a",)
    assert columns(found)["a.1"] == [2]
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]), tmp_path / "2.parquet")
    assert read(tmp_path / "2.parquet", spec()).doubled == ("a",)
    assert columns(read(tmp_path / "2.parquet", spec())) == {"a": [1], "a.1": [2]}


def test_a_header_alone_is_a_file_without_rows(tmp_path: Path) -> None:
    assert reading(tmp_path, "1.csv", b"a,b\n").frame.shape == (0, 2)


@pytest.mark.parametrize(
    ("name", "raw", "why"),
    [
        ("1.csv", b"", "no bytes at all"),
        ("1.csv", b"\n\n", "no header line"),
        ("1.csv", b"a,b\n1,2\n3,4,5\n", r"line 3 has 3 values, where the header has 2 \(quote values that hold ','"),
        ("1.csv", b"a,b\n1,2,3\n4,5,6\n", "line 2 has 3 values, .* has 2, and 1 more of its lines do not fit"),
        ("1.csv", b'a,b\n1,"x\ny"\n\n3\n4,5\n', r"line 5 has 1 values, .*\(ask the source for whole rows"),
        ("1.csv", b"a,b\n1,2,3\n" + b"x" * 200_000 + b",2\n", "line 2 has 3 values"),
        ("1.csv", b"a,b,c\n1,2,3\n4,5", "breaks off after 2 of 3"),
        ("1.csv", b'a,b\n1,2\n1,"2\n3,4\n', 'the quote " that opens in the row of line 3 is never closed'),
        ("1.csv", "a\nKöln\n".encode("latin-1"), "can't decode byte"),
        ("1.csv", bytes(range(256)), "NUL bytes"),
        ("1.csv", bytes(range(1, 256)), "can't decode byte"),
        ("1.csv.gz", b"a\n1\n", "(?i)not a gzipped file"),
        ("1.csv.gz", gzip.compress(b"a\n" + bytes(range(256)) * 99)[:-20], "ended before the end-of-stream"),
        ("1.parquet", b"", "no bytes at all"),
        ("1.parquet", b"a,b\n1,2\n", "[Pp]arquet"),
        ("1.jsonl", b'{"a":1}\n{"a":2,"b', "Unterminated string"),
        ("1.jsonl", b'[{"a":1}]', "line 1 is no JSON object but a list"),
        ("1.jsonl", b"\n", "no line with a JSON object"),
        ("1.jsonl", b"[" * 100_000, "cannot be read"),
        ("1.xlsx", b"a", "the ending '.xlsx' says no format"),
    ],
)
def test_bytes_that_are_not_the_format_are_the_batchs_fault(tmp_path: Path, name: str, raw: bytes, why: str) -> None:
    with pytest.raises(ArrivalUnreadable, match=why):
        reading(tmp_path, name, raw)


def test_a_long_value_beside_a_gap_is_read(tmp_path: Path) -> None:
    found = reading(tmp_path, "1.csv", b"a,b\n" + b"x" * 200_000 + b",1\ny,\n")
    assert len(columns(found)["a"][0]) == 200_000


def test_a_damaged_parquet_is_unreadable_wherever_the_damage_is(tmp_path: Path) -> None:
    path = tmp_path / "1.parquet"
    pq.write_table(pa.table({"a": list(range(1000)), "s": [str(n) for n in range(1000)]}), path)
    whole = path.read_bytes()
    damaged = [whole[:3], whole[: len(whole) // 2], whole[:-4]]
    damaged += [whole[:at] + b"\xff" * 60 + whole[at + 60 :] for at in (4, len(whole) - 400, len(whole) - 100)]
    for raw in damaged:
        with pytest.raises(ArrivalUnreadable, match="cannot be read"):
            reading(tmp_path, "2.parquet", raw)


def test_an_unknown_encoding_is_said(tmp_path: Path) -> None:
    with pytest.raises(ArrivalUnreadable, match=r"no encoding called 'klingon'; mend `csv.encoding`"):
        reading(tmp_path, "1.csv", b"a\n1\n", csv={"encoding": "klingon"})


def test_a_disk_that_fails_is_not_the_batchs_fault(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="could not be read from the disk"):
        read(tmp_path / "gone.csv", spec())


def test_the_declared_format_goes_before_the_ending(tmp_path: Path) -> None:
    assert columns(reading(tmp_path, "1.dat", json.dumps({"a": 1}).encode(), format="jsonl")) == {"a": [1]}


def wide(path: Path, rows: int, columns: int = 1) -> Path:
    """Write a Parquet file that packs to next to nothing."""
    schema = pa.schema([(f"c{n}", pa.int64()) for n in range(columns)])
    with pq.ParquetWriter(path, schema) as writer:
        piece = pa.table({name: pa.array([7] * 1_000_000, pa.int64()) for name in schema.names})
        for _ in range(rows // 1_000_000):
            writer.write_table(piece)
    return path


def test_a_file_that_decodes_to_more_than_is_declared_is_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = wide(tmp_path / "1.parquet", 4_000_000)
    assert len(read(path, spec()).frame) == 4_000_000, "by the default"
    monkeypatch.setattr(pq.ParquetFile, "read", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(ArrivalUnreadable, match=r"4,000,000 rows, about 32,000,000 bytes, and `largest_mb` allows"):
        read(path, spec(largest_mb=30))
    monkeypatch.setattr(footers, "SMALL", 2**20)
    monkeypatch.setattr(footers, "LARGEST_RATIO", 100)
    with pytest.raises(ArrivalUnreadable, match="no table to 100 times its size"):
        read(path, spec())


@pytest.mark.parametrize("name", ["s", "a.b", "wide", "gaps"])
def test_few_long_texts_that_many_rows_repeat_are_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    rows, longest = 500 if name == "wide" else 100_000, 200_000
    values = pa.array(["a" * longest, "b"]) if name != "wide" else pa.array([b"a" * longest] * 2, pa.binary(longest))
    places = pa.array([None if name == "gaps" and row % 2 else 0 for row in range(rows)], pa.int32())
    repeated = pa.DictionaryArray.from_arrays(places, values)
    pq.write_table(pa.table({"n": range(rows), name: repeated}), tmp_path / "1.parquet", store_schema=False)
    assert (tmp_path / "1.parquet").stat().st_size < 3 * 2**20
    monkeypatch.setattr(pq.ParquetFile, "read", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(ArrivalUnreadable, match=f"the rows of '{name}' repeat values of up to 200,000 bytes"):
        read(tmp_path / "1.parquet", spec(largest_mb=50 if name == "wide" else 8000))


def test_many_short_texts_beside_a_long_one_are_read(tmp_path: Path) -> None:
    texts = ["a" * 100_000, *(f"row {n % 1000}" for n in range(99_999))]
    pq.write_table(pa.table({"s": texts, "n": [None, *range(99_999)]}), tmp_path / "1.parquet", row_group_size=40_000)
    assert read(tmp_path / "1.parquet", spec(largest_mb=4)).frame["s"].tolist() == texts
    with pytest.raises(ArrivalUnreadable, match="`largest_mb` allows"):
        read(tmp_path / "1.parquet", spec(largest_mb=1))


@pytest.mark.parametrize("name", ["1.csv", "1.csv.gz", "1.jsonl.bz2"])
def test_text_has_an_end_too_packed_or_plain(tmp_path: Path, name: str) -> None:
    raw = b"a\n" + b"123456789\n" * 200_000
    packed = gzip.compress(raw) if name.endswith("gz") else bz2.compress(raw) if name.endswith("bz2") else raw
    with pytest.raises(ArrivalUnreadable, match="`largest_mb` allows"):
        reading(tmp_path, name, packed, largest_mb=1)
    if name == "1.csv":
        assert len(reading(tmp_path, name, packed, largest_mb=2).frame) == 200_000
