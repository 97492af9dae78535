"""A toy project that has come so far: published months, candidates by hand, a champion if wanted."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from loopwright.declaration import ModelSpec, Workspace
from loopwright.lake import Lake
from loopwright.ledger.events import Draft, Event, Kind
from loopwright.ledger.state import ModelState
from loopwright.ledger.store import Ledger
from loopwright.stages.release import ALIAS, promote
from loopwright.stages.score import score_batch
from loopwright.tracking import Tracking
from loopwright.verdict import Check, Outcome, Verdict
from support import candidates, published
from support.toy import Toy


@dataclass(frozen=True)
class House:
    """A toy project, seen from its model ``tips``."""

    toy: Toy

    @property
    def workspace(self) -> Workspace:
        return self.toy.workspace

    @property
    def model(self) -> ModelSpec:
        return self.toy.tips

    @property
    def ledger(self) -> Ledger:
        return Ledger.of(self.workspace)

    @property
    def tracking(self) -> Tracking:
        return Tracking.of(self.workspace)

    @property
    def state(self) -> ModelState:
        return self.ledger.model("tips")

    @property
    def alias(self) -> str | None:
        return self.tracking.alias_of("tips", ALIAS)

    @property
    def standing(self) -> tuple[str | None, str | None, dict[str, Any] | None]:
        """Champion by the ledger, champion by the alias, release under way."""
        return (self.state.champion or {}).get("version"), self.alias, self.state.release

    def events(self, *kinds: Kind) -> list[Event]:
        return self.ledger.events("model/tips", kinds=kinds or None)

    def kinds(self) -> list[str]:
        return [event.kind.value for event in self.events()]

    def candidate(self, **how: Any) -> str:
        """Train on month 1, hold out month 2."""
        return candidates.candidate(self.workspace, self.model, ["2024-01"], ["2024-02"], **how)

    def rehearsed(self, **how: Any) -> str:
        """A candidate whose rehearsal is recorded, and was not held: that takes three seconds."""
        version = self.candidate(**how)
        verdict = Verdict("rehearsal", "model/tips", (Check("loads", Outcome.PASS, "it loads"),)).to_dict()
        evidence = {"version": version, "verdict": verdict, "seconds": 0.0}
        self.ledger.record("model/tips", Draft(Kind.REHEARSED, "release", "pass", evidence))
        return version

    def champion(self, **how: Any) -> str:
        version = self.rehearsed(**how)
        promote(self.workspace, self.model, version)
        return version

    def publish(self, *months: int, frame: pd.DataFrame | None = None, **law: Any) -> list[str]:
        return published.publish(self.toy, *months, frame=frame, **law)

    def score(self, *batches: str) -> None:
        for batch in batches:
            score_batch(self.workspace, self.model, batch)

    def predictions(self, *batches: str) -> pd.DataFrame:
        return Lake.of(self.workspace).predictions("tips").read(list(batches) or None)


@pytest.fixture(scope="session")
def cold_mlflow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database that was made and never used: making one takes two seconds."""
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    Tracking(f"sqlite:///{path}").alias_of("nobody", ALIAS)
    return path


@pytest.fixture
def made_mlflow(toy: Toy, cold_mlflow: Path) -> None:
    """The toy project's MLflow database is there already, for tests that are not about its making."""
    _copy(cold_mlflow, toy)


def _copy(cold: Path, toy: Toy) -> None:
    home = toy.path / ".loopwright"
    home.mkdir()
    shutil.copy(cold, home / "mlflow.db")


@pytest.fixture
def house(toy: Toy, cold_mlflow: Path) -> House:
    """Two published months, and no candidate yet."""
    _copy(cold_mlflow, toy)
    made = House(toy)
    made.publish(1, 2, rows=400)
    return made
