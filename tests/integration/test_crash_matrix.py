"""Killed before and after every write, then asked again: the same end as if nothing had happened.

Each row of the matrix is one step of the loop; its columns are found by running it once and counting its writes. All of
them are killed in ``make test-full``; one of each kind of write, in the rest.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from loopwright.declaration import Project, Workspace
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.verdict import Check, Outcome, Verdict
from support import toy as toys
from support.crashing import Children, Point
from support.house import House, cold_mlflow

__all__ = ["cold_mlflow"]

_VOLATILE = {"at", "seconds", "data_version", "data_versions", "run_id", "source", "figures", "table_version", "report"}


def _toy(path: str) -> toys.Toy:
    return toys.Toy(Path(path))


def _spec(path: str, model: str = "tips") -> tuple[Workspace, Any]:
    workspace = Workspace.resolve(path, environ={})
    return workspace, Project.at(path).model(model)


def _rehearsal_that_passes() -> None:
    """Take the rehearsal for granted and record it: it writes nothing else, and takes three seconds."""
    from loopwright.stages.release import Rehearsal, stage

    def rehearse(workspace: Workspace, model: Any, version: str, **_: Any) -> Rehearsal:
        verdict = Verdict("rehearsal", f"model/{model.name}", (Check("loads", Outcome.PASS, "it loads"),))
        evidence = {"version": version, "verdict": verdict.to_dict(), "seconds": 0.0}
        Ledger.of(workspace).record(f"model/{model.name}", Draft(Kind.REHEARSED, "release", "pass", evidence))
        return Rehearsal(model.name, version, verdict, 0.0, {})

    stage.rehearse = rehearse


def prepare_release(path: str) -> None:
    house = House(_toy(path))
    house.publish(1, 2, rows=300)
    house.champion()
    house.rehearsed()


def act_release(path: str) -> str:
    from loopwright.stages.release import promote

    return promote(*_spec(path), "2").version


def prepare_roll_back(path: str) -> None:
    house = House(_toy(path))
    house.publish(1, 2, rows=300)
    house.champion()
    house.champion()


def act_roll_back(path: str) -> str:
    from loopwright.stages.release import roll_back

    _rehearsal_that_passes()
    return roll_back(*_spec(path), reason="bad", actor="person:ada", from_version="2").version


def prepare_publish(path: str) -> None:
    _toy(path).arrive(1, rows=300)


def act_publish(path: str) -> str:
    from loopwright.stages.ingest.stage import ingest_batch

    toy = _toy(path)
    return ingest_batch(toy.workspace, toy.rides, "2024-01").status


def prepare_correct(path: str) -> None:
    toy = _toy(path)
    toy.arrive(1, rows=300)
    act_publish(path)
    toy.arrive(1, toys.rides(1, rows=250))


def prepare_set_aside(path: str) -> None:
    _toy(path).arrive(1, rows=300, faults=True)


def prepare_score(path: str) -> None:
    house = House(_toy(path))
    house.publish(1, 2, rows=300)
    house.champion()


def act_score(path: str) -> int:
    from loopwright.stages.score import score_batch

    return score_batch(*_spec(path), "2024-02").rows


def prepare_register(path: str) -> None:
    from loopwright.stages.train import decide_training, fit_candidate, judge_candidate

    House(_toy(path)).publish(1, 2, rows=1000)
    workspace, spec = _spec(path)
    training = decide_training(workspace, spec).training_id
    assert training
    fit_candidate(workspace, spec, training)
    assert judge_candidate(workspace, spec, training).verdict.passed


def act_register(path: str) -> str:
    from loopwright.stages.train import register_candidate

    workspace, spec = _spec(path)
    return register_candidate(
        workspace, spec, Ledger.of(workspace).model("tips").get("last_training")["training_id"]
    ).version


STEPS: dict[str, tuple[Callable[[str], Any], Callable[[str], Any]]] = {
    "release": (prepare_release, act_release),
    "roll back": (prepare_roll_back, act_roll_back),
    "publish": (prepare_publish, act_publish),
    "correct": (prepare_correct, act_publish),
    "set aside": (prepare_set_aside, act_publish),
    "score": (prepare_score, act_score),
    "register": (prepare_register, act_register),
}


def end_of(path: str) -> dict[str, Any]:
    """Return everything that a step leaves, without what no two runs have alike."""
    from loopwright.lake import Lake
    from loopwright.stages.release import ALIAS
    from loopwright.tracking import Tracking

    workspace, _ = _spec(path)
    ledger, lake, tracking = Ledger.of(workspace), Lake.of(workspace), Tracking.of(workspace)
    state = ledger.model("tips")
    tables = {
        "batches": lake.batches("rides"),
        "quarantine": lake.quarantine("rides"),
        "scored": lake.predictions("tips"),
    }
    home = Path(path) / ".loopwright"
    return {
        "events": [[e.subject, e.kind.value, e.actor, e.reason, _settled(e.evidence)] for e in ledger.events()],
        "sound": [problem for subject in ledger.subjects() for problem in ledger.verify(subject)],
        "champion": [state.lineage, (state.candidate or {}).get("version"), state.release],
        "alias": tracking.alias_of("tips", ALIAS),
        "versions": _versions(workspace.tracking),
        "rows": {name: _rows(table.read()) if table.exists() else None for name, table in tables.items()},
        "files": sorted(str(file.relative_to(home)) for file in home.glob("lake/**/reports/*")),
    }


def _settled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _settled(inner) for key, inner in value.items() if key not in _VOLATILE}
    return [_settled(inner) for inner in value] if isinstance(value, list) else value


def _rows(frame: pd.DataFrame) -> str:
    kept = frame.drop(columns=["scored_at"], errors="ignore")
    ordered = kept.sort_values(["_batch_id", "_row"]).reset_index(drop=True).astype(str)
    return f"{len(frame)}: {pd.util.hash_pandas_object(ordered, index=False).sum()}"


def _versions(tracking: str) -> list[list[str]]:
    import mlflow

    client = mlflow.MlflowClient(tracking)
    told = lambda version: sorted(tag for tag in version.tags if tag.startswith("loopwright"))  # noqa: E731
    return sorted([str(v.version), v.run_id, *told(v)] for v in client.search_model_versions("name = 'tips'"))


class Step:
    """One step, made ready once; before each run everything is as it was then."""

    def __init__(self, name: str, folder: Path, cold: Path) -> None:
        self.prepare, self.act = STEPS[name]
        self.toy = toys.make(folder / "project")
        self.path, self._kept = str(self.toy.path), folder / "kept"
        (self.toy.path / ".loopwright").mkdir()
        shutil.copy(cold, self.toy.path / ".loopwright" / "mlflow.db")
        self.children = Children(folder)
        self.children.whole(self.prepare, self.path)
        shutil.copytree(self.toy.path, self._kept)
        self.points = self.children.points(self.act, self.path)
        self.undisturbed = self.children.whole(end_of, self.path)

    def after_a_kill(self, point: Point) -> dict[str, Any]:
        """Return the end of a step that was killed at a point, and then asked for again."""
        shutil.rmtree(self.toy.path)
        shutil.copytree(self._kept, self.toy.path)
        self.children.killed(point, self.act, self.path)
        self.children.whole(self.act, self.path)
        end: dict[str, Any] = self.children.whole(end_of, self.path)
        return end


def _told_once(end: dict[str, Any]) -> dict[str, Any]:
    """A rehearsal that was held twice was held twice; all else is to be on record as often as undisturbed."""
    events: list[Any] = []
    for event in end["events"]:
        if not (event[1] == Kind.REHEARSED.value and event in events):
            events.append(event)
    return {**end, "events": events}


@pytest.fixture
def step(request, tmp_path, cold_mlflow) -> Step:
    return Step(request.param, tmp_path, cold_mlflow)


def _one_of_each(points: list[Point]) -> list[Point]:
    """Return a point of each kind of write, on the side where more is left half done."""
    return list({point.name: point for point in points if point.side == "after"}.values())


@pytest.mark.parametrize("step", ["release", "publish"], indirect=True)
def test_killed_at_one_of_each_kind_of_write(step):
    assert step.undisturbed["sound"] == []
    for point in _one_of_each(step.points):
        assert _told_once(step.after_a_kill(point)) == _told_once(step.undisturbed), str(point)


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("step", "least"), [(name, 6) for name in STEPS], indirect=["step"], ids=list(STEPS))
def test_killed_at_every_write(step, least):
    assert step.undisturbed["sound"] == []
    assert len(step.points) >= least
    for point in step.points:
        assert _told_once(step.after_a_kill(point)) == _told_once(step.undisturbed), str(point)
