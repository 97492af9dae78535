"""Killed before and after every write, then asked again: the same end as if nothing had happened.

Each row of the matrix is one step of the loop; its columns are found by running it once and counting its writes. All of
them are killed in ``make test-full``; one of each kind of write, in the rest.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from loopwright.ledger.events import Kind
from loopwright.ledger.store import Ledger
from loopwright.serving.kept import CHALLENGER
from support import toy as toys
from support.crash_steps import STEPS, WHO, spec_at
from support.crashing import Children, Point
from support.house import cold_mlflow

__all__ = ["cold_mlflow"]

_VOLATILE = {
    "at", "seconds", "data_version", "data_versions", "run_id", "source", "figures", "table_version", "report",
    "labels_version", "request", "signature",
}  # fmt: skip


def end_of(path: str) -> dict[str, Any]:
    """Return everything that a step leaves, without what no two runs have alike."""
    from loopwright.lake import Lake
    from loopwright.stages.release import ALIAS
    from loopwright.tracking import Tracking

    workspace, _ = spec_at(path)
    ledger, lake, tracking = Ledger.of(workspace), Lake.of(workspace), Tracking.of(workspace)
    state = ledger.model("tips")
    tables = {
        "batches": lake.batches("rides"),
        "quarantine": lake.quarantine("rides"),
        "scored": lake.predictions("tips"),
        "fetched": lake.batches("trips"),
    }
    home = Path(path) / ".loopwright"
    heard = home / "heard"
    return {
        "events": [[e.subject, e.kind.value, e.actor, e.reason, _settled(e.evidence)] for e in ledger.events()],
        "sound": [problem for subject in ledger.subjects() for problem in ledger.verify(subject)],
        "champion": [state.lineage, (state.candidate or {}).get("version"), state.release],
        "aliases": [tracking.alias_of("tips", alias) for alias in (ALIAS, CHALLENGER)],
        "versions": _versions(workspace.tracking),
        "rows": {name: _rows(table.read()) if table.exists() else None for name, table in tables.items()},
        "files": sorted(str(file.relative_to(home)) for kind in _KEPT for file in home.glob(kind) if file.is_file()),
        "heard": sorted(set(heard.read_text().split())) if heard.exists() else [],  # who hears twice knows by the name
        "pointers": [_settled(json.loads(file.read_text())) for file in home.glob("copies/*/champion.json")],
        "names her": sorted(str(file.relative_to(home)) for file in home.glob("lake/**/*.parquet") if _names(file)),
    }


_KEPT = ("lake/**/reports/*", "lake/**/held/**/*", "lake/**/fetched/*", "copies/**/*")
"""What is kept beside the tables: one file too many was written twice, or left behind."""


def _names(file: Path) -> bool:
    rows = pq.read_table(file, partitioning=None).to_pandas()
    return "rider" in rows and bool((rows["rider"] == WHO).any())


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
        self.name, (self.prepare, self.act) = name, STEPS[name]
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
    """A rehearsal that was held twice was held twice; all else is to be on record as often as undisturbed.

    But for the look after an erasure: who was killed before it did not look, and who erases nothing any more tells the
    caller that nobody is there.
    """
    events: list[Any] = []
    for event in end["events"]:
        again = event[1] == Kind.REHEARSED.value and event in events
        if not again and event[1] != Kind.FORGETTING_CHECKED.value:
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
    print(f"{step.name}: killed at {len(step.points)} points")
