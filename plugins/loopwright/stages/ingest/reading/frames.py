"""From an arrival's bytes to a frame, by format. Deterministic: the same bytes and declaration give the same frame.

What the bytes cannot mean is :class:`ArrivalUnreadable`, the batch's fault; what the disk or the network does is
:class:`CannotRun`. Nothing is silently repaired.
"""

from __future__ import annotations

import csv
import json
import lzma
import zlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from loopwright.errors import ArrivalUnreadable, CannotRun, shown
from loopwright.stages.ingest.arriving.batch_names import stem
from loopwright.stages.ingest.reading.delimited import inexact, read_csv
from loopwright.stages.ingest.reading.dictionaries import require_short_texts
from loopwright.stages.ingest.reading.footers import require_decodable
from loopwright.stages.ingest.reading.unpacking import UNPACKERS, plain_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from loopwright.declaration.dataset import DatasetSpec

_FORMATS = {
    ".csv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
}


@dataclass(frozen=True)
class Reading:
    """What an arrival holds.

    :param frame: its rows, indexed from 0.
    :param doubled: column names that the file has more than once; from the second on they carry a number.
    """

    frame: pd.DataFrame
    doubled: tuple[str, ...] = ()


def read(path: Path, dataset: DatasetSpec, *, text: Collection[str] = ()) -> Reading:
    """Read one arrival.

    :param path: the file, on this machine.
    :param dataset: says the format, delimiter and encoding.
    :param text: columns known to be text, whose digits are not to be taken for numbers (where the format leaves
        that open).
    :raises ArrivalUnreadable: if the bytes are not of the format.
    :raises CannotRun: if the disk or the memory fails.
    """
    with said_plainly(path):
        return _read(path, dataset, text)


@contextmanager
def said_plainly(path: Path) -> Iterator[None]:
    """Say what reading a file raises as the batch's fault, or as the surroundings'.

    :param path: the file.
    :raises ArrivalUnreadable: if the bytes are not of the format.
    :raises CannotRun: if the disk or the memory fails.
    """
    try:
        yield
    except MemoryError as error:
        raise CannotRun(
            "The arrival does not fit into this machine's memory.",
            where=path,
            mend="Give the task more memory, or ask the source for smaller batches.",
        ) from error
    except OSError as error:
        # Arrow and gzip say OSError of bytes that make no sense; the system's own errors carry a number.
        if error.errno is not None:
            raise CannotRun("The arrival could not be read from the disk.", where=path, got=error) from error
        raise _unreadable(path, error) from error
    except (ValueError, EOFError, pa.ArrowException, zlib.error, lzma.LZMAError, csv.Error, RecursionError) as error:
        raise _unreadable(path, error) from error


def _read(path: Path, dataset: DatasetSpec, text: Collection[str]) -> Reading:
    require_bytes(path)
    kind = format_of(path, dataset)
    if kind == "parquet":
        return _parquet(path, dataset.largest)
    raw = plain_bytes(path, dataset.largest)
    if kind == "jsonl":
        return Reading(_json_lines(raw))
    frame, header = read_csv(raw, dataset.csv, text)
    return Reading(frame, _told_apart(header)[1])


def require_bytes(path: Path) -> None:
    """Refuse a file without a byte.

    :raises ValueError: if it is one.
    """
    if path.stat().st_size == 0:
        raise ValueError("the file is empty: it has no bytes at all")


def format_of(path: Path, dataset: DatasetSpec) -> str:
    """Return the format that a file is read as.

    :param dataset: declares it, or leaves it to the file's ending.
    :raises ValueError: if the ending says none.
    """
    if dataset.format != "auto":
        return dataset.format
    ending = path.name.removeprefix(stem(path.name)).lower()
    for packing in UNPACKERS:
        ending = ending.removesuffix(packing)
    if ending not in _FORMATS:
        raise ValueError(f"the ending {ending!r} says no format; declare `format`, or narrow `arrivals`")
    return _FORMATS[ending]


def _parquet(path: Path, largest: int) -> Reading:
    with path.open("rb") as stream:
        file = pq.ParquetFile(stream)
        require_decodable(file.metadata, path.stat().st_size, largest)
        require_short_texts(path, file.metadata, largest)
        table = file.read()
    table = table.drop_columns([name for name in set(table.column_names) if name.startswith("__index_level_")])
    names, doubled = _told_apart(table.column_names)
    columns = dict(zip(names, map(_decoded, table.columns), strict=True))
    frame = pa.table(columns).to_pandas(ignore_metadata=True)
    for name in inexact(frame):
        if pa.types.is_integer(columns[name].type):  # long identifiers with gaps: a float loses their last digits
            frame[name] = pd.Series(columns[name].to_pylist(), dtype="Int64")
    return Reading(frame, doubled)


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _json_lines(raw: bytes) -> pd.DataFrame:
    rows = list(json_rows(raw.decode("utf-8-sig").split("\n")))
    if not rows:
        raise ValueError("there is no line with a JSON object in it")
    frame = pd.DataFrame(rows)
    for name in inexact(frame):  # long identifiers with gaps: a float loses their last digits
        values = [row.get(name) for row in rows]
        if not any(isinstance(value, float) and value == value for value in values):
            frame[name] = pd.Series(values, dtype="Int64")
    return frame


def json_rows(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield the objects of JSON lines; lines of blanks hold none.

    :raises ValueError: if a line holds something else, or an object has a key twice.
    """
    for number, line in enumerate(lines, start=1):
        if line.strip():
            row = json.loads(line, object_pairs_hook=_object)
            if not isinstance(row, dict):
                raise ValueError(f"line {number} is no JSON object but a {type(row).__name__}")
            yield row


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object, unless a key comes twice: JSON's readers each keep another value of it."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"an object has a key twice: {next(key for key in keys if keys.count(key) > 1)!r}")
    return found


def _told_apart(names: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """Return names made unique by a number, and which came more than once; nameless columns are told apart anyway."""
    seen: dict[str, int] = {}
    apart = []
    for name in names:
        apart.append(f"{name}.{seen[name]}" if name in seen else name)
        seen[name] = seen.get(name, 0) + 1
    return apart, tuple(name for name, count in seen.items() if name and count > 1)


def _unreadable(path: Path, error: BaseException) -> ArrivalUnreadable:
    said = shown(str(error).strip() or type(error).__name__)
    return ArrivalUnreadable(
        f"The arrival cannot be read: {said}",
        where=path,
        mend="Ask the source to send it again, whole; or, if it is another format, mend `format` and `csv`.",
    )
