"""A large table of text, delimited or JSON lines, as one Parquet file in just the types that the whole would have.

The files are read twice, a piece at a time, since of which type a column is only all of its values tell. What must stay
true: where the pieces' types do not prove the whole's, nothing is guessed, and the table is looked at whole.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from loopwright.errors import CannotRun
from loopwright.stages.ingest.pieces import NotInPieces
from loopwright.stages.ingest.pieces.lines import lines_of
from loopwright.stages.ingest.reading.delimited import MISSING
from loopwright.stages.ingest.reading.frames import said_plainly
from loopwright.stages.ingest.scratch import scratch

if TYPE_CHECKING:
    from pathlib import Path

    from loopwright.declaration.dataset import DatasetSpec
    from loopwright.stages.ingest.scratch import Scratch

_EXACT = 2.0**53
_ARROW = {"integer": pa.int64(), "number": pa.float64(), "truth": pa.bool_(), "text": pa.string(), "nothing": pa.null()}
_AS_READ = {"integer": "int64", "number": "float64", "text": "str"}
"""What a reader of delimited text is told; of other columns each piece tells enough."""
_KINDS = {"int64": "integer", "float64": "number", "bool": "truth", "str": "text"}


@dataclass
class _Column:
    """What the pieces of a column hold.

    :param kinds: by piece; a piece without a value has none.
    :param gaps: whether any value is missing.
    :param most: the greatest finite number, whatever its sign.
    :param files: those in which it has a value.
    :param nan: whether a piece of JSON says of nothing but ``NaN`` what it is: a number that is none.
    """

    kinds: set[str] = field(default_factory=set)
    gaps: bool = False
    most: float = 0.0
    files: set[Path] = field(default_factory=set)
    nan: bool = False

    def note(self, name: str, values: pd.Series, path: Path, *, guessed: bool) -> None:
        """Take a piece of a file into account.

        :param guessed: whether its values were words, of which pandas guessed the type.
        :raises NotInPieces: if its values are of a kind that only the whole can tell.
        """
        missing = values.isna()
        self.gaps |= bool(missing.any())
        if missing.all():
            self.nan |= not guessed and str(values.dtype) == "float64"
            return
        kind = _KINDS.get(str(values.dtype))
        if kind is None and pd.api.types.infer_dtype(values, skipna=True) == "boolean":
            kind = "truth"
        if kind is None:
            raise NotInPieces(f"{name!r} is {values.dtype}")
        if guessed and kind == "text" and _are_numbers(values):
            raise NotInPieces(f"{name!r} holds digits beyond 64 bits")
        self.kinds.add(kind)
        self.files.add(path)
        if kind in ("integer", "number"):
            finite = values[np.isfinite(values)]
            self.most = max([self.most, *(abs(float(end)) for end in (finite.min(), finite.max()) if len(finite))])


def as_parquet(paths: Sequence[Path], kind: str, dataset: DatasetSpec, text: Collection[str]) -> tuple[Path, Scratch]:
    """Write the files' rows, one file's after another's, to one Parquet file in a folder of its own.

    :param paths: in the order of their rows.
    :param kind: ``csv`` or ``jsonl``, what all of them are.
    :param dataset: how they are written.
    :param text: columns whose digits are text.
    :raises ArrivalUnreadable: if one of them is not of its format.
    :raises NotInPieces: if only the whole can tell what its columns are.
    """
    place = scratch()
    try:
        files = _Files(paths, kind, dataset)
        known = dict.fromkeys(text, "str") if kind == "csv" else {}
        types = {
            name: "text" if name in known else _type_of(name, column, kind, len(paths))
            for name, column in files.columns(known, guessed=kind == "csv").items()
        }
        target = place.path / "arrival.parquet"
        _write(target, files, types, nothing="number" if kind == "csv" else "nothing")
    except BaseException:
        place.erase()
        raise
    return target, place


class _Files:
    """Files of text that make a batch."""

    def __init__(self, paths: Sequence[Path], kind: str, dataset: DatasetSpec) -> None:
        self._files = []
        for path in paths:
            with said_plainly(path):
                self._files.append((path, lines_of(path, kind, dataset)))

    def frames(self, dtype: Mapping[str, str]) -> Iterator[tuple[Path, pd.DataFrame]]:
        """Yield the rows of all in pieces, each with its file."""
        for path, lines in self._files:
            frames = lines.frames(dtype)
            while True:
                with said_plainly(path):
                    frame = next(frames, None)
                if frame is None:
                    break
                yield path, frame

    def columns(self, dtype: Mapping[str, str], *, guessed: bool) -> dict[str, _Column]:
        """Return what each column holds, in the order in which they come.

        :param dtype: the columns whose type is known.
        :param guessed: whether the types of the others are guessed from words.
        """
        found: dict[str, _Column] = {}
        names: dict[Path, set[str]] = {}
        for path, frame in self.frames(dtype):
            if frame.empty:
                continue
            new = [name for name in map(str, frame) if name not in found]
            found |= {name: _Column(gaps=bool(names)) for name in new}
            for name, column in found.items():
                if name in frame:
                    column.note(name, frame[name], path, guessed=guessed and name not in dtype)
                else:
                    column.gaps = True
            names.setdefault(path, set()).update(map(str, frame))
        odd = [name for name in found if name.startswith("__index_level_")]
        if odd:
            raise NotInPieces(f"{odd[0]!r} is a name that Parquet files give to indexes")
        if len(names) < len(self._files) or any(own != set(found) for own in names.values()):
            raise NotInPieces("its files have different columns, or one of them has no rows")
        return found


def _are_numbers(texts: pd.Series) -> bool:
    """Whether text is all digits after all, which pandas takes no more for numbers where some do not fit 64 bits."""
    there = texts.dropna()
    if pd.isna(pd.to_numeric(there.iloc[:1], errors="coerce").iloc[0]) and there.iloc[0] not in MISSING:
        return False
    others = there[~there.isin(MISSING)]
    return bool(pd.to_numeric(others, errors="coerce").notna().all())


def _type_of(name: str, column: _Column, kind: str, files: int) -> str:
    """Return of which type a reading whole would find the values.

    :param files: that make the batch; of delimited text in one, what is not all numbers and not all truths is text.
    """
    if column.nan and not column.kinds & {"integer", "number"}:
        if column.kinds or files > 1:
            raise NotInPieces(f"{name!r} is NaN")
        return "number"
    if not column.kinds:
        return "nothing"
    if column.kinds == {"integer"} and not column.gaps:
        return "integer"
    if column.kinds <= {"integer", "number"}:
        if column.most >= _EXACT:
            raise NotInPieces(f"{name!r} holds long numbers, and gaps or fractions")
        if kind == "jsonl" and len(column.files) < files:  # whose gaps pandas keeps beside the numbers as objects
            raise NotInPieces(f"{name!r} has no value in one of the files")
        return "number"
    if len(column.kinds) == 1:
        return next(iter(column.kinds))
    if kind == "csv" and (files == 1 or "text" in column.kinds):
        return "text"
    raise NotInPieces(f"{name!r} holds values of several kinds")


def _write(target: Path, files: _Files, types: Mapping[str, str], *, nothing: str) -> None:
    """Write all rows.

    :param nothing: of which type a column without a value is.
    """
    schema = pa.schema({name: _ARROW[nothing if kind == "nothing" else kind] for name, kind in types.items()})
    dtype = {name: _AS_READ[kind] for name, kind in types.items() if kind in _AS_READ}
    try:
        with pq.ParquetWriter(target, schema, compression="lz4") as writer:
            for _, frame in files.frames(dtype):
                writer.write_table(pa.table([_array(frame, one) for one in schema], schema=schema))
    except OSError as error:
        raise CannotRun(
            "A large table of text could not be written another way to look at it.",
            where=target.parent,
            got=error,
            mend="Make room in the folder for temporary files, or name another in TMPDIR.",
        ) from error


def _array(frame: pd.DataFrame, field: pa.Field) -> pa.Array:
    if field.name not in frame or pa.types.is_null(field.type):
        return pa.nulls(len(frame), field.type)
    return pa.array(frame[field.name], type=field.type, from_pandas=True)
