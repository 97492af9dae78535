"""Fixtures that every room's tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import airflow_home
from support import toy as toys

airflow_home.settle()  # before any test module imports Airflow


@pytest.fixture
def toy(tmp_path: Path) -> toys.Toy:
    """A toy project of its own, with nothing arrived yet."""
    return toys.make(tmp_path)
