"""A version's files as the registry holds them now, if they are those that were judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from loopwright.errors import ArtifactTampered

if TYPE_CHECKING:
    from pathlib import Path

    from loopwright.declaration import Workspace


def judged_files(workspace: Workspace, entry: Mapping[str, Any], into: Path) -> Path:
    """Download a version's files and hold them against their digest, and leave nothing that it does not cover.

    Nothing of them is run.

    :param workspace: where MLflow is.
    :param entry: the version, as the ledger has it.
    :param into: a folder to download to.
    :return: where they are.
    :raises ArtifactTampered: if they are not those that were judged.
    :raises TrackingUnavailable: if they cannot be downloaded.
    """
    from loopwright.serving.artifact import artifact_digest, strip_uncovered
    from loopwright.tracking import Tracking

    files = Tracking.of(workspace).download_source(entry["source"], into)
    found = artifact_digest(files)
    if found != entry["artifact_digest"]:
        raise ArtifactTampered(
            "The artifact's bytes are not those that were judged.",
            where=f"version {entry['version']}, {entry['source']}",
            got=found,
            allowed=entry["artifact_digest"],
            mend="Find who changed it. `loopwright rollback` returns to the version before; training makes a new one.",
        )
    strip_uncovered(files)
    return files
