"""Great Expectations judges a frame. This module alone knows its API; ``judge`` is all that others call.

Results become checks of our own, so that an upstream change breaks here and nowhere else. What must stay true: an
expectation that cannot be asked (its column is not there, its bounds are of another type) fails; it is never passed
over. Importing Great Expectations costs seconds: only a task that judges imports this module.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import os
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

os.environ.setdefault("GX_ANALYTICS_ENABLED", "False")  # read at import by the versions that report usage

import great_expectations as gx
import numpy as np
import pandas as pd
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from pandas.api.typing import NaTType

from loopwright.errors import shown
from loopwright.stages.ingest.answers import ExpectationResult
from loopwright.stages.ingest.failing import FailingRows, Numbers
from loopwright.stages.ingest.suite import Suite, compiled

if TYPE_CHECKING:
    from loopwright.stages.ingest.suite import Expectation
    from loopwright.verdict import Check

MAX_RESULT = 100_000
"""Characters of one result that a report keeps: an observed value may list every distinct value of a column."""


@dataclass(frozen=True)
class Judgement:
    """What a suite came to on a frame.

    :param expectations: an answer for each, in the suite's order.
    :param results: Great Expectations' own results, in the same order, as plain JSON values.
    :param rows: of the batch.
    :param failing: the rows that fail an expectation that is put to each row and does not hold. Rows within what
        ``mostly`` allows fail nothing.
    """

    expectations: tuple[ExpectationResult, ...]
    results: tuple[dict[str, Any], ...]
    rows: int
    failing: FailingRows = field(default_factory=FailingRows)

    @property
    def checks(self) -> tuple[Check, ...]:
        """The answers as checks of a verdict."""
        return tuple(answer.check(self.rows) for answer in self.expectations)


def judge(frame: pd.DataFrame, suite: Suite) -> Judgement:
    """Ask a suite of a frame.

    :param frame: the cleaned batch; its index labels are what failing rows are named by.
    :param suite: what is expected.
    :raises DeclarationError: if the suite asks what Great Expectations does not know.
    """
    if not suite.expectations:
        return Judgement((), (), len(frame))
    fitted = [_fitted(expectation, frame) for expectation in suite.expectations]
    results = _results(frame, compiled(suite.model_copy(update={"expectations": fitted})))
    asked = zip(suite.names(), suite.expectations, results, strict=True)
    answers = tuple(_answer(name, expectation, result) for name, expectation, result in asked)
    failing = {
        answer.name: partial(_rows_failing, frame, expectation)
        for answer, expectation in zip(answers, fitted, strict=True)
        if answer.by_row and not answer.success and answer.raised is None
    }
    return Judgement(answers, tuple(_bounded(result) for result in results), len(frame), FailingRows(failing))


def _rows_failing(frame: pd.DataFrame, expectation: Expectation) -> list[Numbers]:
    (result,) = _results(frame, compiled(Suite(expectations=[expectation])), "COMPLETE")
    return [np.sort(np.asarray(result["result"]["unexpected_index_list"], "int64"))]


def _results(frame: pd.DataFrame, expectations: list[Any], form: str = "BASIC") -> list[dict[str, Any]]:
    """Validate, and give the results in the order asked: the engine groups them, and keeps repeats only once."""
    context = gx.get_context(mode="ephemeral", project_config=_quiet())
    whole = context.data_sources.add_pandas("arrivals").add_dataframe_asset("batch")
    batch = whole.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": frame})
    suite = gx.ExpectationSuite(name="suite")
    first: dict[str, Any] = {}
    for number, expectation in enumerate(expectations):
        same = first.setdefault(_sense(expectation), expectation)
        if same is expectation:
            expectation.meta = {"asked": [number]}
            suite.add_expectation(expectation)
        else:
            same.meta["asked"].append(number)
    found: dict[int, dict[str, Any]] = {}
    for result in batch.validate(suite, result_format={"result_format": form}).results:
        said = _plain(result.to_json_dict())
        found |= dict.fromkeys(result.expectation_config.meta["asked"], said)
    return [found[number] for number in range(len(expectations))]


def _quiet() -> Any:
    """Return a configuration that keeps everything in memory, draws nothing and reports to nobody."""
    return DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(),
        progress_bars=ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )


def _sense(expectation: Any) -> str:
    """Return what the engine goes by when it takes two expectations for the same."""
    said = expectation.dict(exclude={"id", "rendered_content", "notes", "meta"})
    return f"{type(expectation).__name__} {sorted(said.items(), key=str)}"


def _fitted(expectation: Expectation, frame: pd.DataFrame) -> Expectation:
    """Return the expectation with bounds that can be compared: dates as YAML writes them, on a column of timestamps."""
    column = expectation.kwargs.get("column")
    if column not in frame or not pd.api.types.is_datetime64_any_dtype(frame[column]):
        return expectation
    zone = getattr(frame[column].dtype, "tz", None)
    bounds = {key: expectation.kwargs[key] for key in ("min_value", "max_value") if key in expectation.kwargs}
    moments = {key: _moment(bound, zone) for key, bound in bounds.items()}
    return expectation.model_copy(update={"kwargs": {**expectation.kwargs, **moments}})


def _moment(bound: Any, zone: Any) -> Any:
    if not isinstance(bound, str | dt.date):
        return bound
    moment = pd.to_datetime(bound, errors="coerce")
    if isinstance(moment, NaTType):
        return bound
    if zone is None:
        return (moment.tz_convert(None) if moment.tz else moment).to_pydatetime()
    return moment.tz_convert(zone) if moment.tz else moment.tz_localize(zone)


def _answer(name: str, expectation: Expectation, result: dict[str, Any]) -> ExpectationResult:
    found = result.get("result") or {}
    return ExpectationResult(
        name=name,
        type=expectation.type,
        kwargs=_plain(expectation.kwargs),
        severity=expectation.severity,
        success=bool(result["success"]),
        engine="great_expectations",
        by_row="element_count" in found,
        element_count=found.get("element_count"),
        missing_count=found.get("missing_count"),
        unexpected_count=found.get("unexpected_count"),
        observed=_observed(found.get("observed_value")),
        raised=_raised(result.get("exception_info") or {}),
        description=expectation.description,
    )


def _raised(info: dict[str, Any]) -> str | None:
    """Return what went wrong in asking; the engine nests it by metric when the metric raised."""
    one = info if "raised_exception" in info else next((one for one in info.values() if isinstance(one, dict)), {})
    if not one.get("raised_exception"):
        return None
    return str(one.get("exception_message") or "no reason given").strip().splitlines()[0]


def _observed(value: Any) -> Any:
    return shown(json.dumps(value)) if isinstance(value, list | dict | str) else value


def _bounded(result: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(result)) <= MAX_RESULT:
        return result
    kept = {key: value for key, value in result["result"].items() if isinstance(value, int | float | None)}
    return {**result, "result": {**kept, "cut": f"longer than {MAX_RESULT} characters"}}


def _plain(value: Any) -> Any:
    """Return JSON values only: what is not finite becomes null, what JSON does not know becomes text."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(inner) for inner in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int | bool) else str(value)
