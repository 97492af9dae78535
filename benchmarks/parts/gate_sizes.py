"""How often the gate's other questions are answered wrongly at the very limit: reported by `gate.py`, beside its cells.

Each world is bad by exactly what is declared, so a pass is a mistake, and so is a fail: neither may come more often
than one time in twenty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from loopwright.declaration.gate import Bound, Gate
from loopwright.declaration.metrics import Metric, known_besides
from loopwright.evaluation import Predicted
from loopwright.evaluation.asking import Asking
from loopwright.evaluation.bootstrap import Resampling
from loopwright.evaluation.calibration import curve, expected_error
from loopwright.evaluation.disparity import rates_of
from loopwright.evaluation.estimates import Interval
from loopwright.evaluation.intervals import difference
from loopwright.evaluation.slices import slice_checks
from loopwright.evaluation.thresholds import reaches
from loopwright.verdict import Outcome

CONFIDENCE = 0.95
SLICES, SLICE_ROWS, RESAMPLES = 20, 200, 300
Answered = Callable[[np.random.Generator, int], tuple[Interval, Bound]]


def sizes(repetitions: int) -> list[tuple[str, int, int]]:
    """Return what to simulate: a name, rows, and how often."""
    asked = [(name, n, repetitions) for name, (_, many) in QUESTIONS.items() for n in many]
    return [*asked, ("slices", SLICES * SLICE_ROWS, repetitions)]


def size(name: str, n: int, repetitions: int) -> dict[str, Any]:
    """Return how often the answer was a pass, and how often a fail, where the truth is the limit itself."""
    rng = np.random.default_rng([2026, 7, n, *name.encode()])
    if name == "slices":
        return _slices(rng, repetitions)
    answered, _ = QUESTIONS[name]
    outcomes = [reaches(*answered(rng, n)) for _ in range(repetitions)]
    return {
        "question": name,
        "n": n,
        "repetitions": repetitions,
        "passed": outcomes.count(Outcome.PASS) / repetitions,
        "failed": outcomes.count(Outcome.FAIL) / repetitions,
    }


def _calibration(signs: str, *, grouped: bool = False) -> Answered:
    """Said is off by 0.05 in every bin: always upwards, up and down by turns, or by 0.2 in a fourth of the rows."""
    bins = 8

    def answered(rng: np.random.Generator, n: int) -> tuple[Interval, Bound]:
        said = np.sort(rng.uniform(0.2, 0.8, n))
        part = np.repeat(np.arange(bins), [len(p) for p in np.array_split(said, bins)])
        off = {"up": np.full(n, 0.05), "by turns": 0.05 * (-1.0) ** part, "two bins": np.where(part < 2, 0.2, 0.0)}
        group = rng.permutation(n) // 40 if grouped else None
        luck = 0.0 if group is None else rng.uniform(-0.1, 0.1, group.max() + 1)[group]
        truth = (rng.random(n) < np.clip(said - off[signs] + luck, 0, 1)).astype(int)
        found = curve(truth, Predicted((said > 0.5).astype(int), said, (0, 1)), bins, group)
        assert found is not None
        limit = float(sum(abs(off[signs][part == b].sum()) for b in range(bins))) / n
        return expected_error(found).at(CONFIDENCE), Bound(at_most=limit)

    return answered


def _fairness(metric: str, rates: tuple[float, ...], *, grouped: bool = False) -> Answered:
    """Groups of people whose largest and smallest rate are as far apart as granted."""

    def answered(rng: np.random.Generator, n: int) -> tuple[Interval, Bound]:
        group, unit = rng.integers(0, len(rates), n), np.arange(n) // 40
        luck = rng.uniform(-0.3, 0.3, (unit[-1] + 1, len(rates)))[unit, group] if grouped else 0.0
        selected = rng.random(n) < np.array(rates)[group] + luck
        drawn = Resampling(RESAMPLES, int(rng.integers(1 << 30)), unit if grouped else None)
        found = rates_of(metric, rng.random(n) < 0.5, selected, group, drawn).estimate().at(CONFIDENCE)
        if metric.endswith("_ratio"):
            return found, Bound(at_least=min(rates) / max(rates))
        return found, Bound(at_most=max(rates) - min(rates))

    return answered


def _cost(positives: float) -> Answered:
    """A cost of a team's own, 100 for a miss and 5 for a false alarm: the candidate misses 30 in 100, and not 20."""
    miss, alarm, often, alarms = 100.0, 5.0, (0.2, 0.3), 0.05

    def cost(*, truth: np.ndarray, prediction: np.ndarray, **_: None) -> np.ndarray:
        return np.where(truth & ~prediction, miss, np.where(~truth & prediction, alarm, 0.0))

    own = Metric("cost", frozenset({"own"}), False, "label", cost)

    def answered(rng: np.random.Generator, n: int) -> tuple[Interval, Bound]:
        truth, luck = rng.random(n) < positives, rng.random(n)
        other = np.where(rng.random(n) < 0.8, luck, rng.random(n))
        champion, candidate = (
            Predicted(np.where(truth, at >= missed, at < alarms), None, (False, True))
            for at, missed in zip((luck, other), often, strict=True)
        )
        with known_besides({"cost": own}):
            found = difference("cost", truth, candidate, champion, Resampling()).at(CONFIDENCE)
        return found, Bound(at_least=-miss * positives * (often[1] - often[0]))

    return answered


