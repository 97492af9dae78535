"""Inference over a dataset's arrivals: batch after batch is read, cleaned and scanned, one in memory at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from loopwright.declaration.sensitive import hidden, shy_of
from loopwright.errors import DataFault, NotReady, shown_names
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.arriving.arrival import Arrival, arrival_of
from loopwright.stages.ingest.arriving.fetching import fetched
from loopwright.stages.ingest.arriving.listing import listed_for
from loopwright.stages.ingest.examining.examination import Examination
from loopwright.stages.ingest.infer.profile import BatchProfile, profiled
from loopwright.stages.ingest.infer.proposing import Proposal, proposed
from loopwright.stages.ingest.judging.asking import ask, scannable
from loopwright.stages.ingest.judging.scan.source import table
from loopwright.stages.ingest.sensitive import untold

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.declaration import Workspace
    from loopwright.declaration.dataset import DatasetSpec
    from loopwright.stages.ingest.judging.suite import Suite


@dataclass(frozen=True)
class Inferred:
    """What batches say of a suite.

    :param proposal: what they let one expect.
    :param broken: expectations of the present suite that a batch breaks: name to the first such batch, and why.
    :param passed_over: batches that could not be read or cleaned.
    """

    proposal: Proposal
    broken: dict[str, tuple[str, str]] = field(default_factory=dict)
    passed_over: tuple[str, ...] = ()


def infer(
    workspace: Workspace, dataset: DatasetSpec, batch_ids: Sequence[str] = (), *, present: Suite | None = None
) -> Inferred:
    """Infer a suite from batches that have arrived.

    :param workspace: the five places.
    :param dataset: its declaration.
    :param batch_ids: from which; none for all that are there.
    :param present: a suite to hold against them, too.
    :raises NotReady: if there is no batch with a row in it.
    :raises UnknownName: if nothing of a name arrived.
    """
    listing = listed_for(workspace, dataset)
    arrivals = [arrival_of(listing, batch_id, dataset) for batch_id in batch_ids] or list(listing.arrivals)
    found: list[BatchProfile] = []
    broken: dict[str, tuple[str, str]] = {}
    passed_over = []
    for arrival in arrivals:
        try:
            frame = _cleaned(workspace, dataset, arrival)
        except DataFault as fault:
            passed_over.append(f"{arrival.batch_id}: {fault.what}")
            continue
        shy = shy_of(frame.columns, hidden(dataset))
        found.append(profiled(table(scannable(frame)), arrival.batch_id, key=dataset.key or (), hidden=shy))
        if present is not None and len(frame):
            for answer in untold(ask(frame, present), hidden(dataset)).expectations:
                if not answer.success:
                    broken.setdefault(answer.name, (arrival.batch_id, answer.why()))
    if not any(batch.rows for batch in found):
        raise NotReady(
            "There is no batch to infer anything from.",
            where=f"dataset {dataset.name}: {dataset.arrivals}",
            got=shown_names(passed_over) or "nothing has arrived",
            mend="Let a batch arrive that can be read and has rows.",
        )
    return Inferred(proposed(found, dataset.key or ()), broken, tuple(passed_over))


def _cleaned(workspace: Workspace, dataset: DatasetSpec, arrival: Arrival) -> pd.DataFrame:
    state = Ledger.of(workspace).dataset(dataset.name)
    with fetched(arrival, workspace.storage_options) as file:
        return Examination(workspace, dataset, state, arrival.batch_id, file.digest, file=file).cleaned()
