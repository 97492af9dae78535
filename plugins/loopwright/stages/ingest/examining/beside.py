"""What of the other batches a batch's verdict rests on: the columns of the one before it, and of the newest.

A column is missed when the batches before had it, and digits are read as text where the newest batch has text. So a
batch that was set aside waits again, too, when those are others: the one before was corrected, or came only now.
Light, because listings ask for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from loopwright.declaration.loading import digest_of
from loopwright.ledger.state import place_in_time

if TYPE_CHECKING:
    from loopwright.ledger.state import DatasetState

Span = Mapping[str, str]


def columns_before(state: DatasetState, batch_id: str, span: Span | None, *, timed: bool) -> Mapping[str, str]:
    """Return columns and types of the published batch that comes before one, wherever in time this one comes.

    :param state: what the ledger knows of the dataset.
    :param batch_id: the batch that is judged.
    :param span: its event time, as it is recorded; ``None`` where there is none.
    :param timed: whether the dataset declares an event time.
    """
    return next(iter(_columns_before(state, batch_id, span, timed=timed)), {})


def settled_columns(state: DatasetState, batch_id: str, span: Span | None, *, timed: bool) -> tuple[str, ...]:
    """Return the columns that every batch is to have: those of the batch before one that were no novelty in it.

    A column that came with a single batch, by mistake perhaps, is not asked of the next; otherwise that batch, which
    was published, would bar the way to all that come after it as they always did.

    :param state: as for :func:`columns_before`, like the rest.
    """
    first, *second = _columns_before(state, batch_id, span, timed=timed)[:2] or [{}]
    return tuple(name for name in first if not second or name in second[0])


def _columns_before(state: DatasetState, batch_id: str, span: Span | None, *, timed: bool) -> list[Mapping[str, str]]:
    """Return columns and types of the published batches before one, the nearest first."""
    others = [batch for batch in state.published() if batch["batch_id"] != batch_id]
    if span or not timed:
        mine = place_in_time(span, batch_id)
        others = [batch for batch in others if place_in_time(batch["event_time"], batch["batch_id"]) < mine]
    return [batch.get("columns") or {} for batch in reversed(others)]


def newest_columns(state: DatasetState) -> Mapping[str, str]:
    """Return columns and types of the newest published batch; none before the first.

    :param state: what the ledger knows of the dataset.
    """
    published = state.published()
    return published[-1].get("columns") or {} if published else {}


def stood_beside(state: DatasetState, batch_id: str, span: Span | None, *, timed: bool) -> dict[str, Any]:
    """Return what a verdict rested on, as it is recorded with it: enough to ask whether it still is so.

    :param state: what the verdict was given on; otherwise as for :func:`columns_before`.
    """
    seen = [dict(columns) for columns in (columns_before(state, batch_id, span, timed=timed), newest_columns(state))]
    digest = digest_of([*seen, settled_columns(state, batch_id, span, timed=timed)])
    return {"event_time": dict(span) if span else None, "timed": timed, "digest": digest}


def stands_as_before(state: DatasetState, known: Mapping[str, Any]) -> bool:
    """Tell whether the other batches are, to a verdict that was given, what they were.

    :param state: what the ledger knows of the dataset now.
    :param known: the handled arrival, with the verdict's ``beside``; one recorded without it stands.
    """
    recorded = known.get("beside")
    if recorded is None:
        return True
    now = stood_beside(state, known["batch_id"], recorded["event_time"], timed=recorded["timed"])
    return bool(now["digest"] == recorded["digest"])
