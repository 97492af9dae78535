"""MLflow on SQLite, its tables made once: they take more time than most tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from loopwright.tracking import Tracking


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    database = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    assert Tracking(f"sqlite:///{database}").run_of("nobody", "nothing") is None
    return database


@pytest.fixture
def tracking(tmp_path: Path, made: Path) -> Tracking:
    shutil.copy(made, tmp_path / "mlflow.db")
    return Tracking(f"sqlite:///{tmp_path / 'mlflow.db'}")
