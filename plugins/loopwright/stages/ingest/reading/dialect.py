"""How delimited text is written, found out where that is declared to be: its encoding and the character between values.

What must stay true: the same bytes give the same answer, and where two answers fit as well, none is guessed.
"""

from __future__ import annotations

import codecs
import csv
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loopwright.declaration.dataset import CsvFormat

AUTO = "auto"
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""Byte-order marks; those of four bytes before those of two that they begin with."""
_DELIMITERS = (",", ";", "\t", "|")
_LINES = 200


def settled(raw: bytes, declared: CsvFormat) -> CsvFormat:
    """Return the declared format with what was left to be found out.

    :param raw: the bytes, unpacked.
    :param declared: its ``auto`` is what is found out.
    :raises ValueError: if the text is of no encoding that is tried, or several delimiters fit as well.
    """
    if AUTO not in (declared.encoding, declared.delimiter):
        return declared
    encoding = _encoding(raw) if declared.encoding == AUTO else declared.encoding
    found = declared.model_copy(update={"encoding": encoding})
    if declared.delimiter != AUTO:
        return found
    return found.model_copy(update={"delimiter": _delimiter(raw.decode(encoding), declared.quote)})


def _encoding(raw: bytes) -> str:
    for mark, name in _MARKS.items():
        if raw.startswith(mark):
            return name
    for name in ("utf-8", "cp1252"):
        try:
            raw.decode(name)
        except UnicodeDecodeError:
            continue
        return name
    raise ValueError("the text is neither UTF-8 nor Windows-1252; declare `csv.encoding`")


def _delimiter(text: str, quote: str | None) -> str:
    """Return the character that divides every row into as many values, two at least; a comma for a single column."""
    lines = text.splitlines()[:_LINES]
    widths = {candidate: _width(lines, candidate, quote) for candidate in _DELIMITERS}
    most = max(widths.values())
    if most < 2:
        return ","
    best = [candidate for candidate, width in widths.items() if width == most]
    if len(best) > 1:
        raise ValueError(f"the values may be divided by {' or '.join(map(repr, best))}; declare `csv.delimiter`")
    return best[0]


def _width(lines: list[str], delimiter: str, quote: str | None) -> int:
    """Return how many values each row has; 0 where rows differ."""
    how = {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE}
    try:
        found = {len(row) for row in csv.reader(lines, delimiter=delimiter, **how) if row}
    except csv.Error:
        return 0
    return found.pop() if len(found) == 1 else 0
