"""What goes with an arrival that another one of its name takes the place of: rows that nobody had decided about.

A mended file answers for them, and may well have them no more (ADR 6); so how many went is said, and who can look them
up, where people look: in the record and in the report.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from loopwright.stages.ingest.results import rows_counted

if TYPE_CHECKING:
    from loopwright.ledger.state import DatasetState


def undecided_before(state: DatasetState, batch_id: str, digest: str, owner: str) -> dict[str, Any] | None:
    """Return what an arrival supersedes that was set aside and nobody had decided about; ``None`` where nothing was.

    Of bytes that come again as they were, what they superseded when they came first.

    :param state: what was recorded of the dataset before.
    :param batch_id: the batch.
    :param digest: of the bytes that came.
    :param owner: of the dataset.
    """
    known = state.arrival(batch_id)
    if known is None:
        return None
    if known["digest"] == digest:
        told: dict[str, Any] | None = known.get("superseded")
        return told
    unread = known["status"] == "quarantined" and known.get("rows") is None and bool(known.get("held"))
    if not known.get("quarantined") and not unread:
        return None
    rows = None if unread else int(known["quarantined"])
    return {"rows": rows, "arrival_digest": known["digest"], "report": known["report"], "owner": owner}


def told_of(superseded: Mapping[str, Any]) -> str:
    """Return what to say of it, in one sentence without its end."""
    rows = rows_counted(superseded["rows"])
    return (
        f"{rows} of the arrival before, set aside and decided about by nobody, went with it: "
        f"{superseded['owner']} can look them up at the source"
    )
