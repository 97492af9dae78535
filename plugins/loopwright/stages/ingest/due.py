"""What is due whenever ingest begins, by whichever way in, before anything that waits is handled."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loopwright.stages.ingest.arriving.waiting import waiting
from loopwright.stages.ingest.quarantine.sweeping import erase_overdue

if TYPE_CHECKING:
    from loopwright.declaration import Workspace
    from loopwright.declaration.dataset import DatasetSpec
    from loopwright.stages.ingest.arriving.arrival import Listing

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Due:
    """What is due.

    :param listing: the arrivals that wait, and what is refused.
    :param labelled: published batches whose labels came in files of their own just now, enough to learn from; ``None``
        where labels come with the rows.
    """

    listing: Listing
    labelled: tuple[str, ...] | None = None


def due(workspace: Workspace, dataset: DatasetSpec, *, batch_id: str | None = None, force: bool = False) -> Due:
    """Erase what was in quarantine for too long, take labels that came in files of their own, and list what waits.

    :param workspace: the five places.
    :param dataset: its declaration.
    :param batch_id: as for :func:`~loopwright.stages.ingest.arriving.waiting.waiting`.
    :param force: likewise.
    """
    erase_overdue(workspace, dataset)
    labelled = _labelled(workspace, dataset) if dataset.labels.arrivals else None
    return Due(waiting(workspace, dataset, batch_id=batch_id, force=force), labelled)


def _labelled(workspace: Workspace, dataset: DatasetSpec) -> tuple[str, ...]:
    from loopwright.stages.ingest.labelling import take_labels

    taken = take_labels(workspace, dataset)
    _log.log(logging.WARNING if taken.refused else logging.INFO, "Labels: %s", taken.to_dict())
    return taken.complete
