"""A toy project with batches published, and the four steps in a row."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from loopwright.ledger.events import Draft, Event, Kind
from loopwright.ledger.state import ModelState
from loopwright.ledger.store import Ledger
from loopwright.stages.train import (
    Candidate,
    TrainingDecision,
    decide_training,
    fit_candidate,
    judge_candidate,
    register_candidate,
)
from loopwright.tracking import Tracking
from support import toy as toys
from support.published import publish


@dataclass
class Trained:
    """A toy project and what its trainings do."""

    toy: toys.Toy
    name: str = "tips"

    @property
    def spec(self):
        return self.toy.project.model(self.name)

    @property
    def workspace(self):
        return self.toy.workspace

    @property
    def folder(self) -> Path:
        return self.toy.project.model_folder(self.name)

    @property
    def ledger(self) -> Ledger:
        return Ledger.of(self.workspace)

    @property
    def tracking(self) -> Tracking:
        return Tracking.of(self.workspace)

    @property
    def state(self) -> ModelState:
        return self.ledger.model(self.name)

    def events(self, *kinds: Kind) -> list[Event]:
        return self.ledger.events(f"model/{self.name}", kinds=kinds or None)

    def publish(self, *months: int, **law: object) -> None:
        publish(self.toy, *months, **law)

    def decide(self, **asked) -> TrainingDecision:
        return decide_training(self.workspace, self.spec, **asked)

    def fit(self, training_id: str):
        return fit_candidate(self.workspace, self.spec, training_id)

    def judge(self, training_id: str):
        return judge_candidate(self.workspace, self.spec, training_id)

    def register(self, training_id: str) -> Candidate:
        return register_candidate(self.workspace, self.spec, training_id)

    def train(self, **asked) -> Candidate:
        """Decide, fit, judge and register."""
        decision = self.decide(**asked)
        assert decision.train, decision.why
        self.fit(decision.training_id)
        verdict = self.judge(decision.training_id).verdict
        assert verdict.passed, verdict.why()
        return self.register(decision.training_id)

    def record(self, kind: Kind, **evidence) -> None:
        self.ledger.record(f"model/{self.name}", Draft(kind, "tests", "as a test wants it", evidence))

    def crown(self, version: str) -> None:
        """Make a version the champion, as a release would."""
        self.record(Kind.RELEASE_CONFIRMED, version=version, previous=None, action="promote")

    def edit(self, file: str, old: str, new: str) -> None:
        self.toy.edit(f"include/models/{self.name}/{file}", old, new)


@pytest.fixture(scope="session")
def empty_mlflow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database without runs: making its tables takes seconds, copying them does not."""
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    Tracking(f"sqlite:///{path}").experiment("nothing")
    return path


@pytest.fixture
def tips(toy: toys.Toy, empty_mlflow: Path) -> Trained:
    """The binary toy model, with nothing published yet."""
    home = toy.path / ".loopwright"
    home.mkdir()
    shutil.copy(empty_mlflow, home / "mlflow.db")
    return Trained(toy)


@pytest.fixture
def minutes(tips: Trained) -> Trained:
    """The regression toy model, with nothing published yet."""
    return Trained(tips.toy, "minutes")
