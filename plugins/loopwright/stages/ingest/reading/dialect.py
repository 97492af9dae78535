"""How delimited text is written, found out where that is declared to be: its encoding and the character between values.

What must stay true: the same bytes give the same answer, and where two answers fit as well, none is guessed.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from loopwright.declaration.dataset import CsvFormat

Opened = Callable[[], BinaryIO]
"""Gives a file's bytes, unpacked, from their beginning: they may be more than memory holds, and are read again."""
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
_PIECE = 2**20


def settled(opened: Opened, declared: CsvFormat) -> CsvFormat:
    """Return the declared format with what was left to be found out.

    :param opened: gives the bytes, unpacked, from their beginning.
    :param declared: its ``auto`` is what is found out.
    :raises ValueError: if the text is of no encoding that is tried, or several delimiters fit as well.
    """
    if AUTO not in (declared.encoding, declared.delimiter):
        return declared
    encoding = _encoding(opened) if declared.encoding == AUTO else declared.encoding
    found = declared.model_copy(update={"encoding": encoding})
    if declared.delimiter != AUTO:
        return found
    return found.model_copy(update={"delimiter": _delimiter(_first_lines(opened, encoding), declared.quote)})


def pieces(opened: Opened) -> Iterator[bytes]:
    """Yield bytes in pieces.

    :param opened: gives them from their beginning.
    """
    with opened() as stream:
        while piece := stream.read(_PIECE):
            yield piece


def _encoding(opened: Opened) -> str:
    with opened() as stream:
        begins = stream.read(4)
    for mark, name in _MARKS.items():
        if begins.startswith(mark):
            return name
    for name in ("utf-8", "cp1252"):
        if _decodes(opened, name):
            return name
    raise ValueError("the text is neither UTF-8 nor Windows-1252; declare `csv.encoding`")


def _decodes(opened: Opened, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for piece in pieces(opened):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _first_lines(opened: Opened, encoding: str) -> list[str]:
    """Return the first lines, whatever ends them."""
    decoder = codecs.getincrementaldecoder(encoding)()
    parts: list[str] = []
    lines = 0
    for piece in pieces(opened):
        parts.append(decoder.decode(piece))
        lines += len(parts[-1].splitlines())
        if lines - len(parts) > _LINES:  # each part may begin within a line, and of the last an end be but half there
            return "".join(parts).splitlines()[:_LINES]
    return "".join([*parts, decoder.decode(b"", final=True)]).splitlines()[:_LINES]


def _delimiter(lines: list[str], quote: str | None) -> str:
    """Return the character that divides every row into as many values, two at least; a comma for a single column."""
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
