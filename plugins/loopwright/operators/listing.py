"""What waits, as a list to map over: one task a batch, in order. Nothing waits: the rest of the run is skipped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.sdk.configuration import conf

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow.sdk import Context

    from loopwright.operators.base import StageOperator

    _Operator = StageOperator
else:
    _Operator = object  # a mixin: it stands before the operator that it is mixed into


@dataclass(frozen=True)
class Waiting:
    """Batches to do, oldest first.

    :param batch_ids: their ids.
    :param labelled: batches whose labels came in files of their own; ``None`` where these come with the rows.
    """

    batch_ids: tuple[str, ...]
    labelled: tuple[str, ...] | None = None

    @classmethod
    def of(cls, batch_ids: Iterable[str]) -> Waiting:
        """Return them in the given order."""
        return cls(tuple(batch_ids))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, bounded: the whole list is what the task returns."""
        labelled = {} if self.labelled is None else {"labelled": list(self.labelled[:100])}
        return {"waiting": len(self.batch_ids), "first": list(self.batch_ids[:20]), **labelled}


class ListsBatches(_Operator):
    """For operators whose result is :class:`Waiting`: they return the ids to map over."""

    inherits_from_skipmixin = True
    skips_when_nothing_waits = True
    """Whether the rest of the run is skipped then; else it sees an empty list."""

    def nothing_to_do(self, result: Waiting, context: Context) -> bool:  # noqa: ARG002 - some ask the context
        """Whether the rest of the run is to be skipped."""
        return not result.batch_ids and self.skips_when_nothing_waits

    def act(self, result: Waiting, context: Context) -> list[str]:
        """Return the ids, at most as many as Airflow maps over; what is left waits for the next run."""
        if self.nothing_to_do(result, context):
            self.skip_the_rest(context, "Nothing waits.")
        most = conf.getint("core", "max_map_length", fallback=1024)
        if len(result.batch_ids) > most:
            self.log.warning("%d batches wait; the first %d are done in this run.", len(result.batch_ids), most)
        return list(result.batch_ids[:most])
