"""Delimited text to a frame: strict about rows and header, where pandas would drop values or fill them in."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loopwright.stages.ingest.reading.dialect import settled
from loopwright.stages.ingest.reading.lines import (
    header_of,
    require_closed_quotes,
    require_text,
    require_whole_last_line,
    require_whole_rows,
)

if TYPE_CHECKING:
    from loopwright.declaration.dataset import CsvFormat
    from loopwright.stages.ingest.reading.dialect import Opened

MISSING = (
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NULL", "NaN", "None", "n/a", "nan", "null",
)  # fmt: skip
"""What pandas reads as a missing value."""
_EXACT_IN_DOUBLE, _INT64_ENDS = 2.0**53, 2.0**63
_UTF_8 = ("utf-8", "utf8")


@dataclass(frozen=True)
class Delimited:
    """A table of delimited text.

    :param opened: gives its bytes, unpacked, from their beginning; a byte-order mark is passed over.
    :param declared: how it is written, what was to be found out included.
    :param encoding: Python's name.
    :param header: the names as they are written.
    """

    opened: Opened
    declared: CsvFormat
    encoding: str
    header: list[str]

    @classmethod
    def of(cls, opened: Opened, declared: CsvFormat) -> Delimited:
        """Return a table whose beginning and end are sound.

        :raises ValueError: if it is no text, the header is missing, or the last line breaks off; it says what to do.
        """
        declared = settled(opened, declared)
        encoding = "utf-8-sig" if declared.encoding.lower().replace("_", "-") in _UTF_8 else declared.encoding
        require_text(opened, encoding)
        header = header_of(opened, declared, encoding)
        require_whole_last_line(opened, declared, encoding, len(header))
        return cls(opened, declared, encoding, header)

    def frame(self, dtype: Mapping[str, str]) -> pd.DataFrame:
        """Return all rows.

        :param dtype: the columns whose type is known.
        :raises ValueError: if a row is longer or shorter than the header; it says in which line, and what to do.
        """
        with self._said(), self.opened() as stream:
            frame: pd.DataFrame = pd.read_csv(stream, **self._how(dtype))
        if self.may_be_short(frame):
            self.require_whole_rows()
        return frame

    def frames(self, dtype: Mapping[str, str], rows: int) -> Iterator[pd.DataFrame]:
        """Yield the rows, so many at a time, each piece in the types that itself has.

        :raises ValueError: if a row is longer than the header; a shorter one is the caller's to ask for.
        """
        with self.opened() as stream:
            with self._said():
                reader = pd.read_csv(stream, chunksize=rows, **self._how(dtype))
            while True:
                with self._said():
                    piece = next(reader, None)
                if piece is None:
                    return
                yield piece

    def may_be_short(self, frame: pd.DataFrame) -> bool:
        """Whether the last value of a row is missing: which is what pandas makes of a row that is too short."""
        return frame.shape[1] > 1 and bool(frame.iloc[:, -1].isna().any())

    def require_whole_rows(self) -> None:
        """Refuse rows that are longer or shorter than the header.

        :raises ValueError: it says in which line, and what to do.
        """
        require_whole_rows(self.opened, self.declared, self.encoding, len(self.header))

    def _how(self, dtype: Mapping[str, str]) -> dict[str, Any]:
        return {
            "sep": self.declared.delimiter,
            "encoding": self.encoding,
            "quotechar": self.declared.quote or '"',
            "quoting": csv.QUOTE_MINIMAL if self.declared.quote else csv.QUOTE_NONE,
            "dtype": dict(dtype),
            "index_col": False,  # else one value more a row makes pandas take the first column for the index
            "low_memory": False,  # else a column's type depends on where the chunks fall
        }

    @contextmanager
    def _said(self) -> Iterator[None]:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # it warns of values it would drop
            try:
                yield
            except (pd.errors.ParserWarning, pd.errors.ParserError) as error:
                self.require_whole_rows()
                require_closed_quotes(self.opened, self.declared, self.encoding)
                width = len(self.header)
                raise ValueError(f"its rows do not fit its header of {width} columns ({error})") from error


def read_csv(raw: bytes, declared: CsvFormat, text: Collection[str]) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows, and the header's names as they are written.

    :param raw: the bytes, unpacked.
    :param declared: delimiter and encoding.
    :param text: columns whose digits are text.
    :raises ValueError: if the header is missing, a row is longer or shorter than it, or the last line breaks off;
        it says in which line, and what to do.
    """
    table = Delimited.of(lambda: io.BytesIO(raw), declared)
    known = {name: "str" for name in table.header if name in text}
    frame = table.frame(known)
    if lost := _gaps_as_words(frame, known):
        known |= dict.fromkeys(lost, "str")
        frame = table.frame(known)
    return _exact(frame, table.frame, known), table.header


def _gaps_as_words(frame: pd.DataFrame, known: Mapping[str, str]) -> list[str]:
    """Return the columns in which words that mean a missing value were taken for text.

    Where digits go beyond 64 bits, pandas gives up on numbers, and on gaps as well: nothing would be missing there.
    """
    texts = [str(name) for name in frame if isinstance(frame[name].dtype, pd.StringDtype) and name not in known]
    return [name for name in texts if frame[name].isin(MISSING).any()]


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
