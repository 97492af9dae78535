"""Whether a column still looks as it did at training: its values, its null rate, its levels.

Each column answers as many questions as it can; one without values to compare is never "no drift".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loopwright.profiling import floors
from loopwright.profiling.columns import COMPARED, MINIMUM_ROWS, Sides, sides
from loopwright.profiling.effects import cohens_h, unseen_share
from loopwright.profiling.evidently import METHODS, distances
from loopwright.profiling.findings import ColumnDrift, Measure
from loopwright.verdict import Outcome

if TYPE_CHECKING:
    import pandas as pd

FALSE_ALARM = 0.01
"""Chance that a batch without any drift shows so much as one drifted column, shared out over all its questions."""
MEASURES = 3
NULLS_FACTOR = 2
"""Null rates move by themselves more than shapes do: at a threshold of 0.1, from 2 % to 6 % or 20 % to 29 % counts."""
NULLS_MOVE = 0.25
"""Cohen's h grows without measure at the ends: beside it a null rate must move, in share of rows, by this much of the
threshold (0.025 at 0.1), or a column that was never empty would alarm at its first missing value in a hundred."""
UNSEEN_SHARE = 0.01
"""A value in a hundred that the model has never seen is a finding, whatever the distances say."""
_NO_LONGER_ITSELF = {
    "gone": "the column is gone",
    "retyped": "the column holds numbers on one side and something else on the other",
}
_NOT_COMPARED = {
    "empty": "has no values on at least one side: its shape cannot be compared",
    "constant": "holds one and the same value on both sides: there is no shape to compare",
    "few": f"has fewer than {MINIMUM_ROWS} values on at least one side: too few to judge its shape",
    "scattered": "has so many and so rare levels that their shares cannot be compared",
    "time": "is a time, which moves on by itself: its values are not compared",
}


def compare(
    reference: pd.DataFrame, current: pd.DataFrame, *, threshold: float, worth: Mapping[str, int] | None = None
) -> tuple[ColumnDrift, ...]:
    """Compare every column of the reference with today's.

    :param reference: the reference sample: features and predictions as they were at training.
    :param current: today's sample, the same columns.
    :param threshold: effect size from which a column's values count as drifted.
    :param worth: column to the number of rows that its reference is worth, where values were drawn more than once.
    :return: a result for each column of the reference, in its order.
    """
    columns = [sides(str(column), reference, current) for column in reference.columns]
    measured = distances([side for side in columns if side.kind in COMPARED])
    alpha = FALSE_ALARM / (MEASURES * max(1, len(columns)))
    asks = _Asks(threshold, alpha, worth or {})
    return tuple(_judged(side, measured.get(side.column), asks) for side in columns)


@dataclass(frozen=True)
class _Asks:
    """What is asked of every column alike."""

    threshold: float
    alpha: float
    worth: Mapping[str, int]

    def rows(self, side: Sides, there: int) -> int:
        """Return how many rows the reference is worth, of those that are there."""
        return max(1, min(there, self.worth.get(side.column, there)))


def _judged(side: Sides, distance: float | None, asks: _Asks) -> ColumnDrift:
    if side.kind in _NO_LONGER_ITSELF:
        why = _NO_LONGER_ITSELF[side.kind]
        found = Measure("identity", "presence and type", 1.0, None, 1.0, Outcome.FAIL, why)
        return ColumnDrift(side.column, side.kind, Outcome.FAIL, True, f"{side.column}: {why}", side.rows, (found,))
    measures = [_nulls(side, asks)] if min(side.rows) else []
    if distance is not None:
        measures.insert(0, _values(side, distance, asks))
    if side.levels is not None:
        measures.append(_unseen(side, *side.levels, asks))
    outcome = _outcome(side, measures)
    why = _why(side, measures, outcome)
    comparable = side.kind in COMPARED or outcome is Outcome.FAIL
    return ColumnDrift(side.column, side.kind, outcome, comparable, why, side.rows, tuple(measures))


def _outcome(side: Sides, measures: list[Measure]) -> Outcome:
    outcomes = {measure.outcome for measure in measures}
    if Outcome.FAIL in outcomes:
        return Outcome.FAIL
    if side.kind == "time" and outcomes == {Outcome.PASS}:
        return Outcome.NOT_APPLICABLE
    if Outcome.INCONCLUSIVE in outcomes or side.kind not in COMPARED:
        return Outcome.INCONCLUSIVE
    return Outcome.PASS


def _why(side: Sides, measures: list[Measure], outcome: Outcome) -> str:
    made = [measure.why for measure in measures if measure.outcome is outcome]
    if side.kind in _NOT_COMPARED and outcome is not Outcome.FAIL:
        made = [_NOT_COMPARED[side.kind]]
    return f"{side.column}: {'; '.join(made)}"


def _values(side: Sides, distance: float, asks: _Asks) -> Measure:
    n, m = asks.rows(side, len(side.reference)), len(side.current)
    if side.kind == "number":
        floor = floors.wasserstein_floor(side.reference.to_numpy(dtype=np.float64), n, m, asks.alpha)
        said = f"the values moved by {distance:.3g} standard deviations"
    else:
        levels = len(set(side.reference.unique()) | set(side.current.unique()))
        floor = floors.jensen_shannon_floor(max(2, levels), n, m, asks.alpha)
        said = f"the levels' shares moved by a Jensen–Shannon distance of {distance:.3g}"
    return Measure.of("values", METHODS[side.kind], distance, floor, asks.threshold, said)


def _nulls(side: Sides, asks: _Asks) -> Measure:
    before, after = side.nulls
    floor = floors.proportion_floor(asks.rows(side, side.rows[0]), side.rows[1], asks.alpha)
    lower = min(before, after)
    least = cohens_h(lower, min(1.0, lower + NULLS_MOVE * asks.threshold))
    threshold = max(NULLS_FACTOR * asks.threshold, least)
    said = f"missing values went from {before:.1%} to {after:.1%}, an effect of {cohens_h(before, after):.3g}"
    return Measure.of("nulls", "cohens_h", cohens_h(before, after), floor, threshold, said)


def _unseen(side: Sides, before: pd.Series, after: pd.Series, asks: _Asks) -> Measure:
    counts = before.value_counts()
    share = unseen_share(set(counts.index), after.tolist())
    singletons, n = int((counts == 1).sum()), asks.rows(side, len(before))
    floor = floors.unseen_floor(singletons, n, len(after), asks.alpha)
    # A column of many rare levels always brings new ones: twice what it brings anyway is asked for.
    threshold = max(UNSEEN_SHARE, 2 * floors.missing_mass(singletons, n))
    said = f"{share:.1%} of the values are levels never seen in the reference"
    return Measure.of("unseen", "share", share, floor, threshold, said)
