"""What every question of the gate is asked with: rows, the candidate's answers, how sure to be; each metric once."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from loopwright.evaluation.bootstrap import Resampling
from loopwright.evaluation.intervals import difference, estimate
from loopwright.evaluation.looks import confidence_of

if TYPE_CHECKING:
    from loopwright.declaration.gate import Gate
    from loopwright.evaluation.estimates import Estimate, Interval
    from loopwright.evaluation.predicted import Array, Predicted


MOST_DRAWN = 10_000
"""Resamples of a slice at the most, for each look would double them; what is rarer is left to Student's t."""


@dataclass(frozen=True)
class Asking:
    """A candidate whose answers are usable.

    :param gate: as declared.
    :param candidate: its answers for the holdout's labelled rows.
    :param truth: of the same rows.
    :param columns: of the same rows: what slices, groups and fairness are made of, by name.
    :param before: the confidences that this holdout was asked with before.
    :param seed: of the bootstrap.
    :param named: of columns about people, the values that checks may name.
    """

    gate: Gate
    candidate: Predicted
    truth: Array
    columns: Mapping[str, Array] = field(default_factory=dict)
    before: Sequence[float] = ()
    seed: int = 0
    named: Mapping[str, Collection[Any]] = field(default_factory=dict)
    _known: dict[str, Estimate] = field(default_factory=dict, repr=False)

    @cached_property
    def confidence(self) -> float:
        """One-sided, of every bound: the declared one, or more where the holdout was asked before."""
        return confidence_of(self.gate.champion, self.before)

    @cached_property
    def resampling(self) -> Resampling:
        """How rows are drawn; in groups where they are declared to come in groups."""
        groups = codes(self.columns[self.gate.groups]) if self.gate.groups else None
        return Resampling(self.gate.resamples, self.seed, groups)

    def interval(self, name: str) -> Interval:
        """Return a metric of the candidate with its bounds."""
        if name not in self._known:
            self._known[name] = estimate(name, self.truth, self.candidate, self.resampling)
        return self._known[name].at(self.confidence)

    def gain_over(
        self, other: Predicted, rows: Array | None = None, metric: str | None = None, among: int = 1
    ) -> Estimate:
        """Return how much better the candidate is than another, on all rows or on some.

        :param other: its answers for the same rows.
        :param rows: which of them, as a mask.
        :param metric: in what; the primary metric when left out.
        :param among: how many such questions one answer is corrected for.
        """
        name = metric or self.gate.primary
        if rows is None:
            return difference(name, self.truth, self.candidate, other, self.resampling)
        part = self.resampled(rows, among)
        return difference(name, self.truth[rows], self.candidate.take(rows), other.take(rows), part)

    def resampled(self, rows: Array, among: int = 1) -> Resampling:
        """Return how some rows alone are drawn: often enough to show what a correction asks, or as often as may be.

        :param rows: which, as a mask.
        :param among: how many such questions one answer is corrected for.
        """
        groups, enough = self.resampling.groups, math.ceil(among / (1 - self.confidence)) if among > 1 else 0
        times = max(self.gate.resamples, min(enough, MOST_DRAWN))
        return Resampling(times, self.seed, None if groups is None else codes(groups[rows]))


def codes(values: Array) -> Array:
    """Return a code from 0 on for each value; what is missing is a value of its own.

    :param values: of a column.
    """
    import pandas as pd

    try:
        found: Array = np.asarray(pd.factorize(values, use_na_sentinel=False)[0])
    except TypeError:  # lists and mappings have no hash, but they have a text
        found = np.asarray(pd.factorize(np.array([str(value) for value in values], dtype=object))[0])
    return found
