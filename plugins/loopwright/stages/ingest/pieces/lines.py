"""A large file of text in pieces: delimited lines or JSON lines as frames, each in the types that itself has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd

from loopwright.stages.ingest.pieces import NotInPieces
from loopwright.stages.ingest.reading.delimited import Delimited
from loopwright.stages.ingest.reading.dialect import pieces
from loopwright.stages.ingest.reading.frames import json_rows, require_bytes
from loopwright.stages.ingest.reading.unpacking import plain_stream

if TYPE_CHECKING:
    from pathlib import Path

    from loopwright.declaration.dataset import DatasetSpec
    from loopwright.stages.ingest.reading.dialect import Opened

PIECE = 16 * 2**20
"""Bytes of text in a piece, about: as values it takes several times as much."""
_LONGEST = 64 * 2**20
"""Bytes of text that may be one value or one line: what is longer may well be all the rest of a broken file."""


class Lines(Protocol):
    """A file of text."""

    def frames(self, dtype: Mapping[str, str]) -> Iterator[pd.DataFrame]:
        """Yield its rows from the beginning.

        :param dtype: what is known of columns' types.
        :raises ValueError: if it is not of its format.
        """


class DelimitedLines:
    """Delimited text."""

    def __init__(self, path: Path, dataset: DatasetSpec) -> None:
        opened: Opened = partial(plain_stream, path, dataset.largest)
        _require_ends(opened, dataset.csv.quote)  # before anything of it is held by the line
        self._table = Delimited.of(opened, dataset.csv)
        if len(set(self._table.header)) < len(self._table.header):
            raise NotInPieces("column names come twice")
        self._rows = _rows_in_a_piece(opened)
        self._is_whole = False

    def frames(self, dtype: Mapping[str, str]) -> Iterator[pd.DataFrame]:
        """Yield its rows from the beginning; the first time, rows that are too short are refused at the end."""
        short = False
        known = {name: kind for name, kind in dtype.items() if name in self._table.header}
        for frame in self._table.frames(known, self._rows):
            short = short or self._table.may_be_short(frame)
            yield frame
        if short and not self._is_whole:
            self._table.require_whole_rows()
        self._is_whole = True


class JsonLines:
    """JSON lines."""

    def __init__(self, path: Path, dataset: DatasetSpec) -> None:
        self._opened = partial(plain_stream, path, dataset.largest)

    def frames(self, dtype: Mapping[str, str]) -> Iterator[pd.DataFrame]:  # noqa: ARG002 - JSON says it itself
        """Yield its rows from the beginning."""
        with self._opened() as stream:
            rows: list[dict[str, Any]] = []
            begun = 0
            lines = _Counted(stream)
            for row in json_rows(lines):
                rows.append(row)
                if lines.read - begun > PIECE:
                    yield pd.DataFrame(rows)
                    rows, begun = [], lines.read
            if rows:
                yield pd.DataFrame(rows)


class _Counted:
    """The lines of a stream as text, and how many bytes they were."""

    def __init__(self, stream: Any) -> None:
        self._stream, self.read = stream, 0

    def __iter__(self) -> Iterator[str]:
        while line := self._stream.readline(_LONGEST):
            if len(line) == _LONGEST:
                raise NotInPieces(f"a line has {_LONGEST:,} bytes and more")
            yield line.decode("utf-8-sig" if not self.read else "utf-8")
            self.read += len(line)


def _rows_in_a_piece(opened: Opened) -> int:
    with opened() as stream:
        begins = stream.read(2**20)
    return max(1024, PIECE * (begins.count(b"\n") or 1) // len(begins))


def _require_ends(opened: Opened, quote: str | None) -> None:
    """Refuse a table in which a line, or a quoted value, seems to go on for longer than memory should hold."""
    mark = (quote or "").encode(errors="replace")
    inside, quoted, line = False, 0, 0
    for piece in pieces(opened):
        found = piece.count(mark) if mark else 0
        quoted = 0 if found or not inside else quoted + len(piece)
        inside ^= bool(found % 2)
        end = piece.rfind(b"\n")
        line = line + len(piece) if end < 0 else len(piece) - end - 1
        if quoted > _LONGEST:
            raise NotInPieces("a quote seems never to be closed")
        if line > _LONGEST:
            raise NotInPieces(f"a line has {_LONGEST:,} bytes and more")


def lines_of(path: Path, kind: str, dataset: DatasetSpec) -> Lines:
    """Return a file of text.

    :param path: the file.
    :param kind: ``csv`` or ``jsonl``.
    :param dataset: how it is written, and how large it may be.
    :raises ValueError: if it is not of its format.
    :raises NotInPieces: if it can only be read whole.
    """
    require_bytes(path)
    return DelimitedLines(path, dataset) if kind == "csv" else JsonLines(path, dataset)
