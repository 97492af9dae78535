"""Features that know too much: one that by itself tells the label has seen it, or something made from it.

A feature is asked alone, in several ways, and the best counts. Its values are put into bins, and what half of the rows
say of each bin (their mean; of a number also a line) predicts the other half, and the other way round: so an
identifier, with a value of its own for each row, says nothing, and no shape is missed that bins can follow. Numbers are
asked by their order as well (Spearman's correlation, squared; the ROC AUC of the value as it is; the class of the
nearest value), for bins blur what few rows decide: the far end of a skewed label, or a rare class.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from loopwright.evaluation.asking import codes
from loopwright.evaluation.ranking import RocAuc
from loopwright.verdict import Check, Outcome

if TYPE_CHECKING:
    from loopwright.declaration.gate import Leakage
    from loopwright.evaluation.predicted import Array

ROWS = 5_000
"""Rows of the holdout asked at the most: all of a rare class, the others evenly spaced."""
LEAST, LEAST_RARE = 30, 5
"""Rows in all, and of the rarer of two classes: fewer are in order by chance too easily."""
_BINS = 64
_NUMBERS = 0.95
"""Share of a column's texts that are numbers from which it is taken for one."""
SHOWN = 20


def leakage_check(declared: Leakage, task: str, features: Mapping[str, Array], truth: Array) -> Check:
    """Ask whether a feature alone predicts the label too well.

    :param declared: what is too well, and which features may.
    :param task: as declared.
    :param features: the values of each feature, by name.
    :param truth: the labels of the same rows.
    """
    n, name = len(truth), "leakage:alone"
    asked_of = [feature for feature in features if feature not in declared.known]
    if lacks := _lacking(task, truth):
        if not asked_of:
            return Check(name, Outcome.NOT_APPLICABLE, "no feature is asked about", n=n, required=False)
        why = f"whether a feature alone tells the label cannot be told: {lacks}"
        return Check(name, Outcome.INCONCLUSIVE, why, n=n)
    chosen = _chosen(task, truth)
    alone = {feature: told_alone(task, values[chosen], truth[chosen]) for feature, values in features.items()}
    best = dict(sorted(alone.items(), key=lambda item: -item[1])[:SHOWN])
    leaks = [feature for feature in asked_of if alone[feature] >= declared.alone]
    asked = {"less_than": declared.alone, "known": list(declared.known)}
    measure = {"binary_classification": "ROC AUC", "regression": "R²"}.get(task, "share of what guessing misses")
    if leaks:
        said = ", ".join(f"{feature} ({alone[feature]:.4g})" for feature in leaks[:5])
        why = f"a feature alone predicts the label too well, as if it had seen it ({measure}): {said}"
        return Check(name, Outcome.FAIL, why, best, asked, len(chosen))
    first = next(iter(best.items()))
    why = f"no feature alone predicts the label suspiciously well; the best is {first[0]} ({measure} {first[1]:.4g})"
    return Check(name, Outcome.PASS, why, best, asked, len(chosen))


def told_alone(task: str, values: Array, truth: Array) -> float:
    """Return how well one feature predicts the label: ROC AUC, R², or the share of what guessing misses.

    :param task: as declared.
    :param values: of the feature.
    :param truth: the labels.
    :return: 1 is perfect; what says nothing is 0.5 for two classes, 0 or less otherwise.
    """
    numbers, part, even = _as_numbers(values), _binned(values), np.arange(len(truth)) % 2 == 0
    if task == "regression":
        return _explained(numbers, part, np.asarray(truth, dtype=float), even)
    classes = np.unique(truth)
    if task == "binary_classification":
        return _ordered(numbers, part, truth == classes[-1], even)
    return _named(numbers, part, truth, even)


def _lacking(task: str, truth: Array) -> str | None:
    """Return what keeps the question from being asked of these rows; ``None`` where nothing does."""
    if len(truth) < LEAST:
        return f"{len(truth)} labelled rows of {LEAST} that it takes"
    counts = np.unique(truth, return_counts=True)[1]
    if len(counts) < 2:
        return "all labels are the same"
    if task == "binary_classification" and counts.min() < LEAST_RARE:
        return f"{counts.min()} rows of the rarer class, of {LEAST_RARE} that it takes"
    return None


def _chosen(task: str, truth: Array) -> Array:
    """Return the rows that are asked: all, or evenly spaced ones; of two classes as many of each as there may be."""
    if task != "binary_classification":
        return _spaced(np.arange(len(truth)), ROWS)
    sides = sorted((np.flatnonzero(truth == c) for c in np.unique(truth)), key=len)
    rare = _spaced(sides[0], ROWS // 2)
    return np.sort(np.concatenate([rare, _spaced(sides[1], ROWS - len(rare))]))


def _spaced(rows: Array, most: int) -> Array:
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(int)]


def _explained(numbers: Array | None, part: Array, truth: Array, even: Array) -> float:
    """Return the share of a value's variance, or of its ranks' variance, that the feature explains."""
    total = ((truth - truth.mean()) ** 2).sum()
    if not total > 0:
        return 0.0
    told, ordered = [_crossed(part, truth, even)], 0.0
    if numbers is not None:
        told.append(_lined(part, numbers, truth, even))
        ordered = _in_order(numbers, truth)
    return max(ordered, *(float(1 - ((truth - one) ** 2).sum() / total) for one in told))


def _in_order(numbers: Array, truth: Array) -> float:
    """Return Spearman's correlation, squared; where one label is most rows', no more than among the others.

    To tell who pays nothing from who pays is not yet to tell how much.
    """
    known = np.isfinite(numbers)
    filled = np.where(known, numbers, numbers[known].min() - 1) if known.any() else np.zeros(len(numbers))
    values, counts = np.unique(truth, return_counts=True)
    parts = [np.ones(len(truth), dtype=bool)]
    if 2 * counts.max() > len(truth):
        parts.append(truth != values[counts.argmax()])
    return min(_correlated(_ranks(filled[rows]), _ranks(truth[rows])) for rows in parts)


