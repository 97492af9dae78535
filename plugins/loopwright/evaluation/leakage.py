"""Features that know too much: one that by itself tells the label has seen it, or something made from it.

A feature is asked alone: its values are put into bins, what half of the rows say of each bin predicts the other half,
and the other way round. So an identifier, with a value of its own for each row, says nothing, and no shape of the
relation is missed that bins can follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from loopwright.evaluation.asking import codes
from loopwright.evaluation.ranking import RocAuc
from loopwright.verdict import Check, Outcome

if TYPE_CHECKING:
    from loopwright.declaration.gate import Leakage
    from loopwright.evaluation.predicted import Array

ROWS = 5_000
"""Rows of the holdout asked at the most, evenly spaced."""
LEAST = 100
_BINS = 64
SHOWN = 20


def leakage_check(declared: Leakage, task: str, features: Mapping[str, Array], truth: Array) -> Check:
    """Ask whether a feature alone predicts the label too well.

    :param declared: what is too well, and which features may.
    :param task: as declared.
    :param features: the values of each feature, by name.
    :param truth: the labels of the same rows.
    """
    n = len(truth)
    if n < LEAST or len(np.unique(truth)) < 2 or not features:
        why = f"{n} labelled rows of the holdout are too few, or too much alike, to ask what one feature knows"
        return Check("leakage:alone", Outcome.NOT_APPLICABLE, why, n=n, required=False)
    chosen = np.unique(np.linspace(0, n - 1, min(n, ROWS)).astype(int))
    alone = {name: told_alone(task, values[chosen], truth[chosen]) for name, values in features.items()}
    best = dict(sorted(alone.items(), key=lambda item: -item[1])[:SHOWN])
    leaks = [name for name, value in alone.items() if value >= declared.alone and name not in declared.known]
    asked = {"less_than": declared.alone, "known": list(declared.known)}
    measure = {"binary_classification": "ROC AUC", "regression": "R²"}.get(task, "share of what guessing misses")
    if leaks:
        said = ", ".join(f"{name} ({alone[name]:.4g})" for name in leaks[:5])
        why = f"a feature alone predicts the label too well, as if it had seen it ({measure}): {said}"
        return Check("leakage:alone", Outcome.FAIL, why, best, asked, len(chosen))
    first = next(iter(best.items()))
    why = f"no feature alone predicts the label suspiciously well; the best is {first[0]} ({measure} {first[1]:.4g})"
    return Check("leakage:alone", Outcome.PASS, why, best, asked, len(chosen))


def told_alone(task: str, values: Array, truth: Array) -> float:
    """Return how well one feature predicts the label: ROC AUC, R², or the share of what guessing misses.

    :param task: as declared.
    :param values: of the feature.
    :param truth: the labels.
    :return: 1 is perfect; what says nothing is 0.5 for two classes, 0 or less otherwise.
    """
    part = _binned(values)
    even = np.arange(len(truth)) % 2 == 0
    if task == "regression":
        told = _crossed(part, np.asarray(truth, dtype=float), even)
        total = ((truth - truth.mean()) ** 2).sum()
        return float(1 - ((truth - told) ** 2).sum() / total) if total > 0 else 0.0
    classes = np.unique(truth)
    if task == "binary_classification":
        positive = truth == classes[-1]
        told = _crossed(part, positive.astype(float), even)
        sides = [RocAuc(positive[side], told[side])(np.ones((1, int(side.sum()))))[0] for side in (even, ~even)]
        return float(np.nanmean(sides))
    shares = np.stack([_crossed(part, (truth == c).astype(float), even) for c in classes])
    right = (classes[shares.argmax(axis=0)] == truth).mean()
    guessed = max((truth == c).mean() for c in classes)
    return float((right - guessed) / (1 - guessed)) if guessed < 1 else 0.0


def _binned(values: Array) -> Array:
    import pandas as pd

    column = pd.Series(values)
    if pd.api.types.is_numeric_dtype(column) and column.nunique() > _BINS:
        edges = np.unique(np.nanquantile(column.astype(float), np.linspace(0, 1, _BINS + 1)[1:-1]))
        found = np.searchsorted(edges, column.astype(float).to_numpy(dtype=float))
        return np.where(column.isna(), len(edges) + 1, found)
    return codes(np.asarray(column, dtype=object))


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
