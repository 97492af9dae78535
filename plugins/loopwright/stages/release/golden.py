"""The golden sample of a version: the rows that it is asked and the answers that it gave, as kept at its training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from loopwright.errors import ArtifactTampered
from loopwright.serving.kept import GOLDEN, REHEARSAL_EXPECTED, REHEARSAL_ROWS, golden_digest
from loopwright.tracking import Tracking

if TYPE_CHECKING:
    from pathlib import Path

    from loopwright.declaration import Workspace
    from loopwright.ledger.state import ModelState


class GoldenSampleTampered(ArtifactTampered):
    """Rows or answers that are not those that were kept: who passes on them has shown nothing."""


def golden_of(state: ModelState, entry: Mapping[str, Any]) -> str | None:
    """Return the recorded digest of a version's golden sample; ``None`` where an older release recorded none.

    :param state: the model's state.
    :param entry: the version.
    """
    verdict = (state.training(entry["training_id"]) or {}).get("verdict") or {}
    found = (verdict.get("digests") or {}).get(GOLDEN) or entry.get(GOLDEN)
    return None if found is None else str(found)


def golden_sample(
    workspace: Workspace, entry: Mapping[str, Any], digest: str | None, folder: Path
) -> tuple[Path, Path]:
    """Fetch a version's golden sample: the files of its rows and of its answers.

    :param workspace: where MLflow is.
    :param entry: the version.
    :param digest: as :func:`golden_of` has it.
    :param folder: to fetch to.
    :raises GoldenSampleTampered: if they are not those that were kept.
    """
    registry, run = Tracking.of(workspace), entry["run_id"]
    rows, expected = registry.download(run, REHEARSAL_ROWS, folder), registry.download(run, REHEARSAL_EXPECTED, folder)
    found = golden_digest(rows, expected)
    if digest is not None and found != digest:
        raise GoldenSampleTampered(
            "The rows and answers to ask it about are not those that were kept at its training.",
            where=f"run {run}: rehearsal/",
            got=found,
            allowed=digest,
            mend="Find who changed them; training makes a new version.",
        )
    return rows, expected