def _correlated(one: Array, other: Array) -> float:
    """Return the squared correlation; 0 where fewer rows than it takes, or one that is constant, leave none."""
    if len(one) < LEAST_RARE or np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1]) ** 2


def _ordered(numbers: Array | None, part: Array, positive: Array, even: Array) -> float:
    """Return the area under the ROC curve of what a feature says of two classes."""
    told = _crossed(part, positive.astype(float), even)
    sides = [side for side in (even, ~even) if 0 < positive[side].sum() < side.sum()]
    best = float(np.mean([_area(positive[side], told[side]) for side in sides])) if sides else 0.5
    if numbers is None:
        return best
    for end in (-np.inf, np.inf):  # what is missing may be the sign of either class
        area = _area(positive, np.where(np.isnan(numbers), end, numbers))
        best = max(best, area, 1 - area)
    return best


def _named(numbers: Array | None, part: Array, truth: Array, even: Array) -> float:
    """Return the share of what guessing misses that a feature names rightly, among several classes."""
    classes, coded = np.unique(truth, return_inverse=True)
    guessed = max(np.bincount(coded)) / len(coded)
    shares = np.stack([_crossed(part, (coded == c).astype(float), even) for c in range(len(classes))])
    right = [(shares.argmax(axis=0) == coded).mean()]
    if numbers is not None:
        right.append((_nearest(numbers, coded, even) == coded).mean())
    return float((max(right) - guessed) / (1 - guessed))


def _area(positive: Array, score: Array) -> float:
    return float(RocAuc(positive, score)(np.ones((1, len(score))))[0])


def _ranks(values: Array) -> Array:
    """Return ranks, ties sharing theirs."""
    _, part, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    middle: Array = (last - (counts - 1) / 2)[part]
    return middle


def _as_numbers(values: Array) -> Array | None:
    """Return a column as floats where it has an order: numbers, times, texts that are numbers; else ``None``."""
    import pandas as pd

    column: pd.Series[Any] = pd.Series(values).infer_objects()
    if pd.api.types.is_datetime64_any_dtype(column):
        column = column - column.min()
    gaps = column.isna()
    if pd.api.types.is_timedelta64_dtype(column):
        column = column.fillna(pd.Timedelta(0)).astype("int64")
    try:
        found = pd.to_numeric(column, errors="coerce").astype(float).mask(gaps)
    except TypeError:  # lists, say
        return None
    if found.notna().sum() < max(_NUMBERS * column.notna().sum(), 1):
        return None
    return found.replace([np.inf, -np.inf], np.nan).to_numpy(dtype=float)


def _binned(values: Array) -> Array:
    """Return a code for each row's value, numbers with many values in bins; what is missing is a bin of its own."""
    numbers = _as_numbers(values)
    if numbers is None or len(np.unique(numbers[np.isfinite(numbers)])) <= _BINS:
        return codes(np.asarray(values, dtype=object))
    edges = np.unique(np.nanquantile(numbers, np.linspace(0, 1, _BINS + 1)[1:-1]))
    return np.where(np.isnan(numbers), len(edges) + 1, np.searchsorted(edges, numbers))


def _crossed(part: Array, values: Array, even: Array) -> Array:
    """Return for each row the mean of its bin over the other half; the mean of all where the bin has none."""
    told = np.full(len(values), values.mean())
    size = int(part.max()) + 1
    for learn, answer in ((even, ~even), (~even, even)):
        counts = np.bincount(part[learn], minlength=size)
        sums = np.bincount(part[learn], values[learn], minlength=size)
        means = np.divide(sums, counts, out=np.full(size, values.mean()), where=counts > 0)
        told[answer] = means[part[answer]]
    return told


def _lined(part: Array, numbers: Array, values: Array, even: Array) -> Array:
    """Return for each row what the line through its bin says, drawn by the other half; its mean where there is none."""
    told, size = _crossed(part, values, even), int(part.max()) + 1
    across = np.nan_to_num(numbers)  # what is missing has a bin of its own, and so no slope
    for learn, answer in ((even, ~even), (~even, even)):
        of = part[learn]
        counts = np.maximum(np.bincount(of, minlength=size), 1)
        middle = np.bincount(of, across[learn], minlength=size) / counts
        away = across - middle[part]
        spread = np.bincount(of, away[learn] ** 2, minlength=size)
        with_values = np.bincount(of, away[learn] * values[learn], minlength=size)
        slope = np.divide(with_values, spread, out=np.zeros(size), where=spread > 0)
        told[answer] += slope[part[answer]] * away[answer]
    return told


def _nearest(numbers: Array, coded: Array, even: Array) -> Array:
    """Return for each row the class of the nearest value in the other half; what is missing is nearest to itself."""
    filled = np.where(np.isnan(numbers), -np.inf, numbers)
    told = np.zeros(len(coded), dtype=int)
    for learn, answer in ((even, ~even), (~even, even)):
        rows = np.flatnonzero(learn)[np.argsort(filled[learn], kind="stable")]
        at = np.clip(np.searchsorted(filled[rows], filled[answer]), 1, len(rows) - 1)
        with np.errstate(invalid="ignore"):
            below = np.nan_to_num(filled[answer] - filled[rows[at - 1]], nan=0.0)
            above = np.nan_to_num(filled[rows[at]] - filled[answer], nan=0.0)
        told[answer] = coded[np.where(below <= above, rows[at - 1], rows[at])]
    return told
