"""Text in pieces has the types and values that a reading whole gives it, or is left to that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopwright.declaration.dataset import DatasetSpec
from loopwright.stages.ingest.pieces import NotInPieces, arriving, lines
from loopwright.stages.ingest.reading import dialect
from loopwright.stages.ingest.reading.gathering import read_all

SPEC = DatasetSpec.model_validate({"name": "d", "owner": "o", "arrivals": "*"})
WORDS = [
    ["1", "-3", "+4", " 2"], ["1", "", "NA"], ["1.5", "2", ".5", "1e5", "inf", "nan", "-0.0"], ["True", "FALSE"],
    ["True", "", "1"], ["a", '"q""x, y"', '"l\nm"'], ["a", "1", "2.5", ""], ["007", "12"], ["0x1F", "1"],
    ["9007199254740993", "1", ""], ["18446744073709551615", "1.5"], ["123456789012345678901", "x", "None"], [""],
]  # fmt: skip
VALUES: list[list[Any]] = [
    [1, -3], [1, None], [1.5, 2], [True, False], [True, None], ["a", "007"], ["a", None], [2**53 + 1, None], [1, "a"],
    [2**64, 1], [None], [float("nan"), 1.0], [{"x": 1}], [True, 1],
]  # fmt: skip


@pytest.fixture(autouse=True)
def _small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arriving, "LARGE", 0)
    monkeypatch.setattr(lines, "PIECE", 40)
    monkeypatch.setattr(lines, "_rows_in_a_piece", lambda _: 3)


def whole_and_pieces(paths: list[Path], text: set[str]) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Return both, ``None`` where only the whole can tell."""
    try:
        made = arriving.arriving(paths, SPEC, text)
    except NotInPieces:
        return None
    assert made is not None
    pieces = list(made.frames())
    made.erase()
    both = (read_all(paths, SPEC, text=text).frame, pd.concat(pieces) if pieces else pd.DataFrame())
    # Arrow's gaps among objects are None, and those of pandas NaN.
    return tuple(f.apply(lambda c: c.where(c.notna(), None) if c.dtype == object else c) for f in both)  # type: ignore[return-value]


def require_same(paths: list[Path], text: set[str]) -> bool:
    found = whole_and_pieces(paths, text)
    if found is None or found[0].empty:
        return False
    pd.testing.assert_frame_equal(found[1], found[0], check_exact=True, check_index_type=False)
    return True


words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), kinds=words, files=st.integers(1, 2), known=st.booleans())
def test_delimited_text(data: st.DataObject, kinds: list[list[str]], files: int, known: bool, tmp_path: Path) -> None:
    paths = [tmp_path / f"{n}.csv" for n in range(files)]
    for path in paths:
        cells = st.tuples(*map(st.sampled_from, kinds))
        # Whatever comes first, and whatever late: a column may begin as something else.
        rows = [*data.draw(st.lists(cells, max_size=6)), *data.draw(st.lists(cells, min_size=1, max_size=6))]
        header = ",".join(f"c{n}" for n in range(len(kinds)))
        path.write_text("\n".join([header, *map(",".join, rows)]) + "\n")
    require_same(paths, {"c0"} if known else set())


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), kinds=st.lists(st.sampled_from(VALUES), min_size=1, max_size=3), files=st.integers(1, 2))
def test_json_lines(data: st.DataObject, kinds: list[list[Any]], files: int, tmp_path: Path) -> None:
    paths = [tmp_path / f"{n}.jsonl" for n in range(files)]
    for path in paths:
        row = st.fixed_dictionaries({}, optional={f"c{n}": st.sampled_from(kind) for n, kind in enumerate(kinds)})
        rows = data.draw(st.lists(row, min_size=1, max_size=12))
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    require_same(paths, set())


@pytest.mark.parametrize("kind", WORDS[:4])
def test_ordinary_columns_are_read_in_pieces(kind: list[str], tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("c,d\n" + "".join(f"{kind[n % len(kind)]},x\n" for n in range(20)))
    assert require_same([path], set())


@pytest.mark.parametrize("raw", ["[" + "1," * 200 + "1]", "a,b\r" * 80, 'a,b\n1,"' + "x\n" * 300])
def test_text_that_seems_never_to_end_is_not_held_by_the_line(
    raw: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(raw.encode())
    monkeypatch.setattr(lines, "_LONGEST", 100)
    monkeypatch.setattr(dialect, "_PIECE", 16)
    monkeypatch.setattr(lines.Delimited, "of", lambda *_: pytest.fail("it was read by the line"))
    with pytest.raises(NotInPieces):
        arriving.arriving([path], SPEC, set())
