"""How sure a metric is, of one model and of the paired difference of two: for each the interval that is known to hold.

Shares of rows, means of losses and areas under the curve have intervals in closed form that hold in small samples
too, and that no seed can move; the paired bootstrap answers for every other metric, and wherever rows come in groups.
Why which, and how well each holds: docs/adr/0008, measured by ``benchmarks/gate.py``.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from loopwright.declaration.metrics import metric as named
from loopwright.evaluation.bootstrap import Resampling, bootstrapped
from loopwright.evaluation.delong import area, area_gained, at_the_edge, same_order, unseen_to_differ
from loopwright.evaluation.estimates import Estimate, Interval, exactly, unknown
from loopwright.evaluation.means import METHOD, mean, unseen_elsewhere
from loopwright.evaluation.metrics import Prepared, gain, prepared
from loopwright.evaluation.own import Own
from loopwright.evaluation.proportions import paired_share, share
from loopwright.evaluation.ranking import RocAuc
from loopwright.evaluation.sums import Mean, RootMean, Share

if TYPE_CHECKING:
    from loopwright.evaluation.predicted import Array, Predicted

MINIMUM_ROWS = 30
"""Below so many rows no interval is given: what is known of its coverage does not reach so far down."""
MINIMUM_PER_CLASS = 10
"""The same for each class, where a metric is about telling two classes apart; where rows come in groups, of groups."""
MINIMUM_GROUPS = 20
"""The same for groups, where rows come in groups: fewer say too little of how groups differ."""


def interval(
    name: str,
    truth: Array,
    predicted: Predicted,
    *,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
    groups: Array | None = None,
) -> Interval:
    """Return a metric with its bounds.

    :param name: a declared metric's name.
    :param truth: the true classes or values, none missing.
    :param predicted: the answers for the same rows.
    :param confidence: one-sided confidence of each bound.
    :param resamples: bootstrap resamples, where there is no closed form.
    :param seed: of the resampling.
    :param groups: a code from 0 on for each row's group; left out where rows are independent.
    """
    return estimate(name, truth, predicted, Resampling(resamples, seed, groups)).at(confidence)


def paired_difference(
    name: str,
    truth: Array,
    candidate: Predicted,
    champion: Predicted,
    *,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
    groups: Array | None = None,
) -> Interval:
    """Return how much better the candidate is on the same rows, with bounds.

    :param name: a declared metric's name.
    :param truth: the true classes or values, none missing.
    :param candidate: its answers for these rows.
    :param champion: its answers for the same rows.
    :param confidence: one-sided confidence of each bound.
    :param resamples: bootstrap resamples, where there is no closed form.
    :param seed: of the resampling.
    :param groups: a code from 0 on for each row's group; left out where rows are independent.
    :return: positive where the candidate is better, whatever the metric's direction.
    """
    return difference(name, truth, candidate, champion, Resampling(resamples, seed, groups)).at(confidence)


def estimate(name: str, truth: Array, predicted: Predicted, resampling: Resampling) -> Estimate:
    """Return a metric and its uncertainty.

    :param name: a declared metric's name.
    :param truth: the true classes or values, none missing.
    :param predicted: the answers for the same rows.
    :param resampling: how rows are drawn where there is no closed form; its groups, where rows come in groups.
    """
    n = len(truth)
    if n == 0:
        return unknown(math.nan, 0)
    value = prepared(name, truth, predicted)
    point = float(value(np.ones((1, n)))[0])
    if lacking(name, truth, resampling.groups) or not math.isfinite(point):
        return unknown(point, n)
    if resampling.groups is None and (exact := _in_closed_form(value)):
        return exact
    found = bootstrapped(value, point, value.influence(), resampling, _units(name, truth, resampling))
    if found.error == 0 and point in (0.0, 1.0) and name in _SHARES:
        few = _missable(name, truth, resampling.groups)
        return Estimate(point, 0.0, n, found.method, lambda confidence: at_the_edge(point, few, confidence))
    if found.error == 0 and isinstance(value, Own):
        return unseen_elsewhere(point, _counted(truth, resampling.groups), n, value.span, found.method)
    return found


def difference(name: str, truth: Array, candidate: Predicted, champion: Predicted, resampling: Resampling) -> Estimate:
    """Return how much better the candidate is on the same rows, and how uncertain that is.

    :param name: a declared metric's name.
    :param truth: the true classes or values, none missing.
    :param candidate: its answers for these rows.
    :param champion: its answers for the same rows.
    :param resampling: how rows are drawn where there is no closed form; its groups, where rows come in groups.
    :return: positive where the candidate is better, whatever the metric's direction.
    """
    n = len(truth)
    if n == 0:
        return unknown(math.nan, 0)
    ours, theirs = prepared(name, truth, candidate), prepared(name, truth, champion)
    same = isinstance(ours, Own) and _identical(candidate, champion)
    found, lacks = exactly(0.0, n, METHOD) if same else None, lacking(name, truth, resampling.groups)
    if found is None and resampling.groups is None and not lacks:
        found = _gained_in_closed_form(name, ours, theirs)
    point = found.point if found else float(gain(name, ours(np.ones((1, n))) - theirs(np.ones((1, n))))[0])
    if lacks or not math.isfinite(point):
        return unknown(point, n)
    if found:
        return found
    found = bootstrapped_difference(name, truth, ours, theirs, resampling)
    if found.error == 0 and name in _SHARES and not _same(name, candidate, champion):
        return unseen_to_differ(point, _missable(name, truth, resampling.groups), n, found.method)
    if found.error == 0 and isinstance(ours, Own) and isinstance(theirs, Own):
        return unseen_elsewhere(point, _counted(truth, resampling.groups), n, _apart(ours, theirs), found.method)
    return found


def bootstrapped_difference(
    name: str, truth: Array, ours: Prepared, theirs: Prepared, resampling: Resampling
) -> Estimate:
    """Return the paired bootstrap's answer, whether or not there is a closed form.

    :param name: a declared metric's name.
    :param truth: the true classes or values.
    :param ours: the candidate's metric.
    :param theirs: the champion's, over the same rows.
    :param resampling: how rows are drawn.
    """
    one = np.ones((1, len(truth)))
    point = float(gain(name, ours(one) - theirs(one))[0])
    pushes = gain(name, ours.influence() - theirs.influence())
    if isinstance(ours, RocAuc) and resampling.groups is None:
        strata = ours.positive.astype(int)
        resampling = Resampling(resampling.resamples, resampling.seed, strata=strata)
    units = _units(name, truth, resampling)
    return bootstrapped(lambda w: gain(name, ours(w) - theirs(w)), point, pushes, resampling, units, paired=True)


def surely_lost(name: str, before: Interval, now: Interval) -> float:
    """Return the least that a metric lost from one set of rows to another, at the confidence of the latter's bounds.

    The distances of both estimates to their bounds add as squares, so that neither is taken for exact. Source: Zou &
    Donner (2008), "Construction of confidence intervals about effect measures".

    :param name: a declared metric's name.
    :param before: its value on the one; without bounds it counts as exact, for nothing better is known.
    :param now: its value on the other, independent of the first.
    :return: negative where chance could explain the loss.
    """
    lost = gain(name, before.point) - gain(name, now.point)
    worst_before = min(gain(name, before.low), gain(name, before.high))
    best_now = max(gain(name, now.low), gain(name, now.high))
    normal = NormalDist()
    scale = normal.inv_cdf(now.confidence) / normal.inv_cdf(before.confidence)
    ours = scale * (gain(name, before.point) - worst_before) if before.known else 0.0
    return float(lost - math.hypot(ours, best_now - gain(name, now.point)))


def lacking(name: str, truth: Array, groups: Array | None = None) -> str | None:
    """Say why some rows are too few for an interval of a metric; ``None`` when they are enough.

    :param name: a declared metric's name.
    :param truth: the true classes or values.
    :param groups: each row's group, where rows come in groups.
    """
    if short := too_few(truth, groups):
        return short
    if named(name).tasks != frozenset({"binary_classification"}) and name not in _BY_CLASS:
        return None
    if len(np.unique(truth)) < 2:
        return "the labelled rows hold one class only"
    if (few := _rarest(truth, groups)) < MINIMUM_PER_CLASS:
        what = "rows" if groups is None else "groups of rows"
        return f"the rarer class has {few} {what}, fewer than the {MINIMUM_PER_CLASS} an interval needs"
    return None


def too_few(truth: Array, groups: Array | None = None) -> str | None:
    """Say why some rows, or the groups they come in, are too few for any interval; ``None`` when they are enough.

    :param truth: the true classes or values.
    :param groups: each row's group, where rows come in groups.
    """
    if len(truth) < MINIMUM_ROWS:
        return f"{len(truth)} labelled rows are fewer than the {MINIMUM_ROWS} an interval needs"
    if groups is not None and (found := len(np.unique(groups))) < MINIMUM_GROUPS:
        return f"the rows come in {found} groups, fewer than the {MINIMUM_GROUPS} an interval needs"
    return None


_BY_CLASS = {"balanced_accuracy", "f1_macro"}
"""Means over the classes: each class weighs the same, so they are no surer than the rarest one."""

_SHARES = {"roc_auc", "average_precision", "accuracy", "balanced_accuracy", "f1", "f1_macro", "precision", "recall"}
"""Metrics that end at 0 and 1: a bootstrap of none wrong says "surely none"."""


def _in_closed_form(value: Prepared) -> Estimate | None:
    if isinstance(value, Share):
        return share(float(value.hits.sum()), int(value.among.sum()))
    if isinstance(value, Mean):
        return mean(value.values, value.span if isinstance(value, Own) else None)
    if isinstance(value, RocAuc):
        return area(value.positive, value.score)
    if isinstance(value, RootMean):
        return _rooted(mean(value.squares))
    return None


def _gained_in_closed_form(name: str, ours: Prepared, theirs: Prepared) -> Estimate | None:
    if isinstance(ours, Share) and isinstance(theirs, Share) and (ours.among == theirs.among).all():
        won, lost = int((ours.hits & ~theirs.hits).sum()), int((theirs.hits & ~ours.hits).sum())
        return paired_share(won, lost, int(ours.among.sum()))
    if isinstance(ours, Own) and isinstance(theirs, Own):
        return mean(gain(name, ours.values - theirs.values), _apart(ours, theirs))
    if isinstance(ours, Mean) and isinstance(theirs, Mean):
        return mean(gain(name, ours.values - theirs.values))
    if isinstance(ours, RocAuc) and isinstance(theirs, RocAuc) and 0 < ours.positive.sum() < len(ours.positive):
        return area_gained(ours.positive, ours.score, theirs.score)
    return None


def _apart(ours: Own, theirs: Own) -> tuple[float, float]:
    """Return how far apart two models may be on a row, either way."""
    reach = max(ours.span[1], theirs.span[1]) - min(ours.span[0], theirs.span[0])
    return -reach, reach


def _identical(ours: Predicted, theirs: Predicted) -> bool:
    """Tell whether two models gave the very same answers."""
    if (ours.score is None) != (theirs.score is None) or not np.array_equal(ours.label, theirs.label):
        return False
    return ours.score is None or np.array_equal(ours.score, theirs.score)  # type: ignore[arg-type]


def _rooted(squares: Estimate) -> Estimate:
    """Return the root of a mean: bounds go through what rises everywhere."""
    root = math.sqrt(squares.point)
    bounds = squares.bounds

    def rooted(confidence: float) -> tuple[float, float]:
        low, high = bounds(confidence)  # type: ignore[misc]
        return math.sqrt(max(low, 0.0)), math.sqrt(max(high, 0.0))

    error = squares.error / (2 * root) if root else 0.0
    return Estimate(root, error, squares.n, squares.method, rooted if bounds else None)


def _units(name: str, truth: Array, resampling: Resampling) -> int | None:
    """Return what an interval really rests on: of a metric about two classes, the rows of the rarer one."""
    if named(name).tasks != frozenset({"binary_classification"}):
        return None
    return _rarest(truth, resampling.groups)


def _same(name: str, ours: Predicted, theirs: Predicted) -> bool:
    """Tell whether two models answer alike as far as a metric can see, and not only come out alike."""
    if ours.score is None or theirs.score is None:
        return False
    if ours.score.shape == theirs.score.shape and (ours.score == theirs.score).all():
        return True
    return named(name).needs == "score" and ours.score.ndim == 1 and same_order(ours.score, theirs.score)


def _missable(name: str, truth: Array, groups: Array | None) -> int:
    """Return among how many rows (groups of rows) an error would have shown that none of them shows."""
    return _counted(truth, groups) if name == "accuracy" else _rarest(truth, groups)


def _counted(truth: Array, groups: Array | None) -> int:
    """Return how many rows there are; groups, where rows come in groups."""
    return len(truth) if groups is None else len(np.unique(groups))


def _rarest(truth: Array, groups: Array | None) -> int:
    """Return the rows of the rarer class; where rows come in groups, the groups that have any of it."""
    classes = np.unique(truth)
    if groups is None:
        return min(int((truth == c).sum()) for c in classes)
    return min(len(np.unique(groups[truth == c])) for c in classes)
