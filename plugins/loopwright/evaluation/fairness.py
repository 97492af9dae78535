"""Whether a classifier treats groups of people alike: the declared limits, asked of the sensitive columns."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from loopwright.errors import shown_names
from loopwright.evaluation.disparity import rates_of
from loopwright.evaluation.metrics import positive_class
from loopwright.evaluation.naming import called
from loopwright.evaluation.thresholds import bounded
from loopwright.verdict import Check, Outcome

if TYPE_CHECKING:
    from loopwright.declaration.gate import Fairness
    from loopwright.evaluation.asking import Asking
    from loopwright.evaluation.disparity import Rates
    from loopwright.evaluation.predicted import Array

_SHOWN = 40
"""Groups of which a verdict keeps the rates, which is kept for ever."""


def fairness_checks(asking: Asking) -> tuple[Check, ...]:
    """Hold the declared sensitive columns to their limits."""
    declared = asking.gate.fairness
    if declared is None:
        return ()
    positive = positive_class(asking.truth, asking.candidate)
    truth, selected = asking.truth == positive, asking.candidate.label == positive
    checks = []
    for column in declared.columns:
        group, names, small = _groups(asking.columns[column], declared.minimum_rows, asking.named.get(column))
        rows = group >= 0
        for metric, bound in declared.limits.items():
            name = f"fairness:{metric}:{column}"
            if len(names) < 2:
                why = f"fewer than two groups of {column} have {declared.minimum_rows} rows"
                asked = bound.model_dump(exclude_none=True)
                check = Check(name, Outcome.INCONCLUSIVE, why, None, asked, len(rows), declared.required)
                checks.append(_left_open(check, declared, small, len(rows)))
                continue
            found = rates_of(metric, truth[rows], selected[rows], group[rows], asking.resampled(rows), names)
            interval, lacks = found.estimate().at(asking.confidence), found.lacks
            said = f"{metric.replace('_', ' ')} between {column}: {', '.join(names[:8])}"
            check = bounded(name, said, interval, bound, required=declared.required, lacking=lacks, more=small)
            check = replace(check, observed=check.observed | {"groups": _by_group(found, names, asking.confidence)})
            checks.append(_left_open(check, declared, small, len(rows)))
    return tuple(checks)


def _left_open(check: Check, declared: Fairness, small: Mapping[str, int], n: int) -> Check:
    """Name the groups that are left out; where fairness is required and they are more than granted, nothing is told."""
    if not small:
        return check
    share = sum(small.values()) / n
    groups = shown_names([f"{name} ({rows})" for name, rows in small.items()], 8)
    why = f"{check.why}; not judged, with fewer than {declared.minimum_rows} rows: {groups}"
    if not declared.required or share <= declared.left_out or check.outcome is not Outcome.PASS:
        return replace(check, why=why)
    why += f" ({share:.2%} of the rows; gate.fairness.left_out grants {declared.left_out:.2%})"
    return replace(check, why=why, outcome=Outcome.INCONCLUSIVE)


def _by_group(found: Rates, names: list[str], confidence: float) -> list[dict[str, Any]]:
    """Return each rate of each group with its bounds, the lowest first; of very many the lowest and the highest."""
    told = []
    for number, rate in enumerate(found.asked):
        known = sorted(
            ({"group": name, "rate": rate, **found.of_group(number, group).at(confidence).to_dict()}
             for group, name in enumerate(names)),
            key=lambda row: row["point"] if row["point"] is not None else -1.0,
        )  # fmt: skip
        told += known if len(known) <= _SHOWN else [*known[: _SHOWN // 2], *known[-_SHOWN // 2 :]]
    return told


def _groups(
    values: Array, minimum: int, called_so: Collection[Any] | None = None
) -> tuple[Array, list[str], dict[str, int]]:
    """Return each row's group, -1 for those too small to be judged; the names of the others, and who was left out."""
    import pandas as pd

    named = pd.Series(called(pd.Series(values).astype(object), called_so))
    counts = named.value_counts()
    kept = sorted(counts[counts >= minimum].index)
    group = named.map({name: number for number, name in enumerate(kept)}).fillna(-1).to_numpy(dtype=int)
    return group, kept, {str(name): int(n) for name, n in counts[counts < minimum].items()}
