"""Evidently's distances, column by column: the one module that knows its API.

Two of its methods only: the Wasserstein distance for numbers, the Jensen–Shannon distance for a bounded set of levels.
Its ``chisquare`` takes the reference for exact and alarms on nothing, its ``psi`` ignores the bins it is asked for, and
a column without values kills its whole report: such columns never come here. The methods are asked for by themselves:
its ``Report`` draws each column while it measures it, which takes four times as long as the measuring, and is for the
page that people look at; both give the same number. Importing Evidently costs four seconds, so it is imported on use.
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
    return {side.column: _distance(side) for side in columns}


def html(columns: list[Sides]) -> str:
    """Return Evidently's report for people, about 4 MB of it, under the columns' own names.

    :param columns: as for :func:`distances`.
    """
    return str(_report({side.column: side for side in columns}).get_html_str(as_iframe=False))


def _distance(side: Sides) -> float:
    os.environ.setdefault("DO_NOT_TRACK", "1")
    from evidently.legacy.calculations import stattests
    from evidently.legacy.core import ColumnType

    method, kind = {
        "wasserstein": (stattests.wasserstein_stat_test, ColumnType.Numerical),
        "jensenshannon": (stattests.jensenshannon_stat_test, ColumnType.Categorical),
    }[METHODS[side.kind]]
    return float(method(side.reference, side.current, kind, None).drift_score)


def _report(asked: Mapping[str, Sides]) -> Any:
    """Return the report, ``ValueDrift`` per column: the preset measures every column three times."""
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
