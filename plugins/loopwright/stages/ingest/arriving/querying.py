"""Rows of a database as batches: each run's rows, from one watermark to the next, written whole and then ingested.

What must stay true: the bounds of a batch are recorded before it is asked for, so that whoever was killed asks for the
same rows again and none comes twice; a row is in one batch by its watermark. Sensitive columns are dropped or hashed
before anything is written.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from loopwright.declaration.sensitive import lacking
from loopwright.errors import DeclarationError, shown_names
from loopwright.lake import Lake
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.arriving.databases import engine_for, said_plainly
from loopwright.stages.ingest.arriving.rows_asked import asked, parquet
from loopwright.stages.ingest.arriving.windows import next_window, unmarked
from loopwright.stages.ingest.hash_key import require_same_key
from loopwright.stages.ingest.sensitive import protected

if TYPE_CHECKING:
    import sqlalchemy as sa

    from loopwright.declaration import Workspace
    from loopwright.declaration.dataset import DatasetSpec, Query
    from loopwright.ledger.state import State
    from loopwright.stages.ingest.reading.frames import Reading


_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Queried:
    """What a query gave.

    :param batch_id: the batch that it makes; ``None`` when nothing is new.
    :param rows: in it.
    :param until: the watermark up to which the rows are taken, as text.
    :param unmarked: rows that have no watermark now, and are in no batch for as long as they have none.
    """

    dataset: str
    batch_id: str | None
    rows: int
    until: str | None
    unmarked: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


def fetch_rows(workspace: Workspace, dataset: DatasetSpec, url: str, *, now: datetime | None = None) -> Queried:
    """Take the rows that came since the last time, and make them an arrival; a window that was begun is finished first.

    :param workspace: the five places.
    :param dataset: its declaration, with a query.
    :param url: the database, as SQLAlchemy addresses it; never logged.
    :param now: aware time; the present when left out.
    :raises DeclarationError: if the query cannot be asked.
    :raises CannotRun: if the database cannot be reached.
    """
    require_same_key(workspace, dataset)
    query = dataset.query
    if query is None:
        raise DeclarationError("The dataset declares no query.", where=f"dataset {dataset.name}")
    ledger, engine = Ledger.of(workspace), engine_for(url)
    subject = f"dataset/{dataset.name}"
    with said_plainly(query, dataset.name), engine.connect() as connection:
        window = _begun(ledger, subject, connection, query, now)
        nowhere = unmarked(connection, query)
        if nowhere:
            _log.warning("%s: %d rows have no %s and are in no batch.", dataset.name, nowhere, query.watermark)
        if window is None:
            return Queried(dataset.name, None, 0, None, nowhere)
        raw = asked(connection, query, window)
        _require_sensitive(raw, dataset)
        reading = protected(raw, dataset, workspace.hash_key)
    rows = len(reading.frame)
    Lake.of(workspace).write_fetched(dataset.name, window["batch_id"], parquet(reading))
    said = f"{rows:,} rows up to {window['until']['value']} were taken from {query.connection}"
    if nowhere:
        said += f"; {nowhere:,} rows have no {query.watermark} and are in no batch"
    done = Draft(Kind.QUERY_FETCHED, "ingest", said, {**window, "rows": rows, "unmarked": nowhere})

    def decision(state: State) -> Draft | None:
        open_window = state.get("window")
        return done if open_window and open_window["batch_id"] == window["batch_id"] else None

    ledger.decide(subject, decision)
    return Queried(dataset.name, window["batch_id"], rows, str(window["until"]["value"]), nowhere)


def _require_sensitive(raw: Reading, dataset: DatasetSpec) -> None:
    if absent := lacking(raw.frame.columns, dataset):
        raise DeclarationError(
            f"The query gives no columns of these names, which are declared sensitive: {shown_names(absent)}.",
            where=f"dataset {dataset.name}: query",
            allowed=shown_names(list(map(str, raw.frame.columns))),
            mend="Select them under these names, or declare the names that they have: nothing was written.",
        )


def _begun(
    ledger: Ledger, subject: str, connection: sa.Connection, query: Query, now: datetime | None
) -> dict[str, Any] | None:
    """Return the recorded bounds of the batch to ask for; ``None`` when nothing is new.

    Bounds that follow a watermark which another fetch has moved meanwhile are not recorded, but made anew: they would
    ask for its rows a second time.
    """
    while True:
        state = ledger.dataset(subject.partition("/")[2])
        if (window := state.get("window")) is not None:
            return dict(window)
        bounds = next_window(connection, query, state.get("watermark"), now)
        if bounds is None:
            return None
        draft = Draft(Kind.QUERY_BEGUN, "ingest", f"rows up to {bounds['until']['value']} are asked for", bounds)
        ledger.decide(subject, partial(_if_still_follows, draft))


def _if_still_follows(draft: Draft, state: State) -> Draft | None:
    moved = state.get("watermark") != draft.evidence["since"]
    return None if state.get("window") or moved else draft
