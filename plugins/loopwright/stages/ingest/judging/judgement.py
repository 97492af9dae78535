"""What a suite came to on a batch, whichever engine answered which of its expectations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from loopwright.stages.ingest.judging.failing import FailingRows

if TYPE_CHECKING:
    from loopwright.stages.ingest.judging.answers import ExpectationResult
    from loopwright.verdict import Check


@dataclass(frozen=True)
class Judgement:
    """What a suite came to on a batch.

    :param expectations: an answer for each, in the suite's order.
    :param results: the results in Great Expectations' shape, in the same order, as plain JSON values.
    :param rows: of the batch.
    :param failing: the rows that fail an expectation that is put to each row and does not hold. Rows within what
        ``mostly`` allows fail nothing.
    """

    expectations: tuple[ExpectationResult, ...]
    results: tuple[Mapping[str, Any], ...]
    rows: int
    failing: FailingRows = field(default_factory=FailingRows)

    @property
    def checks(self) -> tuple[Check, ...]:
        """The answers as checks of a verdict."""
        return tuple(answer.check(self.rows) for answer in self.expectations)
