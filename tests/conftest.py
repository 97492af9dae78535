"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support import airflow_home
from support import toy as toys

# Before anything imports scikit-learn: OpenMP's idle threads spin otherwise, and on a busy machine 0.4 s take 5.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
airflow_home.settle()  # before any test module imports Airflow


@pytest.fixture
def toy(tmp_path: Path) -> toys.Toy:
    """A toy project of its own, with nothing arrived yet."""
    return toys.make(tmp_path)
