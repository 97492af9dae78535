"""Files of labels that wait to be taken in. Light, as listings are: triggers ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.stages.ingest.arriving.arrival import Arrival, ArrivalsMissing
from loopwright.stages.ingest.arriving.listing import listed

if TYPE_CHECKING:
    from loopwright.declaration import Workspace
    from loopwright.declaration.dataset import DatasetSpec
    from loopwright.ledger.state import State


def labels_there(workspace: Workspace, dataset: DatasetSpec) -> list[Arrival]:
    """Return the files of labels that there are, in their order; none where none are declared, or none came yet.

    :param workspace: where relative places are taken from.
    :param dataset: its declaration.
    """
    if not dataset.labels.arrivals:
        return []
    try:
        return list(
            listed(workspace.arrivals_glob(dataset.labels.arrivals), "{stem}", workspace.storage_options).arrivals
        )
    except ArrivalsMissing:  # labels come later than rows
        return []


def labels_untaken(state: State, there: list[Arrival]) -> list[Arrival]:
    """Return those of some files of labels that were neither taken in nor refused as they are now.

    :param state: what the ledger knows of the dataset.
    :param there: the files.
    """
    return [one for one in there if (state.get(f"labels_file/{one.batch_id}") or {}).get("signature") != one.signature]
