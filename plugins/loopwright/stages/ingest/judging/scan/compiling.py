"""Which expectations are compiled, and the one place that says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from loopwright.stages.ingest.judging.scan import asked_of_columns, asked_of_rows, asked_of_tables
from loopwright.stages.ingest.judging.scan.arguments import Arguments
from loopwright.stages.ingest.judging.scan.literals import NotCompiled

if TYPE_CHECKING:
    from loopwright.stages.ingest.judging.scan.columns import Column
    from loopwright.stages.ingest.judging.scan.question import Question
    from loopwright.stages.ingest.judging.suite import Expectation

_COMPILERS = {**asked_of_rows.COMPILERS, **asked_of_columns.COMPILERS, **asked_of_tables.COMPILERS}

COMPILED = tuple(sorted(_COMPILERS))
"""The names of the expectations that are compiled."""


def compiled(expectation: Expectation, columns: Mapping[str, Column]) -> Question | None:
    """Return an expectation as a question to the scan; ``None`` if it is for Great Expectations to answer.

    :param expectation: as the suite has it.
    :param columns: the batch's, in order.
    """
    if expectation.type not in _COMPILERS:
        return None
    compile_it, known = _COMPILERS[expectation.type]
    allowed = {*known, *(("mostly",) if expectation.type in asked_of_rows.COMPILERS else ())}
    if not set(expectation.kwargs) <= allowed:
        return None
    try:
        return compile_it(Arguments(expectation.kwargs, columns))
    except NotCompiled:
        return None
