"""Results in Great Expectations' shape, which is not imported: made plain and bounded, and read into answers."""

from __future__ import annotations

import datetime as dt
import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from loopwright.errors import shown
from loopwright.stages.ingest.judging.answers import Engine, ExpectationResult

if TYPE_CHECKING:
    from loopwright.stages.ingest.judging.suite import Expectation

MAX_RESULT = 100_000
"""Characters of one result that a report keeps: an observed value may list every distinct value of a column."""


def answer_of(name: str, expectation: Expectation, result: dict[str, Any], engine: Engine) -> ExpectationResult:
    """Return what a result says.

    :param name: the expectation's, unique in its suite.
    :param expectation: as it was asked.
    :param result: plain, in Great Expectations' shape.
    :param engine: whose it is.
    """
    found = result.get("result") or {}
    return ExpectationResult(
        name=name,
        type=expectation.type,
        kwargs=plain(expectation.kwargs),
        severity=expectation.severity,
        success=bool(result["success"]),
        engine=engine,
        by_row="element_count" in found,
        element_count=found.get("element_count"),
        missing_count=found.get("missing_count"),
        unexpected_count=found.get("unexpected_count"),
        observed=_observed(found.get("observed_value")),
        raised=_raised(result.get("exception_info") or {}),
        description=expectation.description,
    )


def bounded(result: dict[str, Any]) -> dict[str, Any]:
    """Return a result that a report can keep.

    :param result: plain.
    """
    if len(json.dumps(result)) <= MAX_RESULT:
        return result
    kept = {key: value for key, value in result["result"].items() if isinstance(value, int | float | None)}
    return {**result, "result": {**kept, "cut": f"longer than {MAX_RESULT} characters"}}


def plain(value: Any) -> Any:
    """Return JSON values only: what is not finite becomes null, what JSON does not know becomes text."""
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(inner) for inner in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dt.datetime):
        return value.isoformat()
    return value if value is None or isinstance(value, str | int | bool) else str(value)


def _raised(info: dict[str, Any]) -> str | None:
    """Return what went wrong in asking; the engine nests it by metric when the metric raised."""
    one = info if "raised_exception" in info else next((one for one in info.values() if isinstance(one, dict)), {})
    if not one.get("raised_exception"):
        return None
    return str(one.get("exception_message") or "no reason given").strip().splitlines()[0]


def _observed(value: Any) -> Any:
    return shown(json.dumps(value)) if isinstance(value, list | dict | str) else value
