"""Ten processes release different candidates of one model at once; some sleep between intent and move.

After each round: one champion by the ledger, the alias equal to it after the next run, a ledger that verifies, and
every event that anybody was told is recorded.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from loopwright.declaration import Project, Workspace
from loopwright.errors import LoopwrightError
from loopwright.ledger.events import Draft, Event, Kind
from loopwright.ledger.state import State
from loopwright.ledger.store import Ledger
from loopwright.stages.release import ALIAS, promote, reconcile, stage
from loopwright.tracking import Tracking
from loopwright.verdict import Check, Outcome, Verdict
from support import toy as toys
from support.crashing import PRELOADED
from support.house import cold_mlflow
from support.postgres import database, postgres

__all__ = ["cold_mlflow", "postgres"]

RACERS = 10
ROUNDS_EACH = 10
"""Rounds on one model's record before the next model's turn: a verdict over a long record takes its time."""


def _model(workspace: Workspace, name: str) -> Any:
    return Project.at(workspace.project).model("tips").model_copy(update={"name": name})


def _candidate(ledger: Ledger, name: str, version: str) -> list[Event]:
    """Record a candidate as training and rehearsal do, compared with today's champion."""
    subject, training, digest = f"model/{name}", f"t{version}", version.rjust(64, "0")
    verdict = Verdict("gate", subject, (Check("threshold", Outcome.PASS, "it is"),)).to_dict()
    judged = {"training_id": training, "run_id": "r", "artifact_digest": digest}

    def decide(state: State) -> list[Draft]:
        champion = (state.champion or {}).get("version")  # type: ignore[attr-defined]
        told = [
            (Kind.TRAINING_DECIDED, {**judged, "train": True, "batches": []}),
            (Kind.CANDIDATE_TRAINED, {**judged, "source": "s"}),
            (Kind.GATE_DECIDED, {**judged, "verdict": verdict, "refused": False, "champion": champion}),
            (Kind.CANDIDATE_REGISTERED, {**judged, "version": version, "source": "s", "ask": False}),
            (Kind.REHEARSED, {"version": version, "verdict": verdict, "seconds": 0.0}),
        ]
        return [Draft(kind, f"process:{os.getpid()}", "race", evidence) for kind, evidence in told]

    return ledger.decide(subject, decide)


def _race(raw: dict[str, Any], number: int, rounds: int, sleeps: int, barrier: Any, said: Any) -> None:
    """Release a candidate of one's own in each round; the sleeper of a round stops before it moves the alias."""
    workspace = Workspace.from_dict(raw)
    recorded: list[Event] = []
    real_decide, real_move = Ledger.decide, Tracking.move_alias
    asleep = [False]

    def decide(self: Ledger, *args: Any) -> list[Event]:
        made = real_decide(self, *args)
        recorded.extend(made)
        return made

    def move(self: Tracking, *args: Any) -> None:
        if asleep[0]:
            asleep[0] = False
            said.send(("sleeps", os.getpid()))
            os.kill(os.getpid(), signal.SIGSTOP)
        real_move(self, *args)

    Ledger.decide, Tracking.move_alias = decide, move  # type: ignore[method-assign,assignment]
    stage.judged_files = lambda *_: None  # these versions have no files
    for turn in range(rounds):
        name = f"m{turn // ROUNDS_EACH}"
        asleep[0] = sleeps > 0 and turn % sleeps == 0 and number == turn % RACERS
        barrier.wait(120)
        status, recorded[:] = "released", []
        try:
            _candidate(Ledger.of(workspace), name, str(turn % ROUNDS_EACH * RACERS + number + 1))
            promote(workspace, _model(workspace, name), str(turn % ROUNDS_EACH * RACERS + number + 1))
        except LoopwrightError as error:
            status = f"{type(error).__name__}: {error.what}"
        except Exception as error:  # noqa: BLE001 - told, so that nobody waits for it
            status = f"unforeseen {error!r}"
        asleep[0] = False
        said.send(("done", (status, [(event.sequence, event.hash) for event in recorded])))


