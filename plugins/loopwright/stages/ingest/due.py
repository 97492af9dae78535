"""What is due whenever ingest begins, by whichever way in, before anything that waits is handled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loopwright.stages.ingest.arriving.waiting import waiting
from loopwright.stages.ingest.quarantine.sweeping import erase_overdue

if TYPE_CHECKING:
    from loopwright.declaration import Workspace
    from loopwright.declaration.dataset import DatasetSpec
    from loopwright.stages.ingest.arriving.arrival import Listing
    from loopwright.stages.ingest.labelling import LabelsTaken


@dataclass(frozen=True)
class Due:
    """What is due.

    :param listing: the arrivals that wait, and what is refused.
    :param labels: what came of the files of labels; ``None`` where labels come with the rows.
    """

    listing: Listing
    labels: LabelsTaken | None = None


def due(workspace: Workspace, dataset: DatasetSpec, *, batch_id: str | None = None, force: bool = False) -> Due:
    """Erase what was in quarantine for too long, take labels that came in files of their own, and list what waits.

    :param workspace: the five places.
    :param dataset: its declaration.
    :param batch_id: as for :func:`~loopwright.stages.ingest.arriving.waiting.waiting`.
    :param force: likewise.
    """
    erase_overdue(workspace, dataset)
    labels = _labels(workspace, dataset) if dataset.labels.arrivals else None
    return Due(waiting(workspace, dataset, batch_id=batch_id, force=force), labels)


def _labels(workspace: Workspace, dataset: DatasetSpec) -> LabelsTaken:
    from loopwright.stages.ingest.labelling import take_labels

    return take_labels(workspace, dataset)
