"""Ten processes release different candidates of one model at once; some sleep between intent and move.

Who sleeps wakes after another's release, moves the alias all the same, and is stopped once more before it can look:
the next run must not take its word for a hand's. After each round: one champion by the ledger, the alias equal to it
after the next run, a ledger that verifies, and every event that anybody was told is recorded.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from loopwright.declaration import Project, Workspace
from loopwright.errors import LoopwrightError
from loopwright.ledger.events import Draft, Event, Kind
from loopwright.ledger.state import State
from loopwright.ledger.store import Ledger
from loopwright.stages.release import ALIAS, Rehearsal, moving, promote, reconcile, stage
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

PATIENCE = 900
"""Seconds after which somebody is taken for stuck, however busy the machine."""


def _model(workspace: Workspace, name: str) -> Any:
    """Every other model takes what a hand chose for champion, which none of these moves is."""
    model = Project.at(workspace.project).model("tips")
    alias = "restore" if int(name[1:]) % 2 else "adopt"
    return model.model_copy(update={"name": name, "release": model.release.model_copy(update={"alias": alias})})


def _without_files(put: Callable[[Any, str, Any], None] = setattr) -> None:
    """Take files and rehearsals for granted: these versions have none, and whoever is asked would pass."""
    passed = Verdict("rehearsal", "model", (Check("loads", Outcome.PASS, "it loads"),))
    put(stage, "judged_files", lambda *_: None)
    put(moving, "rehearse", lambda _, model, version: Rehearsal(model.name, version, passed, 0.0, {}))


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


def _race(raw: dict[str, Any], number: int, rounds: int, sleeps: int, slept: Any, barrier: Any, said: Any) -> None:
    """Release a candidate of one's own in each round; the first to move the alias stops before that, and after it.

    :param sleeps: in every so many rounds.
    :param slept: the last round in which somebody did, shared by all.
    """
    workspace = Workspace.from_dict(raw)
    recorded: list[Event] = []
    real_decide, real_move = Ledger.decide, Tracking.move_alias
    now = [-1]

    def decide(self: Ledger, *args: Any) -> list[Event]:
        made = real_decide(self, *args)
        recorded.extend(made)
        return made

    def is_first() -> bool:
        with slept.get_lock():
            first = now[0] % sleeps == 0 and slept.value < now[0]
            slept.value = now[0] if first else slept.value
        return first

    def move(self: Tracking, *args: Any) -> None:
        first = is_first()
        if first:
            said.send(("sleeps", os.getpid()))
            os.kill(os.getpid(), signal.SIGSTOP)
        real_move(self, *args)
        if first:
            said.send(("moved", os.getpid()))
            os.kill(os.getpid(), signal.SIGSTOP)

    Ledger.decide, Tracking.move_alias = decide, move  # type: ignore[method-assign,assignment]
    _without_files()
    for turn in range(rounds):
        name = f"m{turn // ROUNDS_EACH}"
        barrier.wait(PATIENCE)
        now[0] = turn
        status, recorded[:] = "released", []
        try:
            _candidate(Ledger.of(workspace), name, str(turn % ROUNDS_EACH * RACERS + number + 1))
            promote(workspace, _model(workspace, name), str(turn % ROUNDS_EACH * RACERS + number + 1))
        except LoopwrightError as error:
            status = f"{type(error).__name__}: {error.what}"
        except Exception as error:  # noqa: BLE001 - told, so that nobody waits for it
            status = f"unforeseen {error!r}"
        said.send(("done", (status, [(event.sequence, event.hash) for event in recorded])))


def _register(tracking: Tracking, models: int, folder: Path) -> None:
    """Make the versions in the registry beforehand: this is about their release."""
    import mlflow

    client = mlflow.MlflowClient(tracking.uri)
    for number in range(models):
        client.create_registered_model(f"m{number}")
        for _ in range((RACERS + 1) * ROUNDS_EACH):
            client.create_model_version(f"m{number}", str(folder))


def _run(workspace: Workspace, rounds: int, sleeps: int) -> dict[str, int]:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    barrier, pipes = context.Barrier(RACERS + 1), [context.Pipe(duplex=False) for _ in range(RACERS)]
    slept = context.Value("i", -1)
    racers = [
        context.Process(target=_race, args=(workspace.to_dict(), n, rounds, sleeps, slept, barrier, said), daemon=True)
        for n, (_, said) in enumerate(pipes)
    ]
    for racer in racers:
        racer.start()
    counted = {"slept": 0, "stale": 0}
    try:
        with pytest.MonkeyPatch.context() as patch:
            _without_files(patch.setattr)
            for turn in range(rounds):
                barrier.wait(PATIENCE)
                another = str(RACERS * ROUNDS_EACH + turn % ROUNDS_EACH + 1)
                _one_round(workspace, f"m{turn // ROUNDS_EACH}", another, [heard for heard, _ in pipes], counted)
                print(f"round {turn + 1}: {counted}", flush=True)
    finally:
        for racer in racers:
            racer.kill()
            racer.join()
    confirmed = Ledger.of(workspace).events(kinds=[Kind.RELEASE_CONFIRMED])
    return {**counted, "released": len(confirmed)}


def _one_round(workspace: Workspace, name: str, another: str, heard: list[Any], counted: dict[str, int]) -> None:
    model, ledger, tracking = _model(workspace, name), Ledger.of(workspace), Tracking.of(workspace)
    told: list[tuple[int, str]] = []
    done, sleeper = 0, None
    while done < RACERS:
        ready = multiprocessing.connection.wait(heard, timeout=5 if sleeper else PATIENCE)
        assert ready or sleeper, "somebody never came to an end"
        for what, value in [pipe.recv() for pipe in ready]:  # type: ignore[union-attr]
            if what == "sleeps":
                sleeper = value
                counted["slept"] += 1
            elif what == "moved":
                _stopped(value)
                counted["stale"] += tracking.alias_of(name, ALIAS) != ledger.model(name).lineage[-1]
                reconcile(workspace, model)
                assert tracking.alias_of(name, ALIAS) == ledger.model(name).lineage[-1]
                os.kill(value, signal.SIGCONT)
            else:
                assert not value[0].startswith("unforeseen"), value[0]
                done += 1
                told += value[1]
        if sleeper and (not ready or done == RACERS - 1):
            _stopped(sleeper)
            reconcile(workspace, model)  # somebody else finishes what it intended, before it wakes
            assert tracking.alias_of(name, ALIAS) == ledger.model(name).lineage[-1]
            _release_another(workspace, model, another)
            os.kill(sleeper, signal.SIGCONT)
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
    intended = ledger.events(f"model/{name}", kinds=[Kind.RELEASE_INTENDED])
    assert {event.evidence["action"] for event in intended} == {"promote"}


def _release_another(workspace: Workspace, model: Any, version: str) -> None:
    """Release one more candidate, unless those who are still awake get theirs released first."""
    _candidate(Ledger.of(workspace), model.name, version)
    with suppress(LoopwrightError):
        promote(workspace, model, version)


def _stopped(pid: int) -> None:
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        time.sleep(0.01)


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
    assert counted["slept"] == 2
    assert counted["stale"] >= 1


@pytest.mark.full
@pytest.mark.timeout(7200)
def test_a_hundred_rounds(workspace, tmp_path):
    _register(Tracking.of(workspace), 10, tmp_path)
    counted = _run(workspace, rounds=100, sleeps=1)
    assert counted["released"] >= 100
    assert counted["slept"] >= 90
    assert counted["stale"] >= 90
