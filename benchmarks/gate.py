"""Whether the gate's intervals keep their word, by simulation: size, power, coverage, and what a bootstrap costs.

    python benchmarks/gate.py [--quick] [--json FILE]

Two models answer for the same rows; the truth about both is known, because the law is. As candidate, the weaker one is
worse than the champion by exactly the margin: it may get through at most at the rate that the declaration grants. The
stronger one is a real improvement: it should. The two draw nearer as n grows, so that telling them apart stays as
hard. The naive gate compares two numbers. Of two models of one quality neither may be called better (superiority) more
often than that. What has no closed form is drawn with fewer resamples than the gate's default: each line says how
many. Besides, the size of what is asked of calibration, fairness and slices (`parts/gate_sizes.py`) and of repeated
looks. The laws are in `parts/gate_laws.py`. Seeds are fixed. The whole takes two cores forty minutes.
"""

from __future__ import annotations

import math
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
from parts.contract import parser, write
from parts.gate_laws import CLOSED, GROUP, LAWS
from parts.gate_sizes import by_question, size, sizes

from loopwright.declaration.gate import Against, Gate
from loopwright.evaluation import Predicted
from loopwright.evaluation.bootstrap import Resampling
from loopwright.evaluation.comparison import compared
from loopwright.evaluation.intervals import bootstrapped_difference, difference, estimate
from loopwright.evaluation.looks import planned
from loopwright.evaluation.metrics import prepared
from loopwright.verdict import Outcome

CONFIDENCE = 0.95
NOMINAL = 2 * CONFIDENCE - 1
SIZES = (500, 2_000, 20_000)
REPETITIONS, QUICK = 2_000, {500: 120, 2_000: 120, 20_000: 30}
DRAWN_QUICK = {500: 40, 2_000: 20}
DRAWS, DRAWS_QUICK = {500: 400, 2_000: 400, 20_000: 200}, 150
LOOKS, BUDGET = 10, 2 * (1 - CONFIDENCE)
ROWS, RESAMPLES, QUICK_RESAMPLES, AIM_SECONDS = 1_000_000, 1_000, 40, 60


def main() -> int:
    asked = parser(__doc__, "fewer repetitions a cell, so wider errors").parse_args()
    how = "; quick: few repetitions" if asked.quick else ""
    print(f"one-sided confidence {CONFIDENCE}, two-sided {NOMINAL:.2f}{how}")
    with ProcessPoolExecutor(min(2, os.cpu_count() or 1)) as processes:
        found = list(processes.map(_cell, *zip(*_cells(quick=asked.quick), strict=True)))
        questions = sizes(50 if asked.quick else REPETITIONS)
        answered = list(processes.map(size, *zip(*questions, strict=True)))
    found.sort(key=lambda c: (list(LAWS).index(c["metric"]), c["n"]))
    looks = _looks(100 if asked.quick else REPETITIONS)
    speed = _speed(QUICK_RESAMPLES if asked.quick else RESAMPLES)
    aims = [aim for cell in found for aim in _aims(cell)] + [*by_question(answered)] + [
        {"name": f"{RESAMPLES} paired resamples of roc_auc at {ROWS} rows, seconds", "value": speed["seconds"],
         "aim": f"under {AIM_SECONDS}", "met": speed["seconds"] < AIM_SECONDS}
    ]  # fmt: skip
    limit = BUDGET + 3 * math.sqrt(BUDGET * (1 - BUDGET) / looks["repetitions"])
    said, met = f"at most {limit:.4f}", looks["spent"] <= limit
    name = f"any of {LOOKS} worse candidates gets through one holdout"
    aims.append({"name": name, "value": looks["spent"], "aim": said, "met": met})
    _tell(found)
    _tell_questions(answered)
    print(f"{name}: {looks['spent']:.4f} with the error budget, {looks['unspent']:.4f} without")
    _tell_aims(speed, aims)
    write(asked.json, {"cells": found, "questions": answered, "looks": looks, "speed": speed}, aims)
    return 0


def _cells(*, quick: bool) -> list[tuple[str, int, int, int]]:
    """Return what to simulate: a law, rows, how often, and with how many resamples; the longest first."""
    whole = dict.fromkeys(SIZES, REPETITIONS)
    closed, drawn = (QUICK, DRAWN_QUICK) if quick else (whole, whole)
    cells = [
        (name, n, many, DRAWS_QUICK if quick else DRAWS[n])
        for name in LAWS
        for n, many in (closed if name in CLOSED else drawn).items()
    ]
    return sorted(cells, key=lambda c: -c[1] * c[2] * (1 if c[0] in CLOSED else 100))


