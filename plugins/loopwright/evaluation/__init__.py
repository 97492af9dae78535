"""Metrics, intervals and the gate's judgement: arrays in, answers out; no lake, no ledger, no MLflow.

What must stay true: the same arrays and the same seed give the same answer on every machine, and data that cannot
tell (few rows, one class) is answered with ``inconclusive``, never with a crash and never with a pass.
"""

from __future__ import annotations

from loopwright.evaluation.comparison import speaks_against
from loopwright.evaluation.estimates import Interval
from loopwright.evaluation.gate import Beside, judge, judge_live
from loopwright.evaluation.intervals import interval, paired_difference
from loopwright.evaluation.metrics import metric_value
from loopwright.evaluation.predicted import Predicted
from loopwright.evaluation.unseen import Seen, Unseen

__all__ = [
    "Beside",
    "Interval",
    "Predicted",
    "Seen",
    "Unseen",
    "interval",
    "judge",
    "judge_live",
    "metric_value",
    "paired_difference",
    "speaks_against",
]
