"""What the loop costs beside a plain script that makes the same calls by hand, and what a DAG parse costs.

    python benchmarks/loop.py [--quick] [--json FILE] [--profile]

Twelve monthly batches of flights go through `loopwright run`, in a process of its own, and through
`parts/by_hand.py`, in another; both must arrive at the same metrics and at the same decisions of the gate. Both
rehearse a version in a fresh process before it is released; since that is a good part of either, the ratio without it
is told as well. Only ratios of one run are compared: this machine's seconds are its own.
"""

from __future__ import annotations

import argparse
import json
import os
import pstats
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parts.contract import parser, tell_aims, write
from parts.parse_times import REPOSITORY, parse_times

HERE = Path(__file__).resolve().parent
MONTHS, QUICK_MONTHS, QUICK_ROWS = 12, 6, 4_000
AIM_RATIO, AIM_WORKER, AIM_FILE = 1.3, 2.0, 1.0
BY_HAND_PARTS = ("imports", "ingest", "score", "monitor", "train", "rehearse")
ENVIRONMENT = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}


@dataclass(frozen=True)
class Timed:
    """One process.

    :param said: its standard output.
    :param wall: seconds on the clock.
    :param cpu: seconds of processor time, its children's included.
    """

    said: str
    wall: float
    cpu: float


def main() -> int:
    asked = _arguments()
    with tempfile.TemporaryDirectory(prefix="loopwright-benchmark-") as folder:
        months, rows, every = (QUICK_MONTHS, QUICK_ROWS, 5) if asked.quick else (MONTHS, None, 3)
        project = _project(Path(folder) / "project", months, rows, every=every)
        loop, by_hand = [], []
        for round_ in range(1 if asked.quick else 2):
            places = [Path(folder) / f"{name}-{round_}" for name in ("loop", "by-hand")]
            loop.append(_loop(project, places[0]))  # first: it pays where the disk's cache is cold
            by_hand.append(_timed([sys.executable, str(HERE / "parts" / "by_hand.py"), str(project), str(places[1])]))
        steps = _steps(loop[0])
        compared = _same_metrics(steps, _live(Path(folder) / "loop-0"), json.loads(by_hand[0].said))
        if asked.profile:
            _loop(project, Path(folder) / "profiled", profiled=True)
            _tell_profile(Path(folder) / "profiled" / "profile")
    figures = {"months": months, **_figures(min(loop, key=_wall), min(by_hand, key=_wall), compared)}
    figures |= _parse_figures(repeats=1 if asked.quick else 3)
    aims = _aims(figures)
    _tell(figures, aims)
    write(asked.json, figures, aims)
    return 0


def _arguments() -> argparse.Namespace:
    asked = parser(__doc__, f"{QUICK_MONTHS} months, {QUICK_ROWS} rows each, once")
    asked.add_argument("--profile", action="store_true", help="also say where the loop's time goes")
    return asked.parse_args()


def _project(project: Path, months: int, rows: int | None, *, every: int) -> Path:
    """Make a project whose months are there, and whose schedule of training is the calendar's alone."""
    shutil.copytree(REPOSITORY / "include", project / "include", ignore=shutil.ignore_patterns("__pycache__", "tests"))
    sys.path.insert(0, str(project / "include/datasets/flights"))
    import arrive

    target = project / "arrivals/flights"
    target.mkdir(parents=True)
    for month in arrive.months()[:months]:
        frame = arrive.month_frame(month)
        kept = frame if rows is None else frame.sample(rows, random_state=2013).sort_index()
        kept.reset_index(drop=True).to_parquet(target / f"{month}.parquet", index=False)
    _edit(project / "include/datasets/flights/expectations.yaml", "min_value: 15000", "min_value: 1000")
    model = project / "include/models/flight_delay/model.yaml"
    _edit(model, "on: [new_data, drift, performance, code]", "on: [new_data]")
    _edit(model, "at_least: 0.58", "at_least: 0.5")  # few rows cannot prove more
    _edit(model, "new_batches: 3", f"new_batches: {every}")
    return project


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text, f"{old!r} is not in {path.name}"
    path.write_text(text.replace(old, new))


def _loop(project: Path, home: Path, *, profiled: bool = False) -> Timed:
    home.mkdir()
    profiler = ["-m", "cProfile", "-o", str(home / "profile")] if profiled else []
    places = {
        "MLFLOW_TRACKING_URI": f"sqlite:///{home / 'mlflow.db'}",
        "LOOPWRIGHT_LAKE": str(home / "lake"),
        "LOOPWRIGHT_LEDGER": f"sqlite:///{home / 'ledger.db'}",
    }
    command = [sys.executable, *profiler, "-m", "loopwright.cli", "run", "flight_delay", "--json"]
    return _timed([*command, "--project", str(project)], fine=(0, 1), **places)  # 1: a verdict was fail


def _timed(command: list[str], *, fine: tuple[int, ...] = (0,), **environment: str) -> Timed:
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as noise:
        process = subprocess.Popen(command, stdout=said, stderr=noise, env={**ENVIRONMENT, **environment})
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - started
        said.seek(0), noise.seek(0)
        if process.returncode not in fine:
            raise SystemExit(f"{' '.join(command[:4])} … could not run:\n{noise.read()[-3000:]}")
        return Timed(said.read(), wall, used.ru_utime + used.ru_stime)


def _wall(timed: Timed) -> float:
    return timed.wall


