"""Great Expectations judges a frame. This module alone knows its API; ``judge`` is all that others call.

Results become checks of our own, so that an upstream change breaks here and nowhere else. What must stay true: an
expectation that cannot be asked (its column is not there, its bounds are of another type) fails; it is never passed
over. Importing Great Expectations costs seconds: only a task that judges imports this module.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from dataclasses import replace
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

from loopwright.stages.ingest.judging.failing import FailingRows, Numbers
from loopwright.stages.ingest.judging.gx_results import answer_of, bounded, plain
from loopwright.stages.ingest.judging.judgement import Judgement
from loopwright.stages.ingest.judging.suite import Suite, compiled

if TYPE_CHECKING:
    from loopwright.stages.ingest.judging.suite import Expectation


def judge(frame: pd.DataFrame, suite: Suite, *, only: Sequence[int] | None = None) -> Judgement:
    """Ask a suite of a frame.

    :param frame: the cleaned batch; its index labels are what failing rows are named by.
    :param suite: what is expected.
    :param only: the places in the suite of the expectations to ask; ``None`` for all.
    :raises DeclarationError: if the suite asks what Great Expectations does not know.
    """
    places = range(len(suite.expectations)) if only is None else only
    if not places:
        return Judgement((), (), len(frame))
    names = [suite.names()[place] for place in places]
    asked = [suite.expectations[place] for place in places]
    fitted = [_fitted(expectation, frame) for expectation in asked]
    results = _results(frame, compiled(suite.model_copy(update={"expectations": fitted})))
    told = zip(names, asked, results, strict=True)
    answers = tuple(
        replace(answer_of(name, expectation, result, "great_expectations"), lacking=_lacking(frame, expectation))
        for name, expectation, result in told
    )
    failing = {
        answer.name: partial(_rows_failing, frame, expectation)
        for answer, expectation in zip(answers, fitted, strict=True)
        if answer.by_row and not answer.success and answer.raised is None
    }
    return Judgement(answers, tuple(bounded(result) for result in results), len(frame), FailingRows(failing))


def _lacking(frame: pd.DataFrame, expectation: Expectation) -> tuple[str, ...]:
    return tuple(name for name in expectation.columns if name not in frame)


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
        said = plain(result.to_json_dict())
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
