"""How delimited text is written is found out, or it is said that it cannot be."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from loopwright.declaration.dataset import CsvFormat, DatasetSpec
from loopwright.errors import ArrivalUnreadable
from loopwright.stages.ingest.reading.dialect import settled
from loopwright.stages.ingest.reading.frames import read

AUTO = CsvFormat(delimiter="auto", encoding="auto")


def of(raw: bytes) -> Callable[[], io.BytesIO]:
    return lambda: io.BytesIO(raw)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_any_file_is_read_as_it_was_written(tmp_path: Path, delimiter: str, encoding: str) -> None:
    rows = [["name", "note"], ["Jörg", f'"a{delimiter}b"'], ["Ärni", "x"]]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(delimiter.join(row) for row in rows) + "\n", encoding=encoding)
    spec = DatasetSpec(name="d", owner="o", arrivals="*", csv=AUTO)
    frame = read(path, spec).frame
    assert frame.to_dict("list") == {"name": ["Jörg", "Ärni"], "note": [f"a{delimiter}b", "x"]}


def test_a_single_column_is_one_and_decimal_commas_divide_nothing() -> None:
    assert settled(of(b"a\n1\n2\n"), AUTO).delimiter == ","
    assert settled(of(b"a;b\n1,5;2\n3,5;4\n5;6\n"), AUTO).delimiter == ";"


def test_what_fits_in_two_ways_is_not_guessed(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b;c\n1,2;3\n")
    with pytest.raises(ArrivalUnreadable, match=r"divided by ',' or ';'[\s\S]*csv.delimiter"):
        read(path, DatasetSpec(name="d", owner="o", arrivals="*", csv=AUTO))


def test_another_quote_or_none(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n'x,y',1\n")
    spec = DatasetSpec(name="d", owner="o", arrivals="*", csv=CsvFormat(quote="'"))
    assert read(path, spec).frame["a"].tolist() == ["x,y"]
    path.write_text('a,b\n12" pipe,1\n')
    spec = DatasetSpec(name="d", owner="o", arrivals="*", csv=CsvFormat(quote=None))
    assert read(path, spec).frame["a"].tolist() == ['12" pipe']


def test_what_is_declared_is_not_found_out() -> None:
    assert settled(of(b"a;b\n"), CsvFormat()) == CsvFormat()
