"""Delimited text to a frame: strict about rows and header, where pandas would drop values or fill them in."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from loopwright.stages.ingest.reading.dialect import settled

if TYPE_CHECKING:
    import _csv

    from loopwright.declaration.dataset import CsvFormat

_EXACT_IN_DOUBLE, _INT64_ENDS = 2.0**53, 2.0**63
_LONGEST = 2**31 - 1
"""Characters that a value may have: the library's own 128 KiB would refuse long texts that pandas reads."""
_UTF_8 = ("utf-8", "utf8")


def read_csv(raw: bytes, declared: CsvFormat, text: Collection[str]) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows, and the header's names as they are written.

    :param raw: the bytes, unpacked; a byte-order mark is passed over.
    :param declared: delimiter and encoding.
    :param text: columns whose digits are text.
    :raises ValueError: if the header is missing, a row is longer or shorter than it, or the last line breaks off;
        it says in which line, and what to do.
    """
    declared = settled(raw, declared)
    encoding = "utf-8-sig" if declared.encoding.lower().replace("_", "-") in _UTF_8 else declared.encoding
    _require_text(raw, encoding)
    header = _header(raw, declared, encoding)
    _require_whole_last_line(raw, declared, encoding, len(header))

    def parsed(dtype: dict[str, str]) -> pd.DataFrame:
        return pd.read_csv(
            io.BytesIO(raw),
            sep=declared.delimiter,
            encoding=encoding,
            quotechar=declared.quote or '"',
            quoting=csv.QUOTE_MINIMAL if declared.quote else csv.QUOTE_NONE,
            dtype=dtype,
            index_col=False,  # else one value more a row makes pandas take the first column for the index
            low_memory=False,  # else a column's type depends on where the chunks fall
        )

    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # it warns of values it would drop
        try:
            known = {name: "str" for name in header if name in text}
            frame = _exact(parsed(known), parsed, known)
        except (pd.errors.ParserWarning, pd.errors.ParserError) as error:
            _require_whole_rows(raw, declared, encoding, len(header))
            _require_closed_quotes(raw, declared, encoding)
            raise ValueError(f"its rows do not fit its header of {len(header)} columns ({error})") from error
    if frame.shape[1] > 1 and frame.iloc[:, -1].isna().any():  # which is what pandas makes of a row that is too short
        _require_whole_rows(raw, declared, encoding, len(header))
    return frame, header


def inexact(frame: pd.DataFrame) -> list[str]:
    """Return the columns of floats with gaps that may have been whole numbers too long for a float.

    :param frame: as a library read it.
    """
    floats = frame.columns[(frame.dtypes == np.float64).to_numpy()]
    return [
        name
        for name in floats
        if _EXACT_IN_DOUBLE <= frame[name].abs().max() < _INT64_ENDS and frame[name].isna().any()
    ]


def _exact(
    frame: pd.DataFrame, parsed: Callable[[dict[str, str]], pd.DataFrame], known: dict[str, str]
) -> pd.DataFrame:
    """Read again where long identifiers with gaps became floats, which have no room for their last digits."""
    names = inexact(frame)
    if not names:
        return frame
    try:
        return parsed({**known, **dict.fromkeys(names, "Int64")})
    except (TypeError, ValueError):  # they are floats after all
        return frame


def _rows(lines: Iterable[str], declared: CsvFormat) -> _csv.Reader:
    csv.field_size_limit(_LONGEST)
    if declared.quote is None:
        return csv.reader(lines, delimiter=declared.delimiter, quoting=csv.QUOTE_NONE)
    return csv.reader(lines, delimiter=declared.delimiter, quotechar=declared.quote)


def _header(raw: bytes, declared: CsvFormat, encoding: str) -> list[str]:
    try:
        lines = _rows(io.TextIOWrapper(io.BytesIO(raw), encoding, newline=""), declared)
    except LookupError as error:
        raise ValueError(f"there is no encoding called {encoding!r}; mend `csv.encoding`") from error
    header = next((line for line in lines if line), [])
    if not header:
        raise ValueError("there is no header line")
    return header


def _require_text(raw: bytes, encoding: str) -> None:
    if b"\0" in raw and not _is_wide(encoding):
        raise ValueError(f"it holds NUL bytes (the first is byte {raw.index(0):,}), which no text does")


def _require_whole_rows(raw: bytes, declared: CsvFormat, encoding: str, width: int) -> None:
    wrong = [(line, len(row)) for line, row in _lines(raw, declared, encoding) if len(row) != width]
    if not wrong:
        return
    line, found = wrong[0]
    like = f", and {len(wrong) - 1:,} more of its lines do not fit" if len(wrong) > 1 else ""
    ways = f"quote values that hold {declared.delimiter!r}, or mend `csv.delimiter` or `csv.quote`"
    mend = ways if found > width else "ask the source for whole rows; a value that is missing leaves its place empty"
    raise ValueError(f"line {line:,} has {found} values, where the header has {width}{like} ({mend})")


def _require_closed_quotes(raw: bytes, declared: CsvFormat, encoding: str) -> None:
    """Refuse a file of which the last row never ends, because its quote does not."""
    last, row = max(_lines(raw, declared, encoding), key=lambda one: one[0], default=(0, [""]))
    if declared.quote and "\n" in row[-1]:
        raise ValueError(
            f"the quote {declared.quote} that opens in the row of line {last:,} is never closed"
            " (close it, or declare `csv: {quote: null}` where quotes mean nothing)"
        )


def _lines(raw: bytes, declared: CsvFormat, encoding: str) -> Iterator[tuple[int, list[str]]]:
    """Return each row with the line that it begins in, counted from 1; empty lines are none."""
    rows, line = _rows(io.TextIOWrapper(io.BytesIO(raw), encoding, newline=""), declared), 1
    for row in rows:
        if row:
            yield line, row
        line = rows.line_num + 1


def _is_wide(encoding: str) -> bool:
    return encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32"))


def _require_whole_last_line(raw: bytes, declared: CsvFormat, encoding: str, width: int) -> None:
    """Refuse a file that ends in the middle of a row, as one does whose upload broke off."""
    tail = raw[raw.rfind(b"\n") + 1 :]
    if not tail.strip() or (declared.quote and declared.quote.encode(errors="replace") in tail) or _is_wide(encoding):
        return
    found = len(next(_rows([tail.decode(encoding)], declared), []))
    if found < width:
        raise ValueError(f"the last line breaks off after {found} of {width} values")
