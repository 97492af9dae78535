"""A suite asked of a batch where it is: by one scan, and by Great Expectations for whatever is not compiled.

What must stay true: every expectation is answered, by the one or the other, in the suite's order; Great Expectations
is imported, and its columns are loaded, only if it has something to answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from loopwright.stages.ingest.judging.failing import FailingRows
from loopwright.stages.ingest.judging.gx_results import answer_of, bounded, plain
from loopwright.stages.ingest.judging.judgement import Judgement
from loopwright.stages.ingest.judging.scan.answering import answered, numbers_of
from loopwright.stages.ingest.judging.scan.compiling import compiled

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.stages.ingest.judging.answers import ExpectationResult
    from loopwright.stages.ingest.judging.scan.question import Found
    from loopwright.stages.ingest.judging.scan.source import Source
    from loopwright.stages.ingest.judging.suite import Expectation, Suite

Load = Callable[[Sequence[str] | None], "pd.DataFrame"]
"""Columns of a batch as a frame, indexed by row number; ``None`` for all of them."""


def judge_in_place(source: Source, suite: Suite, load: Load) -> Judgement:
    """Ask a suite of a batch that need not be in memory.

    :param source: the cleaned batch.
    :param suite: what is expected.
    :param load: gives Great Expectations the columns that it needs.
    :raises DeclarationError: if the suite asks what Great Expectations does not know.
    """
    questions = [compiled(expectation, source.columns) for expectation in suite.expectations]
    rows, found = answered(source, questions)
    left = [place for place, answer in enumerate(found) if answer is None]
    others = _left_to_great_expectations(suite, left, source, load)
    answers: list[ExpectationResult] = []
    results: list[Any] = []
    failing = FailingRows()
    for place, (name, expectation, answer) in enumerate(zip(suite.names(), suite.expectations, found, strict=True)):
        if answer is None:
            said, result, rows_failing = others[place]
        else:
            result = _in_their_shape(expectation, answer)
            said = answer_of(name, expectation, result, "scan")
            rows_failing = numbers_of(source, answer)
        answers.append(said)
        results.append(bounded(result))
        if not said.success and rows_failing is not None:
            failing |= FailingRows({name: rows_failing})
    return Judgement(tuple(answers), tuple(results), rows, failing)


def _left_to_great_expectations(
    suite: Suite, left: Sequence[int], source: Source, load: Load
) -> dict[int, tuple[ExpectationResult, Any, Any]]:
    if not left:
        return {}
    from loopwright.stages.ingest.judging.gx import judge  # seconds of import, and the columns in memory

    asked = [suite.expectations[place] for place in left]
    judged = judge(load(_needed(asked, source)), suite, only=left)
    sources = judged.failing.sources
    told = zip(left, judged.expectations, judged.results, strict=True)
    return {place: (answer, result, sources.get(answer.name)) for place, answer, result in told}


def _needed(asked: Sequence[Expectation], source: Source) -> list[str] | None:
    """Return the columns that expectations are about; ``None`` where that cannot be told, or is the whole table."""
    needed: list[str] = []
    for expectation in asked:
        named = expectation.columns
        if not named or expectation.kwargs.get("row_condition"):
            return None
        needed += [name for name in named if name in source.columns]
    return list(dict.fromkeys(needed))


def _in_their_shape(expectation: Expectation, answer: Found) -> dict[str, Any]:
    config = {
        "type": expectation.type,
        "kwargs": expectation.kwargs,
        "severity": expectation.severity,
        "meta": expectation.meta,
    }
    nothing = {"raised_exception": False, "exception_traceback": None, "exception_message": None}
    shaped: dict[str, Any] = plain(
        {
            "success": answer.success,
            "expectation_config": config,
            "result": answer.result,
            "meta": {},
            "exception_info": nothing,
        }
    )
    return shaped
