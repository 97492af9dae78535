"""From an entry in the ledger to a predictor: downloaded, checked, and loaded only when right."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from loopwright.errors import ArtifactTampered, UnknownName
from loopwright.serving import load, load_version
from loopwright.tracking import Tracking
from support.toy import rides


@pytest.fixture
def entry(toy, written) -> dict[str, str]:
    """A trained version as the ledger has it."""
    folder, digest = written
    tracking = Tracking.of(toy.workspace)
    with tracking.run("tips", key="k", name="n") as run_id:
        tracking.log_folder(run_id, folder, "model")
    return {"version": "1", "run_id": run_id, "source": f"runs:/{run_id}/model", "artifact_digest": digest}


def stored(toy, name: str) -> Path:
    (found,) = (toy.path / ".loopwright").rglob(name)
    return found


def test_what_was_kept_is_what_answers(toy, written, entry) -> None:
    there = load_version(toy.workspace, entry)
    pd.testing.assert_frame_equal(there.predict(rides(3)), load(*written).predict(rides(3)))


def test_bytes_that_changed_in_the_store_are_not_loaded(toy, entry) -> None:
    with stored(toy, "features.py").open("a") as file:
        file.write("\n# only a comment\n")
    with pytest.raises(ArtifactTampered, match="not those that were judged"):
        load_version(toy.workspace, entry)


def test_files_that_are_gone_are_said_to_be(toy, entry) -> None:
    gone = {**entry, "source": f"runs:/{'0' * 32}/model"}
    with pytest.raises(UnknownName, match="MLflow has no such thing"):
        load_version(toy.workspace, gone)
