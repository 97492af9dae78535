"""What is due whenever ingest begins, by whichever way in, before anything that waits is handled."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from loopwright.stages.ingest.arriving.overdue import erase_overdue
from loopwright.stages.ingest.arriving.waiting import waiting

if TYPE_CHECKING:
    from loopwright.declaration import Workspace
    from loopwright.declaration.dataset import DatasetSpec
    from loopwright.stages.ingest.arriving.arrival import Listing

_log = logging.getLogger(__name__)


def due(workspace: Workspace, dataset: DatasetSpec, *, batch_id: str | None = None, force: bool = False) -> Listing:
    """Erase what was in quarantine for too long, take labels that came in files of their own, and list what waits.

    :param workspace: the five places.
    :param dataset: its declaration.
    :param batch_id: as for :func:`~loopwright.stages.ingest.arriving.waiting.waiting`.
    :param force: likewise.
    """
    erase_overdue(workspace, dataset)
    if dataset.labels.arrivals:
        from loopwright.stages.ingest.labelling import take_labels

        _log.info("Labels: %s", take_labels(workspace, dataset).to_dict())
    return waiting(workspace, dataset, batch_id=batch_id, force=force)
