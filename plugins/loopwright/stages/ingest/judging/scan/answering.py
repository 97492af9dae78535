"""One SELECT for nearly all questions; then what only matters when something is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np

from loopwright.stages.ingest.judging.scan.question import HEAVY, ROWS, Facts, Found, Question

if TYPE_CHECKING:
    from loopwright.stages.ingest.judging.failing import Numbers
    from loopwright.stages.ingest.judging.scan.columns import Column
    from loopwright.stages.ingest.judging.scan.source import Source

_PIECE = 32
"""Of how many of DuckDB's vectors, of 2,048 rows each, a piece of row numbers is made."""


@dataclass(frozen=True)
class Scan:
    """A source that is being scanned.

    :param source: what is scanned.
    :param connection: the DuckDB that does it.
    """

    source: Source
    connection: Any

    @property
    def relation(self) -> str:
        """What stands after FROM."""
        return self.source.relation

    @property
    def columns(self) -> Mapping[str, Column]:
        """The batch's columns, in order."""
        return self.source.columns

    def fetch(self, sql: str) -> list[tuple[Any, ...]]:
        """Return what a query gives."""
        found: list[tuple[Any, ...]] = self.connection.execute(sql).fetchall()
        return found


def answered(source: Source, questions: Sequence[Question | None]) -> tuple[int, list[Found | None]]:
    """Return how many rows there are, and the answers.

    :param source: the batch.
    :param questions: ``None`` where nothing is asked.
    :return: of the answers, ``None`` where nothing was asked, or where DuckDB would not say (a sum beyond its range).
    """
    with source.connected() as connection:
        scan = Scan(source, connection)
        try:
            facts = _facts(scan, [question for question in questions if question is not None])
        except duckdb.Error:  # one of them; each by itself, then
            facts = _facts(scan, [])
            return facts[ROWS], [_alone(scan, question) if question else None for question in questions]
        return facts[ROWS], [_answer(scan, question, facts) if question else None for question in questions]


def failing(source: Source, sql: str) -> Iterator[Numbers]:
    """Return the row numbers that a query gives, in pieces.

    :param source: the batch.
    :param sql: as a :class:`Found` has it.
    """
    with source.connected() as connection:
        found = connection.execute(sql)
        while len(piece := found.fetch_df_chunk(_PIECE)):
            yield piece.iloc[:, 0].to_numpy(np.int64)


def _alone(scan: Scan, question: Question) -> Found | None:
    try:
        return question.answer(_facts(scan, [question]), scan)
    except duckdb.Error:
        return None


def _answer(scan: Scan, question: Question, facts: Facts) -> Found | None:
    try:
        return question.answer(facts, scan)
    except duckdb.Error:
        return None


def _facts(scan: Scan, questions: Sequence[Question]) -> Facts:
    wanted = list(dict.fromkeys([ROWS, *(fact for question in questions for fact in question.facts)]))
    heavy = [fact for fact in wanted if fact.startswith(HEAVY)]
    together = [fact for fact in wanted if fact not in heavy]
    found: dict[str, Any] = {}
    for facts in [together, *([fact] for fact in heavy)]:
        (values,) = scan.fetch(f"SELECT {', '.join(facts)} FROM {scan.relation}")
        found |= zip(facts, values, strict=True)
    return found


def numbers_of(source: Source, found: Found) -> partial[Iterator[Numbers]] | None:
    """Return what gives the rows that an answer is about; ``None`` if it is about none."""
    return None if found.failing is None else partial(failing, source, found.failing)
