"""A large arrival as frames of bounded size, in just the types that the whole would have.

Text is brought to a Parquet file first (:mod:`~loopwright.stages.ingest.pieces.texts`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as kinds

from loopwright.stages.ingest.pieces import NotInPieces
from loopwright.stages.ingest.pieces.texts import as_parquet
from loopwright.stages.ingest.reading.dictionaries import require_short_texts
from loopwright.stages.ingest.reading.footers import decoded_size, require_decodable
from loopwright.stages.ingest.reading.frames import format_of
from loopwright.stages.ingest.reading.room import plain_size

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.declaration.dataset import DatasetSpec
    from loopwright.stages.ingest.scratch import Scratch

LARGE = 256 * 2**20
"""Bytes of a decoded arrival from which on it is looked at in pieces: in memory, cleaning and publishing take several
times as much."""
PIECE = 32 * 2**20
"""Decoded bytes of a piece, about."""
_KNOWN = (
    kinds.is_integer,
    kinds.is_floating,
    kinds.is_boolean,
    kinds.is_string,
    kinds.is_large_string,
    kinds.is_timestamp,
    kinds.is_date32,
    kinds.is_null,
)


@dataclass(frozen=True)
class Arriving:
    """Parquet files that make a batch.

    :param paths: in the order of their rows.
    :param schema: of each of them, categories as the values they stand for.
    :param rows: of all together.
    :param size: bytes that they take when decoded, as their footers let guess.
    :param gaps: the columns in which a value is missing.
    :param place: the folder that they are in, where they were made of text.
    """

    paths: tuple[Path, ...]
    schema: pa.Schema
    rows: int
    size: int
    gaps: frozenset[str]
    place: Scratch | None = None

    def erase(self) -> None:
        """Remove what was made of text."""
        if self.place is not None:
            self.place.erase()

    def frames(self) -> Iterator[pd.DataFrame]:
        """Return the rows in pieces, as a reading of the whole would have them, their index the row numbers."""
        length = max(1024, int(PIECE / max(1.0, self.size / max(1, self.rows))))
        first = 0
        for path in self.paths:
            with pq.ParquetFile(path, pre_buffer=False) as file:
                for batch in file.iter_batches(batch_size=length, columns=self.schema.names):
                    frame = self._frame(batch)
                    frame.index = frame.index + first
                    first += len(frame)
                    yield frame

    def _frame(self, batch: pa.RecordBatch) -> pd.DataFrame:
        columns = {field.name: self._as_whole(field, batch.column(field.name)) for field in self.schema}
        frame: pd.DataFrame = pa.table(columns).to_pandas(ignore_metadata=True)
        truths = [field.name for field in self.schema if kinds.is_boolean(field.type) and field.name in self.gaps]
        return frame.astype(dict.fromkeys(truths, "object")) if truths else frame

    def _as_whole(self, field: pa.Field, values: pa.Array) -> pa.Array:
        """Return whole numbers as floats where another piece has gaps among them, as pandas has it."""
        if kinds.is_dictionary(values.type):
            values = values.cast(field.type)
        if not kinds.is_integer(field.type) or field.name not in self.gaps:
            return values
        try:
            return values.cast(pa.float64())
        except pa.ArrowInvalid as error:
            raise NotInPieces(f"{field.name!r} holds long whole numbers with gaps") from error


def arriving(paths: Sequence[Path], dataset: DatasetSpec, text: Collection[str] = ()) -> Arriving | None:
    """Return an arrival that is to be looked at in pieces; ``None`` if it is not large.

    :param paths: its files.
    :param dataset: says the format.
    :param text: columns whose digits are text, where the format leaves that open.
    :raises ArrivalUnreadable: if it is large text, and not of its format.
    :raises NotInPieces: if it is large, and its columns are of types, or its files of kinds, that need the whole.
    """
    try:
        formats = {format_of(path, dataset) for path in paths}
        if formats == {"parquet"}:
            return _of_parquet(paths, dataset)
        if len(formats) > 1 or sum(map(plain_size, paths)) < LARGE:
            return None
    except (pa.ArrowException, OSError, ValueError):
        return None  # whoever reads it whole says what is wrong
    target, place = as_parquet(paths, formats.pop(), dataset, text)
    return replace(_described([target], [pq.read_metadata(target)]), place=place)


def _of_parquet(paths: Sequence[Path], dataset: DatasetSpec) -> Arriving | None:
    footers = [pq.read_metadata(path) for path in paths]
    if sum(map(decoded_size, footers)) < LARGE:
        return None
    for path, footer in zip(paths, footers, strict=True):
        require_decodable(footer, path.stat().st_size, dataset.largest)
        require_short_texts(path, footer, dataset.largest)
    return _described(paths, footers)


def _described(paths: Sequence[Path], footers: Sequence[pq.FileMetaData]) -> Arriving:
    schemas = [pq.read_schema(path).remove_metadata() for path in paths]
    schema = pa.schema([_decoded(field) for field in schemas[0] if not field.name.startswith("__index_level_")])
    if any(other != schemas[0] for other in schemas[1:]):
        raise NotInPieces("its files have columns of different types")
    if len(set(schema.names)) < len(schema.names):
        raise NotInPieces("column names come twice")
    odd = [field.name for field in schema if not any(test(field.type) for test in _KNOWN)]
    if odd:
        raise NotInPieces(f"{odd[0]!r} is {schema.field(odd[0]).type}")
    rows, size = sum(footer.num_rows for footer in footers), sum(map(decoded_size, footers))
    gaps = frozenset(name for path, footer in zip(paths, footers, strict=True) for name in _gaps(path, footer))
    return Arriving(tuple(paths), schema, rows, size, gaps)


def _decoded(field: pa.Field) -> pa.Field:
    return field.with_type(field.type.value_type) if kinds.is_dictionary(field.type) else field


def _gaps(path: Path, footer: pq.FileMetaData) -> set[str]:
    """Return the columns with a missing value: by the footer where it counts them, else by looking."""
    found: set[str] = set()
    unsaid: set[str] = set()
    for group in (footer.row_group(place) for place in range(footer.num_row_groups)):
        for column in (group.column(place) for place in range(group.num_columns)):
            said = column.statistics
            if said is None or not said.has_null_count:
                unsaid.add(column.path_in_schema)
            elif said.null_count:
                found.add(column.path_in_schema)
    for name in unsaid - found:
        with pq.ParquetFile(path, pre_buffer=False) as file:
            if any(batch.column(0).null_count for batch in file.iter_batches(columns=[name])):
                found.add(name)
    return found
