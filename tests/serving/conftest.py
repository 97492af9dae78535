"""A trained toy model as files."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import artifacts
from support import toy as toys


@pytest.fixture
def written(toy: toys.Toy, tmp_path: Path) -> tuple[Path, str]:
    """The toy's binary model: its folder and digest."""
    folder = tmp_path / "artifact"
    return folder, artifacts.write(toy, folder)
