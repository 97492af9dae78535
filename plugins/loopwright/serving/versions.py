"""From a version in the ledger to a predictor: downloaded from the registry, loaded by the digest that was judged."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from loopwright.serving.artifact import load
from loopwright.tracking import Tracking

if TYPE_CHECKING:
    from loopwright.declaration import Workspace
    from loopwright.serving.predictor import Predictor


def load_version(workspace: Workspace, entry: Mapping[str, Any]) -> Predictor:
    """Load a registered version, or a trained candidate that is not registered yet.

    :param workspace: where MLflow is.
    :param entry: what the ledger holds of it: ``source`` and ``artifact_digest`` are used.
    :raises ArtifactTampered: if the bytes are not those that were judged.
    :raises TrackingUnavailable: if they cannot be downloaded.
    """
    with TemporaryDirectory(prefix="loopwright-") as folder:
        copy = Tracking.of(workspace).download_source(entry["source"], Path(folder))
        return load(copy, entry["artifact_digest"])
