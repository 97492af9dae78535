"""What a release costs once it is decided, what a roll back costs with its rehearsal, and the state of a fleet.

    python benchmarks/release.py [--quick] [--json FILE]

A small project is taught two champions by the loop itself. Then production goes back and forth between them: within one
process, and by the command line in processes of their own, which is what a person in a hurry types. The fleet is a
ledger of 300 models and 100,000 events, folded by the ledger's own folds; its state is read by
a ledger that was never asked before.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from parts.contract import parser, tell_aims, write

MODELS, EVENTS, SUBJECT_EVENTS = 300, 100_000, 333
AIM_MOVE, AIM_ROLL_BACK, AIM_FLEET = 5.0, 15.0, 0.2
ENVIRONMENT = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
FILES = {
    "datasets/rides/dataset.yaml": "name: rides\nowner: benchmark\narrivals: arrivals/*.parquet\nevent_time: at\n",
    "datasets/rides/expectations.yaml": "expectations:\n"
    "  - {type: expect_column_values_to_not_be_null, kwargs: {column: at}}\n",
    "models/tips/model.yaml": """\
name: tips
owner: benchmark
dataset: rides
task: binary_classification
label: tipped
features: [distance, hour]
train: {entrypoint: training:build}
gate: {primary: roc_auc, champion: {margin: 0.3, better: false}, resamples: 100}
score: null
monitor: null
""",
    "models/tips/training.py": """\
from sklearn.ensemble import HistGradientBoostingClassifier


def build():
    return HistGradientBoostingClassifier(random_state=0, max_iter=50)
