"""From an entry in the ledger to a predictor: downloaded, checked, and kept only when right."""

from __future__ import annotations

import json
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
    there = load_version(toy.workspace, "tips", entry)
    pd.testing.assert_frame_equal(there.predict(rides(3)), load(*written).predict(rides(3)))


def test_bytes_that_changed_in_the_store_are_not_loaded(toy, entry) -> None:
    with stored(toy, "features.py").open("a") as file:
        file.write("\n# only a comment\n")
    with pytest.raises(ArtifactTampered, match="not those that were judged"):
        load_version(toy.workspace, "tips", entry)


def test_files_that_are_gone_are_said_to_be(toy, entry) -> None:
    gone = {**entry, "source": f"runs:/{'0' * 32}/model"}
    with pytest.raises(UnknownName, match="MLflow has no such thing"):
        load_version(toy.workspace, "tips", gone)


def test_a_cached_copy_spares_the_download(toy, entry, tmp_path, monkeypatch) -> None:
    cache = tmp_path / "cache"
    first = load_version(toy.workspace, "tips", entry, cache=cache)
    monkeypatch.setattr("loopwright.tracking.Tracking.download_source", lambda *a: pytest.fail("it downloaded"))
    again = load_version(toy.workspace, "tips", entry, cache=cache)
    pd.testing.assert_frame_equal(first.predict(rides(3)), again.predict(rides(3)))
    assert [path.name for path in (cache / "tips").iterdir()] == [entry["artifact_digest"]]


def test_a_rotten_copy_is_replaced(toy, entry, tmp_path) -> None:
    load_version(toy.workspace, "tips", entry, cache=tmp_path)
    card = tmp_path / "tips" / entry["artifact_digest"] / "data/model/card.json"
    card.write_text("{}")
    assert load_version(toy.workspace, "tips", entry, cache=tmp_path).card["model"] == "tips"
    assert json.loads(card.read_text())["model"] == "tips"


def test_a_tampered_store_leaves_nothing_in_the_cache(toy, entry, tmp_path) -> None:
    stored(toy, "estimator.pkl").write_bytes(b"no pickle")
    with pytest.raises(ArtifactTampered, match="not those that were judged"):
        load_version(toy.workspace, "tips", entry, cache=tmp_path / "cache")
    assert list((tmp_path / "cache" / "tips").iterdir()) == []
