"""Toy rides put straight into lake and ledger, for the tests of stages that come after ingest.

It leaves what ingest leaves (rows, then a ``batch_published`` event), without reading, cleaning or judging anything.
"""

from __future__ import annotations

import hashlib

import pandas as pd

from loopwright.declaration import Workspace
from loopwright.lake import Lake
from loopwright.ledger.events import Draft, Event, Kind
from loopwright.ledger.store import Ledger
from loopwright.verdict import Check, Outcome, Verdict
from support import toy as toys


def publish(toy: toys.Toy, *months: int, frame: pd.DataFrame | None = None, **law: object) -> list[str]:
    """Publish months of rides as batches ``2024-01`` and so on.

    :param toy: the project.
    :param months: which months, in the order of their publishing.
    :param frame: these rows instead of the law's.
    :param law: as for :func:`support.toy.rides`.
    :return: the batch ids.
    """
    ids = []
    for month in months:
        rows = toys.rides(month, **law) if frame is None else frame  # type: ignore[arg-type]
        ids.append(f"2024-{month:02d}")
        publish_frame(toy.workspace, "rides", ids[-1], rows, event_time="started_at")
    return ids


def publish_frame(
    workspace: Workspace, dataset: str, batch_id: str, frame: pd.DataFrame, *, event_time: str | None = None
) -> Event:
    """Publish one batch: its rows, then the event.

    :param event_time: the column that says when a row happened.
    """
    version = Lake.of(workspace).batches(dataset).replace(frame, batch_id)
    digest = content_digest(frame)
    check = Check("expectations", Outcome.PASS, "everything that was expected of it is so", n=len(frame))
    happened = frame[event_time].dropna() if event_time and len(frame) else None
    evidence = {
        "batch_id": batch_id,
        "signature": digest[:16],
        "arrival_digest": digest,
        "content_digest": digest,
        "rows": len(frame),
        "columns": {str(name): str(kind) for name, kind in frame.dtypes.items()},
        "data_version": version,
        "event_time": None
        if happened is None
        else {"min": happened.min().isoformat(), "max": happened.max().isoformat()},
        "verdict": Verdict("ingest", f"dataset/{dataset}", (check,)).to_dict(),
        "report": None,
        "cleaned": {},
    }
    draft = Draft(Kind.BATCH_PUBLISHED, "ingest", f"{len(frame)} rows published", evidence)
    return Ledger.of(workspace).record(f"dataset/{dataset}", draft)


def content_digest(frame: pd.DataFrame) -> str:
    """Return a digest of the rows."""
    hashed = pd.util.hash_pandas_object(frame.reset_index(drop=True), index=True).to_numpy()
    return hashlib.sha256(hashed.tobytes() + "|".join(map(str, frame.columns)).encode()).hexdigest()
