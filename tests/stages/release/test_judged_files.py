"""The files of a version as they were judged: nothing beside them that no digest covers."""

from __future__ import annotations

import importlib.util

import pytest

from loopwright.errors import ArtifactTampered
from loopwright.stages.release import judged_files


def test_bytecode_that_somebody_put_beside_the_code_is_not_passed_on(house, tmp_path):
    """Python runs it for the source; whoever copies or imports these files would run what nobody judged."""
    version = house.candidate()
    [source] = [path for path in house.toy.path.rglob("features.py") if "artifacts" in path.parts]
    planted = source.parent / importlib.util.cache_from_source("features.py")
    planted.parent.mkdir()
    planted.write_bytes(b"anything")
    files = judged_files(house.workspace, house.state.version(version), tmp_path / "files")
    assert [path.name for path in files.rglob("features*")] == ["features.py"]
    assert planted.exists()  # the registry's own are not ours to remove


def test_other_bytes_are_refused(house, tmp_path):
    version = house.candidate()
    [source] = [path for path in house.toy.path.rglob("features.py") if "artifacts" in path.parts]
    source.write_text(source.read_text() + "#")
    with pytest.raises(ArtifactTampered, match="not those that were judged"):
        judged_files(house.workspace, house.state.version(version), tmp_path / "files")
