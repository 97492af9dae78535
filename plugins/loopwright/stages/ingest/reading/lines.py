"""The lines of delimited text, before pandas sees them: what it would repair in silence, or complain of in riddles.

A file's bytes are read from their beginning each time, a piece in memory at once.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from loopwright.stages.ingest.reading.dialect import pieces

if TYPE_CHECKING:
    import _csv

    from loopwright.declaration.dataset import CsvFormat
    from loopwright.stages.ingest.reading.dialect import Opened

_LONGEST = 2**31 - 1
"""Characters that a value may have: the library's own 128 KiB would refuse long texts that pandas reads."""


def _rows(lines: Iterable[str], declared: CsvFormat) -> _csv.Reader:
    csv.field_size_limit(_LONGEST)
    if declared.quote is None:
        return csv.reader(lines, delimiter=declared.delimiter, quoting=csv.QUOTE_NONE)
    return csv.reader(lines, delimiter=declared.delimiter, quotechar=declared.quote)


def header_of(opened: Opened, declared: CsvFormat, encoding: str) -> list[str]:
    """Return the names in the first line that is not empty.

    :raises ValueError: if there is none, or no such encoding.
    """
    with opened() as stream:
        try:
            lines = _rows(io.TextIOWrapper(stream, encoding, newline=""), declared)
        except LookupError as error:
            raise ValueError(f"there is no encoding called {encoding!r}; mend `csv.encoding`") from error
        header = next((line for line in lines if line), [])
    if not header:
        raise ValueError("there is no header line")
    return header


def require_text(opened: Opened, encoding: str) -> None:
    """Refuse bytes that no text holds.

    :raises ValueError: saying where the first is.
    """
    before = 0
    for piece in () if _is_wide(encoding) else pieces(opened):
        if b"\0" in piece:
            raise ValueError(f"it holds NUL bytes (the first is byte {before + piece.index(0):,}), which no text does")
        before += len(piece)


def require_whole_rows(opened: Opened, declared: CsvFormat, encoding: str, width: int) -> None:
    """Refuse rows that are longer or shorter than the header.

    :param width: columns of the header.
    :raises ValueError: naming the first such line, and what to do.
    """
    wrong = ((line, len(row)) for line, row in _lines(opened, declared, encoding) if len(row) != width)
    first = next(wrong, None)
    if first is None:
        return
    line, found = first
    others = sum(1 for _ in wrong)
    like = f", and {others:,} more of its lines do not fit" if others else ""
    ways = f"quote values that hold {declared.delimiter!r}, or mend `csv.delimiter` or `csv.quote`"
    mend = ways if found > width else "ask the source for whole rows; a value that is missing leaves its place empty"
    raise ValueError(f"line {line:,} has {found} values, where the header has {width}{like} ({mend})")


def require_closed_quotes(opened: Opened, declared: CsvFormat, encoding: str) -> None:
    """Refuse a file of which the last row never ends, because its quote does not.

    :raises ValueError: saying where it begins.
    """
    last, row = max(_lines(opened, declared, encoding), key=lambda one: one[0], default=(0, [""]))
    if declared.quote and "\n" in row[-1]:
        raise ValueError(
            f"the quote {declared.quote} that opens in the row of line {last:,} is never closed"
            " (close it, or declare `csv: {quote: null}` where quotes mean nothing)"
        )


def _lines(opened: Opened, declared: CsvFormat, encoding: str) -> Iterator[tuple[int, list[str]]]:
    """Return each row with the line that it begins in, counted from 1; empty lines are none."""
    with opened() as stream:
        rows, line = _rows(io.TextIOWrapper(stream, encoding, newline=""), declared), 1
        for row in rows:
            if row:
                yield line, row
            line = rows.line_num + 1


def _is_wide(encoding: str) -> bool:
    return encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32"))


def require_whole_last_line(opened: Opened, declared: CsvFormat, encoding: str, width: int) -> None:
    """Refuse a file that ends in the middle of a row, as one does whose upload broke off.

    :raises ValueError: saying after how many values.
    """
    parts: list[bytes] = []
    for piece in pieces(opened):
        end = piece.rfind(b"\n")
        if end >= 0:
            parts.clear()
        parts.append(piece[end + 1 :])
    tail = b"".join(parts)
    if not tail.strip() or (declared.quote and declared.quote.encode(errors="replace") in tail) or _is_wide(encoding):
        return
    found = len(next(_rows([tail.decode(encoding)], declared), []))
    if found < width:
        raise ValueError(f"the last line breaks off after {found} of {width} values")
