"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from support import airflow_home
from support import toy as toys

# Before anything imports scikit-learn: OpenMP's idle threads spin otherwise, and on a busy machine 0.4 s take 5.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
airflow_home.settle()  # before any test module imports Airflow


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep every file on one worker, and the end-to-end stories on one of their own from the first minute.

    Those mostly wait for an Airflow, so that they cost the others little; begun last, they would be all that is left.
    Then come the files of many tests: a long one that is begun late is waited for as well. ``--dist loadgroup`` keeps
    this order only with ``--no-loadscope-reorder``.
    """
    in_file = Counter(item.path for item in items)
    items.sort(key=lambda item: (not item.get_closest_marker("e2e"), -in_file[item.path], str(item.path)))
    for item in items:
        group = "e2e" if item.get_closest_marker("e2e") else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture
def toy(tmp_path: Path) -> toys.Toy:
    """A toy project of its own, with nothing arrived yet."""
    return toys.make(tmp_path)