def _register(tracking: Tracking, models: int, folder: Path) -> None:
    """Make the versions in the registry beforehand: this is about their release."""
    import mlflow

    client = mlflow.MlflowClient(tracking.uri)
    for number in range(models):
        client.create_registered_model(f"m{number}")
        for _ in range(RACERS * ROUNDS_EACH):
            client.create_model_version(f"m{number}", str(folder))


def _run(workspace: Workspace, rounds: int, sleeps: int) -> dict[str, int]:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    barrier, pipes = context.Barrier(RACERS + 1), [context.Pipe(duplex=False) for _ in range(RACERS)]
    racers = [
        context.Process(target=_race, args=(workspace.to_dict(), n, rounds, sleeps, barrier, said), daemon=True)
        for n, (_, said) in enumerate(pipes)
    ]
    for racer in racers:
        racer.start()
    counted: dict[str, int] = {"released": 0, "slept": 0}
    try:
        for turn in range(rounds):
            barrier.wait(120)
            _one_round(workspace, f"m{turn // ROUNDS_EACH}", [heard for heard, _ in pipes], counted)
    finally:
        for racer in racers:
            racer.kill()
            racer.join()
    return counted


def _one_round(workspace: Workspace, name: str, heard: list[Any], counted: dict[str, int]) -> None:
    model, ledger, tracking = _model(workspace, name), Ledger.of(workspace), Tracking.of(workspace)
    told: list[tuple[int, str]] = []
    done, sleeper = 0, None
    while done < RACERS:
        ready = multiprocessing.connection.wait(heard, timeout=5 if sleeper else 120)
        assert ready or sleeper, "somebody never came to an end"
        for what, value in [pipe.recv() for pipe in ready]:  # type: ignore[union-attr]
            if what == "sleeps":
                sleeper = value
                counted["slept"] += 1
                continue
            assert not value[0].startswith("unforeseen"), value[0]
            done += 1
            counted["released"] += value[0] == "released"
            told += value[1]
        if sleeper and (not ready or done == RACERS - 1):
            reconcile(workspace, model)  # somebody else finishes what it intended, before it wakes
            assert tracking.alias_of(name, ALIAS) == ledger.model(name).lineage[-1]
            _wake(sleeper)
            sleeper = None
    reconcile(workspace, model)
    state = ledger.model(name)
    champions = [version for version, entry in state.under("version").items() if entry["status"] == "champion"]
    assert champions == [state.champion["version"]] == [tracking.alias_of(name, ALIAS)]  # type: ignore[index]
    assert state.release is None
    assert ledger.verify(f"model/{name}") == []
    there = {(event.sequence, event.hash) for event in ledger.events(f"model/{name}")}
    assert set(told) <= there
    assert len(set(told)) == len(told)
    kinds = [event.kind for event in ledger.events(f"model/{name}")]
    assert kinds.count(Kind.RELEASE_INTENDED) == kinds.count(Kind.RELEASE_CONFIRMED)


def _wake(pid: int) -> None:
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        time.sleep(0.01)
    os.kill(pid, signal.SIGCONT)


@pytest.fixture(params=["sqlite", "postgres"])
def workspace(request, tmp_path, cold_mlflow) -> Workspace:
    toy = toys.make(tmp_path)
    home = toy.path / ".loopwright"
    home.mkdir()
    shutil.copy(cold_mlflow, home / "mlflow.db")
    ledger = (
        f"sqlite:///{home / 'ledger.db'}"
        if request.param == "sqlite"
        else database(request.getfixturevalue("postgres"))
    )
    made = Workspace.resolve(toy.path, ledger=ledger, environ={})
    Ledger.of(made).events()
    return made


def test_a_few_rounds(workspace, tmp_path):
    _register(Tracking.of(workspace), 1, tmp_path)
    counted = _run(workspace, rounds=3, sleeps=2)
    assert counted["released"] >= 3


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_a_hundred_rounds(workspace, tmp_path):
    _register(Tracking.of(workspace), 10, tmp_path)
    counted = _run(workspace, rounds=100, sleeps=1)
    assert counted["released"] >= 100
    assert counted["slept"] >= 5
