"""Evidently's distances, column by column: the one module that knows its API.

``ValueDrift`` per column, not the preset, which measures every column three times. Two methods only: the Wasserstein
distance for numbers, the Jensen–Shannon distance for a bounded set of levels. Its ``chisquare`` takes the reference
for exact and alarms on nothing, its ``psi`` ignores the bins it is asked for, and a column without values kills its
whole report: such columns never come here. Importing Evidently costs four seconds, so it is imported on use.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

if TYPE_CHECKING:
    from loopwright.profiling.columns import Sides

Method = Literal["wasserstein", "jensenshannon"]
METHODS: Mapping[str, Method] = {"number": "wasserstein", "category": "jensenshannon"}


def distances(columns: list[Sides]) -> dict[str, float]:
    """Return Evidently's distance of each column.

    :param columns: columns with values on both sides, of a kind that has a method.
    :return: column to distance; numbers in the reference's standard deviations, levels as natural-log distance.
    """
    if not columns:
        return {}
    # Positions stand in for names: a user's column may be called anything, and twice.
    asked = {f"c{position}": side for position, side in enumerate(columns)}
    measured = _run(asked).dict()["metrics"]
    values = {metric["config"]["column"]: float(metric["value"]) for metric in measured}
    return {side.column: values[name] for name, side in asked.items()}


def html(columns: list[Sides]) -> str:
    """Return Evidently's report for people, about 4 MB of it, under the columns' own names.

    :param columns: as for :func:`distances`.
    """
    return str(_run({side.column: side for side in columns}).get_html_str(as_iframe=False))


def _run(asked: Mapping[str, Sides]) -> Any:
    os.environ.setdefault("DO_NOT_TRACK", "1")
    from evidently import DataDefinition, Dataset, Report
    from evidently.metrics import ValueDrift

    definition = DataDefinition(
        numerical_columns=[name for name, side in asked.items() if side.kind == "number"],
        categorical_columns=[name for name, side in asked.items() if side.kind == "category"],
    )
    reference, current = (
        Dataset.from_pandas(_frame({name: getattr(side, which) for name, side in asked.items()}), definition)
        for which in ("reference", "current")
    )
    metrics = [ValueDrift(column=name, method=METHODS[side.kind]) for name, side in asked.items()]
    return Report(metrics).run(current_data=current, reference_data=reference)


def _frame(columns: Mapping[str, pd.Series]) -> pd.DataFrame:
    """Return columns of different lengths as one frame: missing values at the end, which Evidently leaves out."""
    return pd.DataFrame({name: values.reset_index(drop=True) for name, values in columns.items()})
