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
    from loopwright.declaration.dataset import CsvFormat

_EXACT_IN_DOUBLE, _INT64_ENDS = 2.0**53, 2.0**63
_UTF_8 = ("utf-8", "utf8")


def read_csv(raw: bytes, declared: CsvFormat, text: Collection[str]) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows, and the header's names as they are written.

    :param raw: the bytes, unpacked; a byte-order mark is passed over.
    :param declared: delimiter and encoding.
    :param text: columns whose digits are text.
    :raises ValueError: if the header is missing, a row is longer than it, or the last line breaks off.
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
        except pd.errors.ParserWarning as warning:
            raise ValueError(f"rows are longer than the header: {warning}") from warning
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


def _rows(lines: Iterable[str], declared: CsvFormat) -> Iterator[list[str]]:
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
    rows = (row for row in _rows(io.TextIOWrapper(io.BytesIO(raw), encoding, newline=""), declared) if row)
    for number, row in enumerate(rows):
        if len(row) < width:
            raise ValueError(f"row {number:,} has {len(row)} values, where the header has {width}")


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