def _unequal(giant: float) -> Answered:
    """Forty customers of whom one has so large a share of the rows; the candidate is worse by 0.05."""

    def answered(rng: np.random.Generator, n: int) -> tuple[Interval, Bound]:
        group = np.where(np.arange(n) < giant * n, 0, 1 + np.arange(n) % 39)
        moved = 0.05 + rng.normal(0, 0.3, 40)[group] + rng.normal(0, 0.4, n)
        drawn = Resampling(RESAMPLES, int(rng.integers(1 << 30)), group)
        champion, candidate = Predicted(np.full(n, 5.0)), Predicted(5 + moved)
        found = difference("mean_absolute_error", np.zeros(n), candidate, champion, drawn).at(CONFIDENCE)
        return found, Bound(at_least=-0.05)

    return answered


QUESTIONS: dict[str, tuple[Answered, tuple[int, ...]]] = {
    "calibration, off upwards": (_calibration("up"), (500, 2_000, 20_000)),
    "calibration, off by turns": (_calibration("by turns"), (500, 2_000, 20_000)),
    "calibration, off in two bins": (_calibration("two bins"), (500, 2_000, 20_000)),
    "calibration, rows in groups": (_calibration("up", grouped=True), (2_000, 20_000)),
    "fairness, difference of two": (_fairness("demographic_parity_difference", (0.5, 0.55)), (500, 2_000, 20_000)),
    "fairness, difference of four": (_fairness("equal_opportunity_difference", (0.4, 0.4, 0.5, 0.5)), (2_000, 20_000)),
    "fairness, ratio of two": (_fairness("demographic_parity_ratio", (0.4, 0.5)), (500, 2_000, 20_000)),
    "fairness, ratio, equalized odds": (_fairness("equalized_odds_ratio", (0.4, 0.5)), (2_000, 20_000)),
    "fairness, rows in groups": (_fairness("demographic_parity_difference", (0.4, 0.5), grouped=True), (2_000, 20_000)),
    "a cost of one's own, 5% positive": (_cost(0.05), (500, 2_000, 20_000)),
    "groups, one with half of the rows": (_unequal(0.5), (2_000, 20_000)),
}


def _slices(rng: np.random.Generator, repetitions: int) -> dict[str, Any]:
    """Every slice is worse by exactly the margin: is any called harmed? One is, the others are better: do all pass?"""
    gate = Gate(
        primary="mean_absolute_error",
        champion={"margin": 0.05, "confidence": CONFIDENCE},
        slices={"columns": ["part"], "minimum_rows": SLICE_ROWS, "required": True},
    )
    n = SLICES * SLICE_ROWS
    number = np.arange(n) % SLICES
    columns = {"part": np.array([f"p{k}" for k in range(SLICES)], dtype=object)[number]}
    harmed = passed = 0
    for _ in range(repetitions):
        losses, noise = 5 + np.abs(rng.laplace(0, 1, n)), rng.normal(0, 0.4, n)
        one, every = (
            slice_checks(Asking(gate, Predicted(losses + off + noise), np.zeros(n), columns), Predicted(losses))
            for off in (np.where(number, -0.2, 0.05), 0.05)
        )
        passed += one[0].outcome is Outcome.PASS
        harmed += every[1].outcome is Outcome.FAIL
    rates = {"passed": passed / repetitions, "failed": harmed / repetitions}
    return {"question": "slices", "n": n, "repetitions": repetitions, **rates}


def by_question(found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Return the aims: neither mistake more often than one time in twenty, within three standard errors."""
    for cell in found:
        limit = 1 - CONFIDENCE + 3 * (CONFIDENCE * (1 - CONFIDENCE) / cell["repetitions"]) ** 0.5
        for key, words in (("passed", "let through"), ("failed", "refused")):
            yield {
                "name": f"{words} at the limit, {cell['question']}, n = {cell['n']}",
                "value": cell[key],
                "aim": f"at most {limit:.4f}",
                "met": cell[key] <= limit,
            }
