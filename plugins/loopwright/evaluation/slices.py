"""Parts of the holdout, one by one, and two questions that are not the same.

"No slice is worse" is asked of each at full confidence: all must pass, so a correction would only make it easier to
be let through (an intersection-union test: Berger, 1982). "Some slice is harmed" is found in any of them, so the
more are looked at the surer each must be: Holm (1979).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from loopwright.errors import shown_names
from loopwright.evaluation.bootstrap import Resampling
from loopwright.evaluation.intervals import estimate
from loopwright.evaluation.slicing import Cut
from loopwright.verdict import Check, Outcome

if TYPE_CHECKING:
    from loopwright.evaluation.asking import Asking
    from loopwright.evaluation.estimates import Estimate
    from loopwright.evaluation.predicted import Predicted
    from loopwright.evaluation.slicing import Slice

_QUESTIONS = ("slices:non_inferior", "slices:harmed")
SHOWN = 50
"""Slices written into a check, the worst first; the report shows as many."""


def slice_checks(asking: Asking, champion: Predicted | None) -> tuple[Check, ...]:
    """Ask both questions of the declared slices.

    :param champion: its answers for the same rows; without one there is nothing to be worse than.
    """
    declared = asking.gate.slices
    if declared is None:
        return ()
    cut = Cut.of(declared, asking.columns, asking.named)
    if champion is None:
        why = f"there is no champion to compare with{cut.said()}"
        rows = [{"slice": part.name, "n": part.n, **_alone(asking, part)} for part in cut.judged[:SHOWN]]
        return tuple(
            _check(asking, name, Outcome.NOT_APPLICABLE, why, rows, cut, n=len(cut.judged)) for name in _QUESTIONS
        )
    many = len(cut.watched)  # the judged are the first of them
    gains = [asking.gain_over(champion, part.rows, among=many) for part in cut.watched]
    margin = asking.gate.champion.margin if declared.margin is None else declared.margin
    return (_non_inferior(asking, cut, gains[: len(cut.judged)], margin), _harmed(asking, cut, gains, margin))


def _non_inferior(asking: Asking, cut: Cut, gains: Sequence[Estimate], margin: float) -> Check:
    """Ask of each slice whether it is no worse; of one that is left out that is not known."""
    declared = asking.gate.slices
    assert declared is not None  # noqa: S101 - asked by the only caller
    rows: list[dict[str, Any]] = []
    for part, gain in zip(cut.judged, gains, strict=True):
        bounds = gain.at(asking.confidence)
        outcome = Outcome.INCONCLUSIVE
        if bounds.known:
            outcome = Outcome.PASS if bounds.low >= -margin else outcome
            outcome = Outcome.FAIL if bounds.high < -margin else outcome
        rows.append({"slice": part.name, **bounds.to_dict(), "outcome": outcome.value, **_alone(asking, part)})
    worst = [row for row in rows if row["outcome"] == Outcome.FAIL.value]
    unsure = [row for row in rows if row["outcome"] == Outcome.INCONCLUSIVE.value]
    rows.sort(key=lambda row: (row["point"] is None, row["point"]))
    missing = declared.required and cut.left_out > declared.left_out
    outcome = Outcome.FAIL if worst else Outcome.INCONCLUSIVE if unsure or missing or not rows else Outcome.PASS
    why = f"of {len(rows)} slices {len(worst)} are worse by more than {margin:g} in {asking.gate.primary}"
    if unsure:
        why += f", and {len(unsure)} may or may not be ({shown_names([row['slice'] for row in unsure], limit=3)})"
    why += f"; the least gained {_with_bounds(rows[0])}" if rows and rows[0]["point"] is not None else ""
    why += cut.said()
    if missing:
        why += f" (up to {cut.left_out:.2%} of the rows; gate.slices.left_out grants {declared.left_out:.2%})"
    asked = {"margin": margin, "confidence": asking.confidence, "metric": asking.gate.primary}
    return _check(asking, _QUESTIONS[0], outcome, why, rows[:SHOWN], cut, asked, len(rows))


def _with_bounds(row: Mapping[str, Any]) -> str:
    bounds = "" if row["low"] is None else f" ({row['low']:+.4g} to {row['high']:+.4g})"
    return f"{row['slice']}: {row['point']:+.4g}{bounds}"


def _harmed(asking: Asking, cut: Cut, gains: Sequence[Estimate], margin: float) -> Check:
    """Ask whether any slice is shown to be worse, in those as well that are too small to be shown not to be."""
    known = [(part, gain) for part, gain in zip(cut.watched, gains, strict=True) if gain.known]
    chances = [gain.chance_of_at_least(-margin) for _, gain in known]
    alpha = 1 - asking.confidence
    rows: list[dict[str, Any]] = [
        {"slice": part.name, "n": part.n, "point": gain.point, "p": chance, "corrected": corrected}
        for (part, gain), chance, corrected in zip(known, chances, holm(chances), strict=True)
    ]
    rows.sort(key=lambda row: row["corrected"])
    harmed = [row for row in rows if row["corrected"] <= alpha]
    untold = len(cut.watched) - len(known)
    asked = {"margin": margin, "alpha": alpha, "correction": "Holm"}
    if harmed:
        named = ", ".join(f"{row['slice']} ({row['point']:+.4g}, {row['n']} rows)" for row in harmed[:3])
        more = f" and {len(harmed) - 3} more" if len(harmed) > 3 else ""
        outcome = Outcome.FAIL
        why = f"harmed beyond {margin:g}, corrected for looking at {len(rows)} slices: {named}{more}"
    elif rows:
        outcome, why = Outcome.PASS, f"of {len(rows)} slices none is shown to be harmed beyond {margin:g}"
        why += f"; of {untold} more it cannot be told" if untold else ""
    else:
        outcome, why = Outcome.INCONCLUSIVE, f"no slice has rows enough to tell{cut.said()}"
    return _check(asking, _QUESTIONS[1], outcome, why, rows[:SHOWN], cut, asked, len(rows))


def _check(
    asking: Asking,
    name: str,
    outcome: Outcome,
    why: str,
    rows: Sequence[Mapping[str, Any]],
    cut: Cut,
    asked: Mapping[str, Any] | None = None,
    n: int | None = None,
) -> Check:
    required = bool(asking.gate.slices and asking.gate.slices.required)
    observed = {"slices": [dict(row) for row in rows], **cut.to_dict()}
    return Check(name, outcome, why, observed, asked, n, required)


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
