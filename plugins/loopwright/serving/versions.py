"""From a version in the ledger to a predictor: downloaded from the registry, loaded by the digest that was judged."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import TYPE_CHECKING, Any

from loopwright.errors import ArtifactTampered
from loopwright.serving.artifact import load
from loopwright.tracking import Tracking

if TYPE_CHECKING:
    from loopwright.declaration import Workspace
    from loopwright.serving.predictor import Predictor


def load_version(workspace: Workspace, model: str, entry: Mapping[str, Any], cache: Path | None = None) -> Predictor:
    """Load a registered version, or a trained candidate that is not registered yet.

    :param workspace: where MLflow is.
    :param model: the model's name.
    :param entry: what the ledger holds of it: ``source`` and ``artifact_digest`` are used.
    :param cache: a folder in which downloads are kept, by digest; checked again at each load.
    :raises ArtifactTampered: if the bytes are not those that were judged.
    :raises TrackingUnavailable: if they cannot be downloaded.
    """
    digest = entry["artifact_digest"]
    if cache is not None:
        return _cached(workspace, entry, cache / model / digest)
    with TemporaryDirectory(prefix="loopwright-") as folder:
        return load(_downloaded(workspace, entry["source"], Path(folder)), digest)


def _cached(workspace: Workspace, entry: Mapping[str, Any], kept: Path) -> Predictor:
    if kept.is_dir():
        try:
            return load(kept, entry["artifact_digest"])
        except ArtifactTampered:
            shutil.rmtree(kept)  # a cache may rot; the registry is asked again, and its bytes are checked as well
    kept.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(mkdtemp(dir=kept.parent, prefix=".part-"))
    try:
        downloaded = _downloaded(workspace, entry["source"], scratch)
        predictor = load(downloaded, entry["artifact_digest"])
        if not kept.exists():
            os.replace(downloaded, kept)  # noqa: PTH105 - whole or not at all
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return predictor


def _downloaded(workspace: Workspace, source: str, into: Path) -> Path:
    return Tracking.of(workspace).download_source(source, into)
