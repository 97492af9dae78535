"""Parts of the holdout, one by one, and two questions that are not the same.

"No slice is worse" is asked of each at full confidence: all must pass, so a correction would only make it easier to
be let through (an intersection-union test: Berger, 1982). "Some slice is harmed" is found in any of them, so the
more are looked at the surer each must be: Holm (1979).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from loopwright.evaluation.asking import codes
from loopwright.evaluation.bootstrap import Resampling
from loopwright.evaluation.intervals import estimate
from loopwright.verdict import Check, Outcome

if TYPE_CHECKING:
    from loopwright.declaration.gate import Slices
    from loopwright.evaluation.asking import Asking
    from loopwright.evaluation.estimates import Estimate
    from loopwright.evaluation.predicted import Array, Predicted

MOST = 200
"""Slices judged at the most, the largest first: what has more values is no way to cut a holdout."""
SHOWN = 50
"""Slices written into a check, the worst first; the report shows as many."""
_DISTINCT = 20
"""Numbers with more distinct values are cut at their quartiles."""


@dataclass(frozen=True)
class Slice:
    """Some rows of the holdout.

    :param name: such as ``origin=JFK``.
    :param rows: a mask.
    """

    name: str
    rows: Array

    @property
    def n(self) -> int:
        """How many rows it has."""
        return int(self.rows.sum())


def slices_of(declared: Slices, columns: Mapping[str, Array]) -> list[Slice]:
    """Return the declared slices, the largest first, too small ones included.

    :param declared: columns and crosses.
    :param columns: the values of each, by name.
    """
    found: list[Slice] = []
    for names in [*([name] for name in declared.columns), *declared.crosses]:
        found += _cut(names, columns)
    return sorted(found, key=lambda s: -s.n)


def slice_checks(asking: Asking, champion: Predicted | None) -> tuple[Check, ...]:
    """Ask both questions of the declared slices.

    :param champion: its answers for the same rows; without one there is nothing to be worse than.
    """
    declared = asking.gate.slices
    if declared is None:
        return ()
    every = slices_of(declared, asking.columns)
    judged = [s for s in every if s.n >= declared.minimum_rows][:MOST]
    names = ("slices:non_inferior", "slices:harmed")
    small = {"minimum_rows": declared.minimum_rows, "too_small": len(every) - len(judged)}
    if champion is None or not judged:
        why = "there is no champion to compare with" if champion is None else "no slice has rows enough"
        outcome = Outcome.NOT_APPLICABLE if champion is None else Outcome.INCONCLUSIVE
        rows = [{"slice": s.name, "n": s.n, **_alone(asking, s)} for s in judged[:SHOWN]]
        observed = {"slices": rows, **small}
        return tuple(Check(name, outcome, why, observed, n=len(judged), required=declared.required) for name in names)
    margin = asking.gate.champion.margin if declared.margin is None else declared.margin
    gains = [asking.gain_over(champion, s.rows) for s in judged]
    return (
        _non_inferior(asking, judged, gains, margin, small),
        _harmed(asking, judged, gains, margin, small),
    )


def _non_inferior(
    asking: Asking,
    judged: Sequence[Slice],
    gains: Sequence[Estimate],
    margin: float,
    small: Mapping[str, int],
) -> Check:
    rows: list[dict[str, Any]] = []
    for part, gain in zip(judged, gains, strict=True):
        bounds = gain.at(asking.confidence)
        outcome = Outcome.INCONCLUSIVE
        if bounds.known:
            outcome = Outcome.PASS if bounds.low >= -margin else outcome
            outcome = Outcome.FAIL if bounds.high < -margin else outcome
        rows.append({"slice": part.name, **bounds.to_dict(), "outcome": outcome.value, **_alone(asking, part)})
    worst = [row for row in rows if row["outcome"] == Outcome.FAIL.value]
    unsure = [row for row in rows if row["outcome"] == Outcome.INCONCLUSIVE.value]
    rows.sort(key=lambda row: (row["point"] is None, row["point"]))
    outcome = Outcome.FAIL if worst else Outcome.INCONCLUSIVE if unsure else Outcome.PASS
    why = f"of {len(rows)} slices {len(worst)} are worse by more than {margin:g} in {asking.gate.primary}"
    why += f", and {len(unsure)} may or may not be" if unsure else ""
    why += f"; the worst is {rows[0]['slice']}: {rows[0]['point']:+.4g}" if rows[0]["point"] is not None else ""
    asked = {"margin": margin, "confidence": asking.confidence, "metric": asking.gate.primary}
    observed = {"slices": rows[:SHOWN], **small}
    required = bool(asking.gate.slices and asking.gate.slices.required)
    return Check("slices:non_inferior", outcome, why, observed, asked, len(rows), required)


def _harmed(
    asking: Asking, judged: Sequence[Slice], gains: Sequence[Estimate], margin: float, small: Mapping[str, int]
) -> Check:
    chances = [gain.chance_of_at_least(-margin) if gain.known else 1.0 for gain in gains]
    corrected = holm(chances)
    alpha = 1 - asking.confidence
    rows = [
        {"slice": s.name, "n": s.n, "point": g.point if np.isfinite(g.point) else None, "p": p, "corrected": c}
        for s, g, p, c in zip(judged, gains, chances, corrected, strict=True)
    ]
    rows.sort(key=lambda row: float(row["corrected"]))  # type: ignore[arg-type]
    harmed = [row for row in rows if float(row["corrected"]) <= alpha]  # type: ignore[arg-type]
    required = bool(asking.gate.slices and asking.gate.slices.required)
    asked = {"margin": margin, "alpha": alpha, "correction": "Holm"}
    observed = {"slices": rows[:SHOWN], **small}
    if harmed:
        named = ", ".join(f"{row['slice']} ({row['point']:+.4g}, {row['n']} rows)" for row in harmed[:3])
        more = f" and {len(harmed) - 3} more" if len(harmed) > 3 else ""
        why = f"harmed beyond {margin:g}, corrected for looking at {len(rows)} slices: {named}{more}"
        return Check("slices:harmed", Outcome.FAIL, why, observed, asked, len(rows), required)
    why = f"of {len(rows)} slices none is shown to be harmed beyond {margin:g}"
    return Check("slices:harmed", Outcome.PASS, why, observed, asked, len(rows), required)


def holm(chances: Sequence[float]) -> list[float]:
    """Return p-values corrected so that any false alarm among them is as rare as one alone would be.

    :param chances: p-values, in any order.
    :return: in the same order, none above 1. Holm (1979).
    """
    order = np.argsort(chances, kind="stable")
    steps = np.asarray(chances)[order] * (len(chances) - np.arange(len(chances)))
    corrected = np.empty(len(chances))
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return [float(p) for p in corrected]


def _alone(asking: Asking, part: Slice) -> dict[str, float | None]:
    found = estimate(asking.gate.primary, asking.truth[part.rows], asking.candidate.take(part.rows), Resampling(100))
    return {"candidate": found.point if np.isfinite(found.point) else None}


def _cut(names: Sequence[str], columns: Mapping[str, Array]) -> Iterator[Slice]:
    labels = [_labelled(columns[name]) for name in names]
    coded = np.stack([codes(label) for label in labels])
    _, first, part = np.unique(coded, axis=1, return_index=True, return_inverse=True)
    part = part.ravel()
    for number, row in enumerate(first):
        said = " and ".join(f"{name}={label[row]}" for name, label in zip(names, labels, strict=True))
        yield Slice(said, part == number)


def _labelled(values: Array) -> Array:
    """Return what a person would call each value: the value, its quartile, or that it is missing."""
    import pandas as pd

    column = pd.Series(values)
    if pd.api.types.is_numeric_dtype(column) and column.nunique() > _DISTINCT:
        column = pd.qcut(column.astype(float), 4, duplicates="drop")
    named = column.astype(object).where(column.notna(), "missing")
    return np.asarray([str(value) for value in named], dtype=object)
