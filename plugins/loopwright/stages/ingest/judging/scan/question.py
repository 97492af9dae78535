"""An expectation as SQL: what the one scan must find out for it, and how the answer follows from that.

Facts are aggregates over the whole batch. All questions' facts go into one scan, each only once. What only matters
when something is wrong (examples, how many rows repeat a key) is asked afterwards, and of the columns concerned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from loopwright.stages.ingest.judging.scan.columns import Column

SHOWN = 20
"""How many unexpected values a result holds, as Great Expectations has it by default."""

ROWS = "count(*)"
"""The fact that every scan has."""

HEAVY = ("count(DISTINCT", "median(")
"""How facts begin for which every value of a column is held. Each has a SELECT of its own, of that column alone:
together they would go to disk long before one by one."""

Facts = Mapping[str, Any]
"""What the scan found, by the SQL of the aggregate."""


class Asks(Protocol):
    """What can be asked after the scan."""

    @property
    def relation(self) -> str:
        """What stands after FROM."""

    @property
    def columns(self) -> Mapping[str, Column]:
        """The batch's columns, in order."""

    def fetch(self, sql: str) -> list[tuple[Any, ...]]:
        """Return what a query gives."""


@dataclass(frozen=True)
class Found:
    """The answer to a question.

    :param success: whether the expectation holds.
    :param result: in Great Expectations' shape.
    :param failing: a query for the numbers of the unexpected rows, ascending; ``None`` where rows are not asked.
    """

    success: bool
    result: Mapping[str, Any]
    failing: str | None = None


@dataclass(frozen=True)
class Question:
    """One expectation, compiled.

    :param facts: the aggregates it needs.
    :param answer: the answer, given the facts and whom to ask for more.
    """

    facts: Sequence[str]
    answer: Callable[[Facts, Asks], Found]
