"""How differently a classifier treats groups of people: fairlearn's metrics, with intervals.

A group's *selection rate* is the share that the model says the second class of; its true and false positive rates are
that share among those who are of that class, and who are not. A difference is that between the largest and the
smallest rate, a ratio is the smallest over the largest; equalised odds takes the worse of both rates. The names and the
definitions are fairlearn's (0.13), to which a test holds these; they are computed here because a bootstrap needs them
under a thousand weights at once. Source: Agarwal et al. (2018); Hardt, Price & Srebro (2016).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from loopwright.evaluation.asking import codes
from loopwright.evaluation.bootstrap import Resampling, bootstrapped
from loopwright.evaluation.estimates import Estimate, unknown
from loopwright.evaluation.metrics import positive_class
from loopwright.evaluation.sums import Sums
from loopwright.evaluation.thresholds import bounded
from loopwright.verdict import Check, Outcome

if TYPE_CHECKING:
    from loopwright.evaluation.asking import Asking
    from loopwright.evaluation.predicted import Array

_RATES = {"demographic_parity": (0,), "equal_opportunity": (1,), "equalized_odds": (1, 2)}
"""Which of selection rate, true positive rate, false positive rate."""


def fairness_checks(asking: Asking) -> tuple[Check, ...]:
    """Hold the declared sensitive columns to their limits."""
    declared = asking.gate.fairness
    if declared is None:
        return ()
    positive = positive_class(asking.truth, asking.candidate)
    truth, selected = asking.truth == positive, asking.candidate.label == positive
    checks = []
    for column in declared.columns:
        group, names, small = _groups(asking.columns[column], declared.minimum_rows)
        rows = group >= 0
        for metric, bound in declared.limits.items():
            name = f"fairness:{metric}:{column}"
            if len(names) < 2:
                why = f"fewer than two groups of {column} have {declared.minimum_rows} rows"
                asked = bound.model_dump(exclude_none=True)
                checks.append(Check(name, Outcome.INCONCLUSIVE, why, None, asked, len(rows), declared.required))
                continue
            found = disparity(metric, truth[rows], selected[rows], group[rows], asking.resampling, rows)
            said = f"{metric.replace('_', ' ')} between {column}: {', '.join(names[:8])}"
            checks.append(
                bounded(name, said, found.at(asking.confidence), bound, required=declared.required, more=small)
            )
    return tuple(checks)


def disparity(
    metric: str, truth: Array, selected: Array, group: Array, resampling: Resampling, rows: Array | None = None
) -> Estimate:
    """Return a fairness metric and its uncertainty.

    :param metric: fairlearn's name.
    :param truth: who is of the second class, shape ``(n,)``.
    :param selected: who is said to be.
    :param group: a code from 0 on for each row's group.
    :param resampling: how rows are drawn.
    :param rows: which rows of the holdout these are, where rows come in groups that depend on each other.
    """
    kind, _, how = metric.rpartition("_")
    value = _disparity(truth, selected, group, _RATES[kind], ratio=how == "ratio")
    point = float(value(np.ones((1, len(truth))))[0])
    if not np.isfinite(point):
        return unknown(point, len(truth))
    together = resampling.groups
    if together is not None and rows is not None:
        together = codes(together[rows])
    if together is not None and len(np.unique(together)) < 2:
        return unknown(point, len(truth))
    drawn = Resampling(resampling.resamples, resampling.seed, together)
    return bootstrapped(value, point, value.influence(), drawn)


def _disparity(truth: Array, selected: Array, group: Array, rates: Sequence[int], *, ratio: bool) -> Sums:
    among = [np.ones(len(truth), dtype=bool), truth, ~truth]
    size = int(group.max()) + 1
    parts = [
        np.column_stack([selected & asked & (group == g), asked & (group == g)])
        for asked in (among[rate] for rate in rates)
        for g in range(size)
    ]

    def finish(sums: Array) -> Array:
        counted = sums.reshape(len(sums), len(rates), size, 2)
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = counted[..., 0] / counted[..., 1]
            low, high = shares.min(axis=2), shares.max(axis=2)
            if ratio:
                found: Array = np.where(high > 0, low / high, np.nan).min(axis=1)
            else:
                found = (high - low).max(axis=1)
        return found

    return Sums(np.hstack(parts).astype(float), finish)


def _groups(values: Array, minimum: int) -> tuple[Array, list[str], dict[str, int]]:
    """Return each row's group, -1 for those too small to be judged; the names of the others, and who was left out."""
    import pandas as pd

    column = pd.Series(values).astype(object)
    named = column.where(column.notna(), "missing").astype(str)
    counts = named.value_counts()
    kept = sorted(counts[counts >= minimum].index)
    group = named.map({name: number for number, name in enumerate(kept)}).fillna(-1).to_numpy(dtype=int)
    return group, kept, {str(name): int(n) for name, n in counts[counts < minimum].items()}
