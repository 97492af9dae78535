"""Fixtures that every room's tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import toy as toys


@pytest.fixture
def toy(tmp_path: Path) -> toys.Toy:
    """A toy project of its own, with nothing arrived yet."""
    return toys.make(tmp_path)
