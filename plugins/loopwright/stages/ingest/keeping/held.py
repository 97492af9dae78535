"""What came, kept in the lake as it was read, so that exactly this batch can be resumed though its file may be gone.

Rows as text are for people to read; these are for the machine: the same frame again, types and all. Bytes that could
not be read are kept as they came.
"""

from __future__ import annotations

import hashlib
import io
import json
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from loopwright.errors import CannotRun
from loopwright.stages.ingest.reading.conversion import to_text
from loopwright.stages.ingest.reading.frames import Reading

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.lake import Lake

ROWS = ".parquet"
"""How the name of held rows ends."""
_NOTE = b"loopwright"


def hold(lake: Lake, dataset: str, batch_id: str, digest: str, reading: Reading) -> str:
    """Keep a reading.

    :param digest: of the bytes that it was read from.
    :return: its place in the lake.
    """
    return lake.hold(dataset, batch_id, f"{digest[:16]}{ROWS}", packed(reading))


def taken_up(lake: Lake, place: str) -> Reading:
    """Return a reading that was kept.

    :param place: where.
    :raises CannotRun: if it is not there any more, or cannot be read.
    """
    try:
        return unpacked(lake.held(place))
    except (pa.ArrowException, ValueError, KeyError) as error:
        raise CannotRun(
            "What was held of a batch cannot be read any more.",
            where=place,
            got=error,
            mend="Ask the source to send the batch again, or replace it with a mended file.",
        ) from error


def packed(reading: Reading) -> bytes:
    """Return a reading as the bytes of a Parquet file."""
    frame = reading.frame.copy(deep=False)
    for name in frame.columns:
        try:
            pa.array(frame[name], from_pandas=True)
        except (pa.ArrowException, OverflowError):  # of several types in one column: nothing is lost as text
            frame[name] = to_text(frame[name])
    table = pa.Table.from_pandas(frame, preserve_index=True)
    note = json.dumps({"doubled": list(reading.doubled)}).encode()
    target = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({**(table.schema.metadata or {}), _NOTE: note}), target)
    return target.getvalue()


def digest_of(reading: Reading) -> str:
    """Return SHA-256 over a reading as it is kept, 64 hexadecimal digits."""
    return hashlib.sha256(packed(reading)).hexdigest()


def unpacked(raw: bytes) -> Reading:
    """Return what :func:`packed` packed."""
    table = pq.read_table(pa.BufferReader(raw))
    note = json.loads((table.schema.metadata or {})[_NOTE])
    frame: pd.DataFrame = table.to_pandas()
    return Reading(frame, tuple(note["doubled"]))
