"""What a column looks like, and whether it still looks so: effects, noise floors, null rates, unseen levels.

First storey: frames in, frozen results out; it knows neither lake nor ledger. Evidently measures the distances
(:mod:`loopwright.profiling.evidently` alone knows its API); the decision is ours and pure.
"""

from __future__ import annotations

from loopwright.profiling.decision import BatchDrift, judge_columns
from loopwright.profiling.drift import compare
from loopwright.profiling.findings import ColumnDrift, Measure
from loopwright.profiling.sample import sampled

__all__ = ["BatchDrift", "ColumnDrift", "Measure", "compare", "judge_columns", "sampled"]
