"""How far apart the rates of several groups are, with bounds: fairlearn's metrics, made of pairs of groups.

A group's *selection rate* is the share that the model says the second class of; its true and false positive rates are
that share among those who are of that class, and who are not. A difference is that between the largest and the
smallest rate, a ratio is the smallest over the largest; equalised odds takes the worse of both rates. The names and the
definitions are fairlearn's (0.13), to which a test holds these. Source: Agarwal et al. (2018); Hardt, Price & Srebro
(2016).

A largest difference has a kink wherever two groups are alike, and no bootstrap of it holds there. So every pair of
groups is asked by itself, with its sign: none is further apart than the limit where each is surely not (an
intersection-union test: Berger, 1982), each at full confidence. That some pair surely is, is found in any of them, so
the more there are the surer each must be (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from loopwright.evaluation.asking import codes
from loopwright.evaluation.bootstrap import METHOD_GROUPS, Resampling, from_draws
from loopwright.evaluation.estimates import Bounds, Estimate, unknown
from loopwright.evaluation.grouped import effective, leaving_out
from loopwright.evaluation.intervals import too_few
from loopwright.evaluation.proportions import share
from loopwright.evaluation.two_shares import apart, ratio

if TYPE_CHECKING:
    from loopwright.evaluation.predicted import Array

MINIMUM_PER_RATE = 10
"""Rows (groups of rows, where they come in groups) that each rate of each group rests on at the least."""
_ASKED: dict[str, tuple[str, ...]] = {
    "demographic_parity": ("selection",),
    "equal_opportunity": ("true positive",),
    "equalized_odds": ("true positive", "false positive"),
}
_Pair = tuple[int, int]


@dataclass(frozen=True)
class Rates:
    """The rates of some groups, as the sums that they are made of.

    :param metric: fairlearn's name.
    :param hits: who is selected, by unit, rate and group: shape ``(units, rates, groups)``.
    :param among: of whom, the same shape.
    :param n: rows.
    :param resampling: how units are drawn, where a unit is a group of rows; ``None`` where it is all rows at once.
    :param lacks: why they are too few for any bounds.
    """

    metric: str
    hits: Array
    among: Array
    n: int
    resampling: Resampling | None = None
    lacks: str | None = None

    @property
    def as_ratio(self) -> bool:
        """Whether the smallest rate over the largest is asked for, and not their difference."""
        return self.metric.endswith("_ratio")

    @property
    def asked(self) -> tuple[str, ...]:
        """The rates that the metric is made of, in words."""
        return _ASKED[self.metric.rpartition("_")[0]]

    @property
    def shares(self) -> Array:
        """Each rate of each group, shape ``(rates, groups)``; NaN where it rests on nobody."""
        with np.errstate(divide="ignore", invalid="ignore"):
            found: Array = self.hits.sum(axis=0) / self.among.sum(axis=0)
        return found

    @property
    def point(self) -> float:
        """The metric itself; NaN where a rate rests on nobody, or a ratio on nobody selected."""
        low, high = self.shares.min(axis=1), self.shares.max(axis=1)
        if not self.as_ratio:
            return float((high - low).max())
        with np.errstate(divide="ignore", invalid="ignore"):
            return float((low / high).min())

    def estimate(self) -> Estimate:
        """Return the metric and its uncertainty."""
        if self.lacks or not np.isfinite(self.point):
            return unknown(self.point, self.n)
        pairs = [pair for rate in range(len(self.shares)) for pair in self._pairs(rate)]
        furthest = (min if self.as_ratio else max)(pairs, key=lambda pair: pair.point)
        bounds = _worst_ratio(pairs) if self.as_ratio else _largest_difference(pairs)
        return Estimate(self.point, furthest.error, self.n, f"{furthest.method}, every pair", bounds)

    def of_group(self, rate: int, group: int) -> Estimate:
        """Return one rate of one group, by itself.

        :param rate: its place among :attr:`asked`.
        :param group: its code.
        """
        hits, among = self.hits[:, rate, group], self.among[:, rate, group]
        n, units = int(among.sum()), int((among > 0).sum())
        if self.lacks or not n:
            return unknown(float(self.shares[rate, group]), n)
        if self.resampling is None:
            return share(float(hits.sum()), n)
        point, pushes = float(self.shares[rate, group]), self._pushes(rate, group)
        if not pushes.any():
            return share(point * units, units)
        drawn = self._drawn[:, rate, group]
        return from_draws(drawn, point, pushes, n, units, METHOD_GROUPS, worth=effective(among))

    def _pairs(self, rate: int) -> list[Estimate]:
        """Return each pair's difference or ratio, the greater rate second in a ratio and first in a difference."""
        shares = self.shares[rate]
        found = []
        for one, other in combinations(range(len(shares)), 2):
            less, more = sorted((one, other), key=lambda group: float(shares[group]))
            if not self.as_ratio:
                found.append(self._pair(rate, (more, less), apart))
            elif shares[more] > 0:  # of two groups of whom nobody is selected there is no ratio
                found.append(self._pair(rate, (less, more), ratio))
        return found

    def _pair(self, rate: int, pair: _Pair, closed: Callable[[float, float, float, float], Estimate]) -> Estimate:
        of, to = pair
        if self.resampling is None:
            hits, among = self.hits[0, rate], self.among[0, rate]
            return closed(hits[of], among[of], hits[to], among[to])
        ours, theirs = self.shares[rate, of], self.shares[rate, to]
        pushes = self._pushes(rate, of) - self._pushes(rate, to)
        drawn_ours, drawn_theirs = self._drawn[:, rate, of], self._drawn[:, rate, to]
        drawn, point = drawn_ours - drawn_theirs, ours - theirs
        if self.as_ratio:
            pushes = (self._pushes(rate, of) - ours / theirs * self._pushes(rate, to)) / theirs
            with np.errstate(divide="ignore", invalid="ignore"):
                drawn, point = drawn_ours / drawn_theirs, ours / theirs
        units = [int((self.among[:, rate, group] > 0).sum()) for group in pair]
        if not pushes.any():  # none, or all, of each: as surely as so many groups of rows can tell
            return closed(ours * units[0], units[0], theirs * units[1], units[1])
        worth = min(effective(self.among[:, rate, group]) for group in pair)
        return from_draws(drawn, float(point), pushes, self.n, min(units), METHOD_GROUPS, worth=worth)

    def _pushes(self, rate: int, group: int) -> Array:
        """Return how much each unit pushes a rate: its own share of the sums, less what is expected of it."""
        hits, among = self.hits[:, rate, group], self.among[:, rate, group]
        pushes: Array = (hits - self.shares[rate, group] * among) / among.sum()
        return pushes if self.resampling is None else pushes * leaving_out(among)

    @cached_property
    def _drawn(self) -> Array:
        """Every rate of every group under each resample, drawn once for all pairs."""
        assert self.resampling is not None  # noqa: S101 - of rows by themselves no pair is drawn
        units, rates, groups = self.hits.shape
        sums = np.hstack([self.hits.reshape(units, -1), self.among.reshape(units, -1)])
        drawn = self.resampling.draws(lambda weights: weights @ sums, units)
        hits, among = np.split(drawn, 2, axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            shares: Array = (hits / among).reshape(-1, rates, groups)
        return shares


def rates_of(
    metric: str,
    truth: Array,
    selected: Array,
    group: Array,
    resampling: Resampling,
    names: Sequence[str] = (),
) -> Rates:
    """Count what a fairness metric is made of.

    :param metric: fairlearn's name.
    :param truth: who is of the second class, shape ``(n,)``.
    :param selected: who is said to be.
    :param group: a code from 0 on for each row's group.
    :param resampling: how rows are drawn, where they come in groups that depend on each other.
    :param names: of the groups, for people.
    """
    asked = _ASKED[metric.rpartition("_")[0]]
    together = resampling.groups
    unit = np.zeros(len(truth), dtype=int) if together is None else codes(together)
    size, units = int(group.max()) + 1, int(unit.max()) + 1
    of = {"selection": np.ones(len(truth), dtype=bool), "true positive": truth, "false positive": ~truth}
    cell = unit * size + group

    def counted(rows: Array) -> Array:
        return np.bincount(cell[rows], minlength=units * size).reshape(units, size)

    among = np.stack([counted(of[rate]) for rate in asked], axis=1)
    hits = np.stack([counted(of[rate] & selected) for rate in asked], axis=1)
    drawn = None if together is None else Resampling(resampling.resamples, resampling.seed)
    lacks = too_few(truth, together) or _sparse(among, asked, names, in_groups=together is not None)
    return Rates(metric, hits, among, len(truth), drawn, lacks)


def _sparse(among: Array, asked: Sequence[str], names: Sequence[str], *, in_groups: bool) -> str | None:
    """Say which rate of which group rests on too few."""
    counts = (among > 0).sum(axis=0) if in_groups else among.sum(axis=0)
    if counts.min() >= MINIMUM_PER_RATE:
        return None
    rate, group = divmod(int(counts.argmin()), counts.shape[1])
    name = names[group] if len(names) else f"group {group}"
    what = "groups of rows" if in_groups else "rows"
    return (
        f"the {asked[rate]} rate of {name} rests on {counts.min()} {what}, fewer than the {MINIMUM_PER_RATE}"
        " that it needs"
    )


def _largest_difference(pairs: Sequence[Estimate]) -> Bounds:
    def bounds(confidence: float) -> tuple[float, float]:
        surer = 1 - (1 - confidence) / len(pairs)
        low = max(pair.at(surer).low for pair in pairs)
        reached = [pair.at(confidence) for pair in pairs]
        return max(low, 0.0), max(max(pair.high, -pair.low) for pair in reached)

    return bounds


def _worst_ratio(pairs: Sequence[Estimate]) -> Bounds:
    def bounds(confidence: float) -> tuple[float, float]:
        surer = 1 - (1 - confidence) / len(pairs)
        high = min(pair.at(surer).high for pair in pairs)
        reached = [pair.at(confidence) for pair in pairs]
        return min(min(pair.low, 1 / max(pair.high, 1e-12)) for pair in reached), min(high, 1.0)

    return bounds