def _same_metrics(steps: list[dict[str, Any]], live: dict[str, float], by_hand: dict[str, Any]) -> int:
    """Hold the two against each other; return how many numbers agree.

    :raises AssertionError: if a decision of the gate, its metric, or a month's live metric differs.
    """
    gates = [step["result"]["verdict"] for step in steps if step.get("action") == "gate"]
    assert len(gates) == len(by_hand["trainings"]), (len(gates), len(by_hand["trainings"]))
    for verdict, training in zip(gates, by_hand["trainings"], strict=True):
        measured = next(check for check in verdict["checks"] if check["name"] == "measured")
        _same(measured["observed"]["point"], training["holdout_roc_auc"], training["holdout"])
        assert (verdict["outcome"] == "pass") == training["better"], (training["holdout"], verdict["why"])
    assert set(live) == set(by_hand["performance"]), (sorted(live), sorted(by_hand["performance"]))
    for month, value in by_hand["performance"].items():
        _same(live[month], value, month)
    return len(gates) + len(live)


def _same(ours: float, theirs: float, about: str) -> None:
    assert abs(ours - theirs) < 1e-12, f"{about}: {ours} in the loop, {theirs} by hand"


def _live(home: Path) -> dict[str, float]:
    """Return the metric of each month that the loop measured in production."""
    from loopwright.ledger.events import Kind
    from loopwright.ledger.store import Ledger

    events = Ledger(f"sqlite:///{home / 'ledger.db'}").events("model/flight_delay", kinds=[Kind.BATCH_MONITORED])
    measured = {event.evidence["batch_id"]: event.evidence["performance"] or {} for event in events}
    return {month: found["value"]["point"] for month, found in measured.items() if found.get("value")}


def _steps(loop: Timed) -> list[dict[str, Any]]:
    return [json.loads(line) for line in loop.said.splitlines()]


def _figures(loop: Timed, by_hand: Timed, compared: int) -> dict[str, float]:
    spent: dict[str, float] = {}
    for step in _steps(loop):
        if "summary" not in step:
            spent[f"step_{step['action']}"] = spent.get(f"step_{step['action']}", 0.0) + step["seconds"]
    parts = json.loads(by_hand.said)["seconds"]
    return {
        "loop_wall_seconds": loop.wall,
        "loop_cpu_seconds": loop.cpu,
        "by_hand_wall_seconds": by_hand.wall,
        "by_hand_cpu_seconds": by_hand.cpu,
        "ratio_wall": loop.wall / by_hand.wall,
        "ratio_cpu": loop.cpu / by_hand.cpu,
        "ratio_wall_without_rehearsals": (loop.wall - spent["step_rehearse"]) / (by_hand.wall - parts["rehearse"]),
        "numbers_compared": compared,
        **spent,
        **{f"by_hand_{part}": seconds for part, seconds in parts.items()},
    }


def _parse_figures(repeats: int) -> dict[str, float]:
    measured = parse_times((2, 100), repeats)
    return {f"{name}_{models}": value for models, found in measured.items() for name, value in found.items()}


def _aims(figures: dict[str, float]) -> list[dict[str, Any]]:
    asked = {
        "loopwright run beside a plain script, ratio of wall seconds": (figures["ratio_wall"], AIM_RATIO),
        "worker's parse, 100 models beside 2, ratio": (figures["worker_100"] / figures["worker_2"], AIM_WORKER),
        "slowest DAG file with 100 models, seconds": (figures["slowest_file_100"], AIM_FILE),
    }
    return [
        {"name": name, "value": value, "aim": f"at most {aim}", "met": value <= aim}
        for name, (value, aim) in asked.items()
    ]


def _tell_profile(path: Path) -> None:
    """Print where the loop's own process spent its time: our functions by what they and their callees took."""
    stats = pstats.Stats(str(path))
    ours = [key for key in stats.stats if "/loopwright/" in key[0]]  # type: ignore[attr-defined]
    ranked = sorted(ours, key=lambda key: stats.stats[key][3], reverse=True)  # type: ignore[attr-defined]
    print(f"{'seconds':>9}{'calls':>8}  function")
    for key in ranked[:40]:
        calls, _, _, total, _ = stats.stats[key]  # type: ignore[attr-defined]
        print(f"{total:>9.2f}{calls:>8}  {key[0].rpartition('/loopwright/')[2]}:{key[2]}")
    print()


def _tell(figures: dict[str, float], aims: list[dict[str, Any]]) -> None:
    print(f"{'':34}{'loop':>10}{'by hand':>10}{'ratio':>8}")
    for name in ("cpu", "wall"):
        ours, theirs = figures[f"loop_{name}_seconds"], figures[f"by_hand_{name}_seconds"]
        label = f"{figures['months']} months, {name} seconds"
        print(f"{label:<34}{ours:>10.1f}{theirs:>10.1f}{ours / theirs:>8.2f}")
    print(f"  wall, without the rehearsals of either{figures['ratio_wall_without_rehearsals']:>23.2f}")
    print(f"  {figures['numbers_compared']:.0f} metrics held against each other, all the same\n")
    print(f"{'seconds of the loop by step':34}")
    for name, value in figures.items():
        if name.startswith("step_"):
            print(f"  {name.removeprefix('step_'):<32}{value:>10.1f}")
    told = [f"{part} {figures[f'by_hand_{part}']:.1f}" for part in BY_HAND_PARTS]
    print(f"seconds by hand: {', '.join(told)}")
    print(f"\n{'declared models':34}{2:>10}{100:>10}")
    for name in ("all_files", "slowest_file", "worker"):
        label = {"all_files": "parse, all files, ms", "slowest_file": "parse, slowest file, ms", "worker": "worker, ms"}
        print(f"{label[name]:34}{1000 * figures[f'{name}_2']:>10.1f}{1000 * figures[f'{name}_100']:>10.1f}")
    print()
    tell_aims(aims)


if __name__ == "__main__":
    raise SystemExit(main())
