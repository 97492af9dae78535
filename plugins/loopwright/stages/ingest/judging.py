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
from dataclasses import dataclass
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
from loopwright.stages.ingest.suite import Suite, compiled
from loopwright.verdict import Check, Outcome

if TYPE_CHECKING:
    from loopwright.stages.ingest.suite import Expectation

MAX_RESULT = 100_000
"""Characters of one result that a report keeps: an observed value may list every distinct value of a column."""


@dataclass(frozen=True)
class Judgement:
    """What a suite came to on a frame.

    :param checks: one for each expectation, in the suite's order.
    :param results: Great Expectations' own results, in the same order, as plain JSON values.
    """

    checks: tuple[Check, ...]
    results: tuple[dict[str, Any], ...]


def judge(frame: pd.DataFrame, suite: Suite) -> Judgement:
    """Ask a suite of a frame.

    :param frame: the cleaned batch.
    :param suite: what is expected.
    :raises DeclarationError: if the suite asks what Great Expectations does not know.
    """
    if not suite.expectations:
        return Judgement((), ())
    fitted = [_fitted(expectation, frame) for expectation in suite.expectations]
    results = _results(frame, compiled(suite.model_copy(update={"expectations": fitted})))
    asked = zip(suite.names(), suite.expectations, results, strict=True)
    return Judgement(
        tuple(_check(name, expectation, result, len(frame)) for name, expectation, result in asked), tuple(results)
    )


def _results(frame: pd.DataFrame, expectations: list[Any]) -> list[dict[str, Any]]:
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
    for result in batch.validate(suite, result_format={"result_format": "BASIC"}).results:
        said = _plain(result.to_json_dict())
        found |= dict.fromkeys(result.expectation_config.meta["asked"], said)
    return [_bounded(found[number]) for number in range(len(expectations))]


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


def _check(name: str, expectation: Expectation, result: dict[str, Any], rows: int) -> Check:
    found = result.get("result") or {}
    return Check(
        name=name,
        outcome=Outcome.PASS if result["success"] else Outcome.FAIL,
        why=_why(name, expectation, result, rows),
        observed=_observed(found),
        asked=_plain(expectation.kwargs),
        n=found.get("element_count", rows),
        required=expectation.required,
    )


def _why(name: str, expectation: Expectation, result: dict[str, Any], rows: int) -> str:
    found = result.get("result") or {}
    purpose = f" ({shown(expectation.description)})" if expectation.description else ""
    if (raised := _raised(result.get("exception_info") or {})) is not None:
        return f"{name} could not be asked{purpose}: {shown(raised)}"
    asked = ", ".join(f"{key} {value}" for key, value in expectation.kwargs.items() if not key.startswith("column"))
    asked = f" of {shown(asked)}" if asked else ""
    if "unexpected_count" in found:
        count, of = found["unexpected_count"], found.get("element_count", rows)
        return f"{name}{purpose}: {count:,} of {of:,} values are outside what is expected{asked}"
    return f"{name}{purpose}: observed {shown(found.get('observed_value'))}, expected{asked}"


def _raised(info: dict[str, Any]) -> str | None:
    """Return what went wrong in asking; the engine nests it by metric when the metric raised."""
    one = info if "raised_exception" in info else next((one for one in info.values() if isinstance(one, dict)), {})
    if not one.get("raised_exception"):
        return None
    return str(one.get("exception_message") or "no reason given").strip().splitlines()[0]


def _observed(found: dict[str, Any]) -> Any:
    if "unexpected_count" in found:
        return {key: found.get(key) for key in ("unexpected_count", "unexpected_percent", "missing_count")}
    observed = found.get("observed_value")
    return shown(json.dumps(observed)) if isinstance(observed, list | dict | str) else observed


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
