"""Reserved columns: what the lake adds to a batch's own columns, and the predicates that find its rows again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from loopwright.errors import DataFault, shown_names

if TYPE_CHECKING:
    import pandas as pd

BATCH = "_batch_id"
ROW = "_row"
ROLE = "_role"
UNTYPED = "_untyped"
"""What columns a batch brought without a single value, as JSON. It is a column, rather than a property of the table,
so that it comes, goes and is read at a version with the batch itself, in the one commit."""

RESERVED = (BATCH, ROLE, ROW, UNTYPED)
JOINED = "_label/"
"""What the name of a column begins with that a file of labels brought, where it stands beside a batch's own columns."""


@dataclass(frozen=True)
class Rows:
    """Which rows of a table: those of one batch, or of one role in it.

    :param batch_id: the batch.
    :param role: whose predictions, where a table holds several's.
    """

    batch_id: str
    role: str | None = None

    @property
    def marks(self) -> dict[str, str]:
        """The reserved columns that tell these rows from others; the table is partitioned by them."""
        return {BATCH: self.batch_id} if self.role is None else {BATCH: self.batch_id, ROLE: self.role}

    @property
    def predicate(self) -> str:
        """The SQL condition that is true of exactly these rows."""
        quoted = {column: value.replace("'", "''") for column, value in self.marks.items()}
        return " AND ".join(f"{column} = '{value}'" for column, value in quoted.items())

    def assembled(self, own: Mapping[str, pa.Array], numbers: np.ndarray, untyped: Mapping[str, str]) -> pa.Table:
        """Return the rows as they are written.

        :param own: the batch's own columns.
        :param numbers: each row's number in its arrival.
        :param untyped: columns without a single value, to be noted.
        """
        count = len(numbers)
        marks = {column: pa.array([value] * count, pa.string()) for column, value in self.marks.items()}
        note = {UNTYPED: pa.array([json.dumps(dict(untyped))] * count, pa.string())} if untyped else {}
        return pa.table({**marks, ROW: pa.array(numbers, pa.int64()), **own, **note})

    def require(self, frame: pd.DataFrame) -> None:
        """Refuse a frame that says of itself that it belongs elsewhere.

        :raises DataFault: naming the batches or roles it says.
        """
        for column, value in {BATCH: self.batch_id, ROLE: self.role}.items():
            if column in frame and not (frame[column] == value).all():
                raise DataFault(
                    "These rows are not all of the batch they are written to.",
                    where=f"column {column}",
                    got=shown_names(sorted(map(str, frame[column].unique()))),
                    allowed=value,
                    mend="Write each batch, and each role, by itself.",
                )


def numbers_of(frame: pd.DataFrame) -> np.ndarray:
    """Return each row's number in its arrival: as the frame says, else counted."""
    return frame[ROW].to_numpy(np.int64) if ROW in frame else np.arange(len(frame))


def notes(found: pa.Table) -> dict[str, str]:
    """Return the noted columns without values of all these rows, with the types they seem to have."""
    noted: dict[str, str] = {}
    if UNTYPED in found.column_names:
        for note in found[UNTYPED].unique().drop_null().to_pylist():
            noted |= json.loads(note)
    return noted
