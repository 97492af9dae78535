"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

from support import airflow_home
from support import toy as toys

# Before anything imports scikit-learn: OpenMP's idle threads spin otherwise, and on a busy machine 0.4 s take 5.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
airflow_home.settle()  # before any test module imports Airflow
END_TO_END = "tests/e2e/"


class Abreast(LoadFileScheduling):  # type: ignore[misc]
    """Every file on one worker, and the end-to-end stories, which share an Airflow, on one of their own."""

    def _split_scope(self, nodeid: str) -> str:
        return "e2e" if nodeid.startswith(END_TO_END) else str(super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Abreast:
    """Return how tests are dealt out to workers."""
    return Abreast(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the end-to-end stories, which mostly wait: begun last, they would be all that is left.

    Then come the files of many tests: a long one that is begun late is waited for as well. Workers are given them in
    this order only with ``--no-loadscope-reorder``.
    """
    in_file = Counter(item.path for item in items)
    items.sort(key=lambda item: (not item.nodeid.startswith(END_TO_END), -in_file[item.path], str(item.path)))


@pytest.fixture
def toy(tmp_path: Path) -> toys.Toy:
    """A toy project of its own, with nothing arrived yet."""
    return toys.make(tmp_path)
