"""From an entry in the ledger to a predictor: downloaded, checked, and loaded only when right."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from loopwright.errors import ArtifactTampered, UnknownName
from loopwright.serving import load, load_version, versions
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


@pytest.fixture
def downloads(monkeypatch) -> list[str]:
    """What was downloaded, in order."""
    asked: list[str] = []
    download = Tracking.download_source

    def counted(self, source: str, into: Path) -> Path:
        asked.append(source)
        return download(self, source, into)

    monkeypatch.setattr(Tracking, "download_source", counted)
    return asked


def test_the_same_version_is_downloaded_once_and_loaded_each_time(toy, entry, downloads) -> None:
    first, second = load_version(toy.workspace, entry), load_version(toy.workspace, entry)
    assert downloads == [entry["source"]]
    assert first.estimator is not second.estimator
    assert first.code != second.code


def test_a_copy_that_changed_meanwhile_is_refused_and_fetched_anew(toy, entry, downloads) -> None:
    load_version(toy.workspace, entry)
    kept = next(folder for key, (_, folder) in versions._downloads._kept.items() if key[1] == entry["source"])
    (kept / "data/model/code/features.py").write_text("raise SystemExit\n")
    with pytest.raises(ArtifactTampered, match="not those that were judged"):
        load_version(toy.workspace, entry)
    load_version(toy.workspace, entry)
    assert downloads == [entry["source"]] * 2


def test_a_copy_that_somebody_tidied_away_is_fetched_anew(toy, entry, downloads) -> None:
    load_version(toy.workspace, entry)
    kept = next(folder for key, (_, folder) in versions._downloads._kept.items() if key[1] == entry["source"])
    shutil.rmtree(kept)
    load_version(toy.workspace, entry)
    assert downloads == [entry["source"]] * 2


def test_only_the_last_versions_stay_on_the_disk(toy, written, entry) -> None:
    for number in range(versions.KEPT + 1):
        with Tracking.of(toy.workspace).run("tips", key=f"k{number}", name="n") as run_id:
            Tracking.of(toy.workspace).log_folder(run_id, written[0], "model")
        load_version(toy.workspace, {**entry, "source": f"runs:/{run_id}/model"})
    assert len(versions._downloads._kept) == versions.KEPT