def _cell(name: str, n: int, repetitions: int, draws: int) -> dict[str, Any]:
    """Simulate one law at one size."""
    law, alike = LAWS[name](math.sqrt(500 / n)), LAWS[name](0.0)
    metric, groups = law.metric, np.arange(n) // GROUP if law.grouped else None
    gate = Gate(primary=metric, champion={"margin": law.margin, "confidence": CONFIDENCE})
    rng = np.random.default_rng([2026, list(LAWS).index(name), n])
    counts = dict.fromkeys(("let_through", "naive_let_through", "promoted", "naive_promoted", "superior"), 0)
    counts |= dict.fromkeys(("covered", "covered_low", "difference_covered", "difference_covered_low"), 0)
    gap = law.margin
    for turn in range(repetitions):
        truth, weaker, stronger = law.draw(rng, n)
        resampling = Resampling(draws, turn, groups)
        worse = difference(metric, truth, weaker, stronger, resampling).at(CONFIDENCE)
        better = replace(
            worse, point=-worse.point, low=-worse.high, high=-worse.low
        )  # every method turns with the roles
        alone = estimate(metric, truth, stronger, resampling).at(CONFIDENCE)
        if name in CLOSED:
            truth_, one, other = alike.draw(rng, n)
            counts["superior"] += difference(metric, truth_, one, other, resampling).at(CONFIDENCE).low > 0
        counts["let_through"] += compared(gate, worse, truth)[0].outcome is Outcome.PASS
        counts["naive_let_through"] += worse.point > 0
        counts["promoted"] += all(check.outcome is Outcome.PASS for check in compared(gate, better, truth))
        counts["naive_promoted"] += better.point > 0
        counts["covered"] += alone.low <= law.stronger <= alone.high
        counts["covered_low"] += alone.low <= law.stronger
        counts["difference_covered"] += worse.low <= -gap <= worse.high
        counts["difference_covered_low"] += worse.low <= -gap
    rates = {key: value / repetitions for key, value in counts.items()}
    rates |= {f"{kind}_high": 1 + rates[kind] - rates[f"{kind}_low"] for kind in ("covered", "difference_covered")}
    rates["superior"] = rates["superior"] if name in CLOSED else None
    how = {"draws": draws if worse.method.startswith("paired bootstrap") else 0, "method": worse.method}
    return {"metric": name, "n": n, "repetitions": repetitions, "margin": gap, **how, **rates}


def _looks(repetitions: int) -> dict[str, Any]:
    """Let candidates that are worse by exactly the margin ask one holdout, one after the other; count who passes."""
    asked = Against(confidence=CONFIDENCE)
    rng = np.random.default_rng([2026, 99])
    spent, always, confidences = 0, 0, planned(asked, LOOKS)
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
        spent += any(gain.at(sure).low >= -0.05 for gain, sure in zip(gains, confidences, strict=True))
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
        for side in ("low", "high"):
            value = cell[f"{key}_{side}"]
            said, met = f"at least {1 - limit:.4f}", value >= 1 - limit
            aims.append({"name": f"{words}, {side} bound, {where}", "value": value, "aim": said, "met": met})
    if cell["superior"] is not None:
        met = cell["superior"] <= limit
        name = f"size of superiority, {where}"
        aims.append({"name": name, "value": cell["superior"], "aim": f"at most {limit:.4f}", "met": met})
    return aims


def _speed(resamples: int) -> dict[str, Any]:
    """Time paired resamples of the area under the curve at a million rows."""
    truth, weaker, stronger = LAWS["roc_auc"](0.2).draw(np.random.default_rng(1), ROWS)
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


def _tell(cells: list[dict[str, Any]]) -> None:
    print(f"{'':30} {'':>6} {'':>6} {'':>5} │ worse by the margin │ alike  │ improved      │ coverage: both, low, high")
    print(
        f"{'metric':30} {'n':>6} {'reps':>6} {'draws':>5} │ {'gate':>9} {'naive':>9} │ {'better':>6} │ {'gate':>6}"
        f" {'naive':>6} │ {'alone':>20} {'difference':>20}"
    )
    for c in cells:
        wrong = f"{c['let_through']:>9.4f} {c['naive_let_through']:>9.4f}"
        alike = "" if c["superior"] is None else f"{c['superior']:.4f}"
        power = f"{c['promoted']:>6.3f} {c['naive_promoted']:>6.3f}"
        held = " ".join(
            f"{c[kind]:.4f} {c[f'{kind}_low']:.4f} {c[f'{kind}_high']:.4f}"
            for kind in ("covered", "difference_covered")
        )
        cell = f"{c['metric']:30} {c['n']:>6} {c['repetitions']:>6} {c['draws'] or '':>5}"
        print(f"{cell} │ {wrong} │ {alike:>6} │ {power} │ {held}")


def _tell_questions(answered: list[dict[str, Any]]) -> None:
    print(f"{'at the very limit':34} {'n':>6} {'reps':>6} │ {'passed':>7} {'failed':>7}")
    for c in answered:
        print(f"{c['question']:34} {c['n']:>6} {c['repetitions']:>6} │ {c['passed']:>7.4f} {c['failed']:>7.4f}")


def _tell_aims(speed: dict[str, Any], aims: list[dict[str, Any]]) -> None:
    how = f" (extrapolated from {speed['resamples_timed']})" if speed["extrapolated"] else ""
    print(f"{RESAMPLES} paired resamples of roc_auc at {ROWS:,} rows: {speed['seconds']:.1f} s{how}")
    print(f"  ({speed['resamples_timed']} of them took {speed['processor_seconds_timed']:.1f} s of processor time)")
    missed = [aim for aim in aims if not aim["met"]]
    print(f"{len(aims) - len(missed)} of {len(aims)} aims met")
    for aim in missed:
        print(f"  missed: {aim['name']}: {aim['value']:.4f}, asked {aim['aim']}")


if __name__ == "__main__":
    raise SystemExit(main())
