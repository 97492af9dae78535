"""Which engine a batch is asked by: Great Expectations itself while the batch is small, our scan beyond that.

What must stay true: both answer alike (a parity test holds it), so that a batch's verdict does not depend on its size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from loopwright.lake.rows import ROW

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.stages.ingest.judging.judgement import Judgement
    from loopwright.stages.ingest.judging.suite import Suite

LARGE = 64 * 2**20
"""Bytes of a frame from which on it is scanned: Great Expectations takes thrice the time, and as much memory again."""

SCANNED: dict[str, pa.DataType] = {
    "int64": pa.int64(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "str": pa.large_string(),
    "datetime64[us]": pa.timestamp("us"),
    "datetime64[us, UTC]": pa.timestamp("us", tz="UTC"),
}
"""The types of pandas of which it is known that the scan answers alike."""


def ask(frame: pd.DataFrame, suite: Suite) -> Judgement:
    """Ask a suite of a frame.

    :param frame: the cleaned batch, its index the row numbers.
    :param suite: what is expected.
    :raises DeclarationError: if the suite asks what Great Expectations does not know.
    """
    if frame.memory_usage(index=False).sum() < LARGE or ROW in frame or not frame.columns.is_unique:
        from loopwright.stages.ingest.judging.gx import judge  # seconds of import

        return judge(frame, suite)
    from loopwright.stages.ingest.judging.scan.source import table
    from loopwright.stages.ingest.judging.scanning import judge_in_place

    return judge_in_place(table(scannable(frame)), suite, lambda names: frame[list(frame if names is None else names)])


def scannable(frame: pd.DataFrame) -> pa.Table:
    """Return a frame's rows with their numbers, as DuckDB can scan them.

    :param frame: its columns' names are each one's own.
    """
    columns = {name: _array(frame[name]) for name in frame.columns}
    return pa.table({**columns, ROW: pa.array(frame.index.to_numpy("int64"))})


def _array(column: pd.Series[Any]) -> pa.Array | pa.ChunkedArray:
    """Return a column in its own type; of a type that is not compiled for, only which values there are.

    A date is such a type, and stands for all of them.
    """
    kind = SCANNED.get(str(column.dtype))
    if kind is not None:
        return pa.array(column, kind, from_pandas=True)
    return pa.array(np.zeros(len(column), "int32"), mask=column.isna().to_numpy()).cast(pa.date32())
