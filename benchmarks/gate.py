"""Whether the gate's intervals keep their word, by simulation: size, power, coverage, and what a bootstrap costs.

    python benchmarks/gate.py [--quick] [--json FILE]

Two models answer for the same rows; the truth about both is known, because the law is. As candidate, the weaker one is
worse than the champion by exactly the margin: it may get through at most at the rate that the declaration grants. The
stronger one is a real improvement: it should. The two draw nearer as n grows, so that telling them apart stays as
hard. The naive gate compares two numbers. Seeds are fixed.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from parts.contract import parser, write
from scipy import special, stats

from loopwright.declaration.gate import Against, Gate
from loopwright.evaluation import Predicted
from loopwright.evaluation.bootstrap import Resampling
from loopwright.evaluation.comparison import compared
from loopwright.evaluation.intervals import bootstrapped_difference, difference, estimate
from loopwright.evaluation.looks import confidence_of
from loopwright.evaluation.metrics import prepared
from loopwright.verdict import Outcome

CONFIDENCE = 0.95
NOMINAL = 2 * CONFIDENCE - 1
SIZES = (500, 2_000, 20_000)
REPETITIONS, QUICK = 2_000, {500: 250, 2_000: 250, 20_000: 60}
LOOKS, BUDGET = 10, 2 * (1 - CONFIDENCE)
ROWS, RESAMPLES, QUICK_RESAMPLES, AIM_SECONDS = 1_000_000, 1_000, 40, 60

Drawn = tuple[np.ndarray, Predicted, Predicted]


@dataclass(frozen=True)
class Law:
    """Rows with a weaker and a stronger model, and what is true of them.

    :param metric: what is measured.
    :param draw: from a generator and ``n`` to truth, weaker and stronger answers.
    :param weaker: the weaker model's true value.
    :param stronger: the stronger model's.
    """

    metric: str
    draw: Callable[[np.random.Generator, int], Drawn]
    weaker: float
    stronger: float

    @property
    def margin(self) -> float:
        return abs(self.stronger - self.weaker)


def _binary(score: np.ndarray) -> Predicted:
    return Predicted((score > 0.5).astype(int), score, (0, 1))


def _accuracy(near: float) -> Law:
    right_of = 0.85 - 0.01 * near, 0.85

    def draw(rng: np.random.Generator, n: int) -> Drawn:
        truth, luck, both = rng.integers(0, 2, n), rng.random(n), rng.random(n)
        right = luck < 0.85
        weaker = np.where(both < 0.7, right & (rng.random(n) < right_of[0] / 0.85), rng.random(n) < right_of[0])
        return truth, *(Predicted(np.where(r, truth, 1 - truth), None, (0, 1)) for r in (weaker, right))

    return Law("accuracy", draw, *right_of)


def _roc_auc(near: float, share: float = 0.3) -> Law:
    strengths = 1.2 - 0.09 * near, 1.2

    def draw(rng: np.random.Generator, n: int) -> Drawn:
        truth = (rng.random(n) < share).astype(int)
        shared = rng.normal(0, math.sqrt(0.8), n)
        noisy = (s * truth + shared + rng.normal(0, math.sqrt(0.2), n) for s in strengths)
        return truth, *(_binary(special.expit(score)) for score in noisy)

    return Law("roc_auc", draw, *(float(stats.norm.cdf(s / math.sqrt(2))) for s in strengths))


def _log_loss(near: float) -> Law:
    """Logits known up to noise, and answered too boldly by the weaker model: a heavy tail."""
    noise, boldness = 0.5, (1.0 + 0.13 * near, 1.0)

    def draw(rng: np.random.Generator, n: int) -> Drawn:
        logit = rng.normal(0, 1.5, n)
        truth = (rng.random(n) < special.expit(logit)).astype(int)
        known = logit + rng.normal(0, noise, n)
        return truth, *(_binary(special.expit(bold * known)) for bold in boldness)

    def true_loss(bold: float) -> float:
        at, weight = np.polynomial.hermite_e.hermegauss(120)
        logit, known = 1.5 * at[:, None], 1.5 * at[:, None] + noise * at[None, :]
        share = special.expit(logit)
        loss = share * np.logaddexp(0, -bold * known) + (1 - share) * np.logaddexp(0, bold * known)
        both = np.outer(weight, weight)
        return float((both * loss).sum() / both.sum())

    return Law("log_loss", draw, *(true_loss(bold) for bold in boldness))


def _absolute_error(near: float) -> Law:
    scales = 1.0 + 0.045 * near, 1.0

    def draw(rng: np.random.Generator, n: int) -> Drawn:
        truth = rng.normal(0, 3, n)
        shared = rng.laplace(0, 1, n)
        other = np.where(rng.random(n) < 0.8, shared, rng.laplace(0, 1, n))
        return truth, Predicted(truth + scales[0] * other), Predicted(truth + shared)

    return Law("mean_absolute_error", draw, *scales)


LAWS = {"accuracy": _accuracy, "roc_auc": _roc_auc, "log_loss": _log_loss, "mean_absolute_error": _absolute_error}


def main() -> int:
    asked = parser(__doc__, "fewer repetitions a cell, so wider errors").parse_args()
    how = "; quick: few repetitions" if asked.quick else ""
    print(f"one-sided confidence {CONFIDENCE}, two-sided {NOMINAL:.2f}{how}")
    cells = [(name, n, QUICK[n] if asked.quick else REPETITIONS) for name in LAWS for n in SIZES]
    with ProcessPoolExecutor(min(2, os.cpu_count() or 1)) as processes:
        found = list(processes.map(_cell, *zip(*sorted(cells, key=lambda c: -c[1] * c[2]), strict=True)))
    found.sort(key=lambda c: (list(LAWS).index(c["metric"]), c["n"]))
    looks = _looks(200 if asked.quick else REPETITIONS)
    speed = _speed(QUICK_RESAMPLES if asked.quick else RESAMPLES)
    aims = [aim for cell in found for aim in _aims(cell)] + [
        {"name": f"{RESAMPLES} paired resamples of roc_auc at {ROWS} rows, seconds", "value": speed["seconds"],
         "aim": f"under {AIM_SECONDS}", "met": speed["seconds"] < AIM_SECONDS}
    ]  # fmt: skip
    limit = BUDGET + 3 * math.sqrt(BUDGET * (1 - BUDGET) / looks["repetitions"])
    said, met = f"at most {limit:.4f}", looks["spent"] <= limit
    name = f"any of {LOOKS} worse candidates gets through one holdout"
    aims.append({"name": name, "value": looks["spent"], "aim": said, "met": met})
    _tell(found, speed, aims)
    print(f"{name}: {looks['spent']:.4f} with the error budget, {looks['unspent']:.4f} without")
    write(asked.json, {"cells": found, "looks": looks, "speed": speed}, aims)
    return 0


def _cell(name: str, n: int, repetitions: int) -> dict[str, Any]:
    """Simulate one metric at one size."""
    law = LAWS[name](math.sqrt(500 / n))
    gate = Gate(primary=name, champion={"margin": law.margin, "confidence": CONFIDENCE})
    rng = np.random.default_rng([2026, list(LAWS).index(name), n])
    counts = dict.fromkeys(("let_through", "naive_let_through", "promoted", "naive_promoted"), 0)
    counts |= dict.fromkeys(("covered", "covered_low", "difference_covered", "difference_covered_low"), 0)
    gap = law.margin
    for turn in range(repetitions):
        truth, weaker, stronger = law.draw(rng, n)
        resampling = Resampling(1000, turn)
        worse = difference(name, truth, weaker, stronger, resampling).at(CONFIDENCE)
        better = difference(name, truth, stronger, weaker, resampling).at(CONFIDENCE)
        alone = estimate(name, truth, stronger, resampling).at(CONFIDENCE)
        counts["let_through"] += compared(gate, worse, truth)[0].outcome is Outcome.PASS
        counts["naive_let_through"] += worse.point > 0
        counts["promoted"] += all(check.outcome is Outcome.PASS for check in compared(gate, better, truth))
        counts["naive_promoted"] += better.point > 0
        counts["covered"] += alone.low <= law.stronger <= alone.high
        counts["covered_low"] += alone.low <= law.stronger
        counts["difference_covered"] += worse.low <= -gap <= worse.high
        counts["difference_covered_low"] += worse.low <= -gap
    rates = {key: value / repetitions for key, value in counts.items()}
    return {"metric": name, "n": n, "repetitions": repetitions, "margin": gap, "method": worse.method, **rates}


def _looks(repetitions: int) -> dict[str, Any]:
    """Let candidates that are worse by exactly the margin ask one holdout, one after the other; count who passes."""
    asked = Against(confidence=CONFIDENCE)
    rng = np.random.default_rng([2026, 99])
    spent = always = 0
    for _ in range(repetitions):
        losses = 5 + np.abs(rng.laplace(0, 1, 500))
        truth = np.zeros(500)
        champion = Predicted(losses)
        noise = rng.normal(0, 0.4, (LOOKS, 500))
        gains = [
            difference("mean_absolute_error", truth, Predicted(losses + 0.05 + more), champion, Resampling())
            for more in noise
        ]
        always += any(gain.at(CONFIDENCE).low >= -0.05 for gain in gains)
        spent += any(gain.at(confidence_of(asked, k)).low >= -0.05 for k, gain in enumerate(gains, 1))
    return {"looks": LOOKS, "repetitions": repetitions, "spent": spent / repetitions, "unspent": always / repetitions}


def _aims(cell: dict[str, Any]) -> list[dict[str, Any]]:
    where, many = f"{cell['metric']}, n = {cell['n']}", cell["repetitions"]
    limit = 1 - CONFIDENCE + 3 * math.sqrt(CONFIDENCE * (1 - CONFIDENCE) / many)
    reach = 3 * math.sqrt(NOMINAL * (1 - NOMINAL) / many)
    size = cell["let_through"]
    aims = [{"name": f"size, {where}", "value": size, "aim": f"at most {limit:.4f}", "met": size <= limit}]
    for key, words in (("covered", "coverage"), ("difference_covered", "coverage of the difference")):
        met = abs(cell[key] - NOMINAL) <= reach
        said = f"{NOMINAL:.2f} within {reach:.4f}"
        aims.append({"name": f"{words}, {where}", "value": cell[key], "aim": said, "met": met})
    return aims


def _speed(resamples: int) -> dict[str, Any]:
    """Time paired resamples of the area under the curve at a million rows."""
    truth, weaker, stronger = _roc_auc(0.2).draw(np.random.default_rng(1), ROWS)
    ours, theirs = prepared("roc_auc", truth, stronger), prepared("roc_auc", truth, weaker)
    started, used = time.perf_counter(), time.process_time()
    found = bootstrapped_difference("roc_auc", truth, ours, theirs, Resampling(resamples, 0)).at(CONFIDENCE)
    seconds, used = time.perf_counter() - started, time.process_time() - used
    started = time.perf_counter()
    bootstrapped_difference("roc_auc", truth, ours, theirs, Resampling(1, 0))
    once = time.perf_counter() - started
    closed = difference("roc_auc", truth, stronger, weaker, Resampling()).at(CONFIDENCE)
    return {
        "rows": ROWS,
        "resamples_timed": resamples,
        "extrapolated": resamples != RESAMPLES,
        "seconds": once + (seconds - once) * RESAMPLES / resamples if resamples != RESAMPLES else seconds,
        "processor_seconds_timed": used,
        "bootstrap": [found.low, found.high],
        "delong": [closed.low, closed.high],
    }


def _tell(cells: list[dict[str, Any]], speed: dict[str, Any], aims: list[dict[str, Any]]) -> None:
    print(f"{'':20} {'':>6} {'':>6} │ worse by the margin │ real improvement │ coverage, both bounds and the lower")
    print(
        f"{'metric':20} {'n':>6} {'reps':>6} │ {'gate':>8} {'naive':>8}   │ {'gate':>7} {'naive':>7}  │"
        f" {'alone':>13} {'difference':>15}"
    )
    for c in cells:
        size = f"{c['let_through']:>8.4f} {c['naive_let_through']:>8.4f}"
        power = f"{c['promoted']:>7.3f} {c['naive_promoted']:>7.3f}"
        alone = f"{c['covered']:.4f} {c['covered_low']:.4f}"
        gained = f"{c['difference_covered']:>8.4f} {c['difference_covered_low']:.4f}"
        print(f"{c['metric']:20} {c['n']:>6} {c['repetitions']:>6} │ {size}   │ {power}  │ {alone} {gained}")
    how = f" (extrapolated from {speed['resamples_timed']})" if speed["extrapolated"] else ""
    print(f"{RESAMPLES} paired resamples of roc_auc at {ROWS:,} rows: {speed['seconds']:.1f} s{how}")
    print(f"  ({speed['resamples_timed']} of them took {speed['processor_seconds_timed']:.1f} s of processor time)")
    missed = [aim for aim in aims if not aim["met"]]
    print(f"{len(aims) - len(missed)} of {len(aims)} aims met")
    for aim in missed:
        print(f"  missed: {aim['name']}: {aim['value']:.4f}, asked {aim['aim']}")


if __name__ == "__main__":
    raise SystemExit(main())
