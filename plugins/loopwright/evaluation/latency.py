"""How long answers take, beside the champion's: the best of a few turns, for everything else only adds to the clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loopwright.verdict import Check, Outcome

if TYPE_CHECKING:
    from loopwright.declaration.gate import Latency

ROWS, TURNS = 1_000, 5


@dataclass(frozen=True)
class Timing:
    """Seconds for the same rows.

    :param rows: how many.
    :param candidate: its best turn.
    :param champion: the champion's; ``None`` when there is none, or it could not answer.
    """

    rows: int
    candidate: float
    champion: float | None = None


def best_of(answer: Callable[[], object], turns: int = TURNS) -> float:
    """Return the fewest seconds that a call took."""
    taken = []
    for _ in range(turns):
        started = time.perf_counter()
        answer()
        taken.append(time.perf_counter() - started)
    return min(taken)


def latency_check(declared: Latency, timing: Timing | None) -> Check:
    """Ask whether answers come fast enough.

    :param declared: the limits.
    :param timing: as measured; ``None`` where the candidate could not be timed.
    """
    asked = declared.model_dump(exclude_none=True, exclude={"required"})
    if timing is None or not timing.rows:
        why = "no answers could be timed"
        return Check("latency", Outcome.INCONCLUSIVE, why, None, asked, 0, declared.required)
    per_thousand = 1000 * timing.candidate / timing.rows
    times = timing.candidate / timing.champion if timing.champion else None
    observed = {"seconds": per_thousand, "times_champion": times}
    slow = []
    if declared.seconds is not None and per_thousand > declared.seconds:
        slow.append(f"{per_thousand:.3g} s for a thousand rows, more than {declared.seconds:g}")
    if declared.times_champion is not None and times is not None and times > declared.times_champion:
        slow.append(f"{times:.3g} times the champion's time, more than {declared.times_champion:g}")
    why = f"answers take {' and '.join(slow)}" if slow else f"a thousand rows are answered in {per_thousand:.3g} s"
    outcome = Outcome.FAIL if slow else Outcome.PASS
    return Check("latency", outcome, why, observed, asked, timing.rows, declared.required)