""",
}


def main() -> int:
    asked = parser(__doc__, "each once").parse_args()
    rounds = 1 if asked.quick else 5
    os.environ.update(ENVIRONMENT)
    with tempfile.TemporaryDirectory(prefix="loopwright-benchmark-") as folder:
        project = _project(Path(folder) / "project")
        figures = _releases(project, rounds) | _command_line(project, rounds)
        figures |= _fleet(Path(folder) / "fleet.db", rounds=3 if asked.quick else 7)
    aims = [
        _aim("decision to moved alias, s", figures["move_s"], AIM_MOVE),
        _aim("roll back, rehearsal included, s", figures["roll_back_s"], AIM_ROLL_BACK),
        _aim("`loopwright rollback`, all of it, s", figures["roll_back_typed_s"], AIM_ROLL_BACK),
        _aim(f"state of {MODELS} models, {figures['fleet_events']:,} events, s", figures["fleet_s"], AIM_FLEET),
    ]
    _tell(figures, aims)
    write(asked.json, figures, aims)
    return 0


def _project(path: Path) -> Path:
    for name, text in FILES.items():
        target = path / "include" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    (path / "arrivals").mkdir()
    return path


def _arrive(project: Path, month: int) -> None:
    rng = np.random.default_rng([2013, month])
    distance, hour = rng.gamma(2.0, 2.0, 4000), rng.integers(0, 24, 4000)
    at = pd.Timestamp(2024, month, 1) + pd.to_timedelta(rng.integers(0, 27 * 86_400, 4000), unit="s")
    tipped = hour / 24 - distance / 10 + rng.normal(0, 0.5, 4000) > 0
    frame = pd.DataFrame({"at": at, "distance": distance, "hour": hour, "tipped": tipped})
    frame.to_parquet(project / "arrivals" / f"2024-{month:02d}.parquet")


def _releases(project: Path, rounds: int) -> dict[str, float]:
    """Time the move of a candidate that was rehearsed, then the way back and forth, within this process."""
    from loopwright.declaration import Project, Workspace
    from loopwright.ledger.store import Ledger
    from loopwright.loop.run import turn
    from loopwright.stages.release import promote, rehearse, roll_back

    workspace = Workspace.resolve(project, environ={})
    model = Project.at(project).model("tips")
    for month in (1, 2):
        _arrive(project, month)
    assert turn(workspace, "tips").champion == "1", "the first champion did not come about"
    _arrive(project, 3)
    turn(workspace, "tips", until="train")
    candidate = Ledger.of(workspace).model("tips").candidate
    assert candidate, "the gate let no candidate through"
    version = str(candidate["version"])
    rehearsal, _ = _timed(lambda: rehearse(workspace, model, version))
    move, released = _timed(lambda: promote(workspace, model, version))
    assert released.status == "promoted"
    back = []
    for _ in range(rounds):
        for target in ("1", version):
            seconds, done = _timed(
                lambda to=target: roll_back(workspace, model, to_version=to, reason="benchmark", actor="benchmark")
            )
            assert done.version == target
            back.append(seconds)
    return {
        "rehearsal_s": rehearsal,
        "move_s": move,
        "roll_back_s": statistics.median(back),
        "roll_back_worst_s": max(back),
    }


def _command_line(project: Path, rounds: int) -> dict[str, float]:
    """Time what a person types, from the key to the prompt."""
    typed = []
    for number in range(rounds):
        command = [sys.executable, "-m", "loopwright.cli", "rollback", "tips", "--to", "12"[number % 2]]
        environment = {
            k: v for k, v in ENVIRONMENT.items() if not k.startswith("LOOPWRIGHT_") and k != "MLFLOW_TRACKING_URI"
        }
        seconds, _ = _timed(
            lambda call=command, env=environment: subprocess.run(
                [*call, "--why", "benchmark", "--project", str(project)], check=True, capture_output=True, env=env
            )
        )
        typed.append(seconds)
    return {"roll_back_typed_s": statistics.median(typed)}


def _fleet(database: Path, rounds: int) -> dict[str, float]:
    """Make the ledger of a fleet, event by event as the loop words them, and time the question how all stand."""
    from loopwright.ledger import journal, soundness
    from loopwright.ledger.database import Database
    from loopwright.ledger.events import GENESIS, Event
    from loopwright.ledger.store import Ledger

    url = f"sqlite:///{database}"
    Ledger(url).events()
    made = 0
    with Database(url).writing() as connection:
        for number in range(MODELS):
            subject, previous, recorded = f"model/m{number:03d}", GENESIS, []
            wanted = SUBJECT_EVENTS + (number < EVENTS - MODELS * SUBJECT_EVENTS)
            for sequence, draft in zip(range(1, wanted + 1), _story(number), strict=False):
                at = f"2026-01-01T00:{sequence // 60 % 60:02d}:{sequence % 60:02d}.000000+00:00"
                recorded.append(
                    Event.following(draft, subject=subject, sequence=sequence, at=at, previous_hash=previous)
                )
                previous = recorded[-1].hash
            journal.take_in(connection, recorded)
            journal.replace_entries(connection, subject, soundness.refolded(recorded))
            made += len(recorded)
    seconds = []
    for _ in range(rounds):
        ledger = Ledger(url)
        took, fleet = _timed(ledger.fleet)
        assert len(fleet) == MODELS, f"{len(fleet)} models"
        assert all(state.champion for state in fleet.values())
        seconds.append(took)
    return {"fleet_events": made, "fleet_s": statistics.median(seconds), "fleet_worst_s": max(seconds)}


def _story(number: int) -> Iterator[Any]:
    """Yield what happens to one model: candidates judged and released, batches scored and watched in between."""
    from loopwright.ledger.events import Draft, Kind

    checks = [
        {"name": f"check {n}", "outcome": "pass", "why": "it is as it should be", "required": True} for n in range(8)
    ]
    verdict = {"stage": "gate", "subject": "model", "outcome": "pass", "why": "pass: 8 of 8", "checks": checks}
    for version in range(1, 10_000):
        training = {"training_id": f"t{version}", "run_id": f"r{version}", "artifact_digest": f"{number}-{version}"}
        registered = {
            **training,
            "version": str(version),
            "source": "s",
            "primary": {"metric": "roc_auc", "value": 0.7},
        }
        moved = {"version": str(version), "previous": str(version - 1) if version > 1 else None, "action": "promote"}
        yield Draft(Kind.TRAINING_DECIDED, "train", "new data", {**training, "train": True, "batches": ["a"] * 12})
        yield Draft(Kind.CANDIDATE_TRAINED, "train", "fitted", {**training, "source": "s"})
        yield Draft(Kind.GATE_DECIDED, "gate", "pass", {**training, "verdict": verdict, "refused": False})
        yield Draft(Kind.CANDIDATE_REGISTERED, "train", "passed", registered)
        yield Draft(Kind.REHEARSED, "release", "pass", {"version": str(version), "verdict": verdict, "seconds": 3.0})
        for kind in (Kind.RELEASE_INTENDED, Kind.RELEASE_MOVED, Kind.RELEASE_CONFIRMED):
            yield Draft(kind, "release", "it passed", {**moved, "artifact_digest": training["artifact_digest"]})
        for batch in range(8):
            seen = {"batch_id": f"b{version}-{batch}", "version": str(version), "content_digest": "c", "rows": 1000}
            yield Draft(Kind.BATCH_SCORED, "score", "scored", seen)
            yield Draft(Kind.BATCH_MONITORED, "monitor", "no drift", {**seen, "verdict": verdict})


def _timed(call: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = call()
    return time.perf_counter() - started, result


def _aim(name: str, value: float, aim: float) -> dict[str, Any]:
    return {"name": name, "value": value, "aim": f"at most {aim}", "met": value <= aim}


def _tell(figures: dict[str, float], aims: list[dict[str, Any]]) -> None:
    print(f"rehearsal in a fresh process           {figures['rehearsal_s']:8.2f} s")
    print(f"slowest roll back within a process     {figures['roll_back_worst_s']:8.2f} s")
    print(f"slowest look at the fleet              {figures['fleet_worst_s'] * 1000:8.0f} ms")
    tell_aims(aims)


if __name__ == "__main__":
    sys.exit(main())
