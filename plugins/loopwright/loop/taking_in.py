"""Takes in what has arrived, batch by batch in order; a batch that faults harms no other."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from loopwright.declaration import Project
from loopwright.errors import DeclarationError, NotReady, counted
from loopwright.ledger.store import Ledger
from loopwright.loop import said
from loopwright.loop.step import FAULT, Step

if TYPE_CHECKING:
    from loopwright.declaration import DatasetSpec, Workspace
    from loopwright.loop.telling import Teller
    from loopwright.stages.ingest.due import Due
    from loopwright.stages.ingest.results import IngestResult


@dataclass(frozen=True)
class Taken:
    """What came of the arrivals.

    :param dataset: the dataset's name.
    :param published: batches that are in the lake now.
    :param quarantined: these were set aside whole.
    :param unchanged: these were the same as before.
    :param faults: these could not be judged.
    :param refused: files that can be no batch, and files of labels that cannot be joined.
    :param dropped: whose rows a person had dropped, before that could be done.
    :param seconds: how long it took.
    :param labels: files of labels that were taken in.
    """

    dataset: str
    published: tuple[str, ...]
    quarantined: tuple[str, ...]
    unchanged: tuple[str, ...]
    faults: tuple[str, ...]
    refused: tuple[str, ...]
    dropped: tuple[str, ...]
    seconds: float
    labels: tuple[str, ...] = ()

    @property
    def exit_status(self) -> int:
        """0 when all is done, 1 when a batch was quarantined or a file refused, 2 when one could not be judged."""
        return 2 if self.faults else 1 if self.quarantined or self.refused else 0

    def sentence(self) -> str:
        """Return the counts in words."""
        counts = {"published": self.published, "quarantined": self.quarantined, "unchanged": self.unchanged}
        counts |= {"could not be judged": self.faults, "refused": self.refused, "dropped": self.dropped}
        parts = [f"{len(batches)} {what}" for what, batches in counts.items() if batches]
        parts += [f"{counted(len(self.labels), 'file')} of labels taken"] if self.labels else []
        told = ", ".join(parts)
        return f"{told or 'nothing waits'} ({self.seconds:.1f} s)"

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        plain = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}
        return {**plain, "seconds": round(self.seconds, 3), "exit_status": self.exit_status}


def take_in(
    workspace: Workspace, dataset: str, teller: Teller, *, batch_id: str | None = None, force: bool = False
) -> Taken:
    """Take in what waits.

    :param workspace: where everything is.
    :param dataset: the dataset's name.
    :param teller: tells of each batch.
    :param batch_id: only this one.
    :param force: also what was taken in before.
    :raises LoopwrightError: if the declaration is wrong or the surroundings fail.
    """
    spec = Project.at(workspace.project).dataset(dataset)
    started = time.monotonic()
    found = arrived(workspace, spec, batch_id=batch_id, force=force)
    arrivals = found.listing.arrivals
    tell_due(found, teller)
    teller.total = len(arrivals)
    came_to: dict[str, list[str]] = {"published": [], "quarantined": [], "unchanged": [], "dropped": [], "fault": []}
    for arrival in arrivals:
        result = take_in_one(workspace, spec, arrival.batch_id, teller, force=force)
        came_to[result.status if result else "fault"].append(arrival.batch_id)
        teller.done += 1
    return Taken(
        dataset=dataset,
        published=tuple(came_to["published"]),
        quarantined=tuple(came_to["quarantined"]),
        unchanged=tuple(came_to["unchanged"]),
        faults=tuple(came_to["fault"]),
        refused=(*(one.name for one in found.listing.refused), *(found.labels.refused if found.labels else ())),
        labels=found.labels.files if found.labels else (),
        dropped=tuple(came_to["dropped"]),
        seconds=time.monotonic() - started,
    )


def arrived(workspace: Workspace, dataset: DatasetSpec, *, batch_id: str | None = None, force: bool = False) -> Due:
    """Return the arrivals that wait, what is refused, and what came of files of labels.

    :raises NotReady: if nothing waits because nothing has ever arrived: a typo in the glob, or an empty folder.
    """
    from loopwright.stages.ingest.due import due

    if dataset.query and batch_id is None:
        asked_for(workspace, dataset, dataset.query.connection)
    found = due(workspace, dataset, batch_id=batch_id, force=force)
    there = (*found.listing.arrivals, *found.listing.refused)
    if dataset.query:
        return found
    if not there and not Ledger.of(workspace).dataset(dataset.name).under("arrival"):
        raise NotReady(
            f"No batch of {dataset.name!r} has arrived yet.",
            where=workspace.arrivals_glob(dataset.arrivals),
            mend="Put a file there, or mend `arrivals` in dataset.yaml, or say where with LOOPWRIGHT_ARRIVALS.",
        )
    return found


def asked_for(
    workspace: Workspace, dataset: DatasetSpec, connection: str, environ: Mapping[str, str] = os.environ
) -> None:
    """Take what is new in a dataset's database, whose URL the environment holds.

    :raises DeclarationError: if it does not.
    """
    from loopwright.stages.ingest.arriving.querying import fetch_rows

    name = f"LOOPWRIGHT_SQL_{connection.upper()}"
    if not environ.get(name):
        raise DeclarationError(
            f"Where the database {connection!r} is, is not known here.",
            where=f"dataset {dataset.name}: query.connection",
            mend=f"Set {name} to its SQLAlchemy URL, such as postgresql+psycopg2://user:password@host/database.",
        )
    fetch_rows(workspace, dataset, environ[name])


def tell_due(found: Due, teller: Teller) -> None:
    """Tell of each file that can be no batch as of a step that failed, and of files of labels; the others go on."""
    for one in found.listing.refused:
        mend = f" {one.fault.mend}" if one.fault.mend else ""
        result = {"error": one.fault.to_dict()}
        teller.tell(Step("ingest", "list", one.name, "fail", f"{one.fault.what}{mend}", 0.0, result))
    if found.labels is None:
        return
    for name, why in found.labels.refused.items():
        teller.tell(Step("ingest", "labels", name, "fail", why, 0.0))
    if found.labels.files:
        teller.tell(Step("ingest", "labels", None, *said.labelled(found.labels), 0.0, found.labels.to_dict()))


def take_in_one(
    workspace: Workspace, dataset: DatasetSpec, batch_id: str, teller: Teller, *, force: bool = False
) -> IngestResult | None:
    """Take in one batch.

    :return: what came of it; ``None`` when it could not be judged, or could not be had: the others may well be.
    """
    from loopwright.stages.ingest.arriving.arrival import ArrivalOutOfReach
    from loopwright.stages.ingest.stage import ingest_batch

    started = time.monotonic()
    act = partial(ingest_batch, workspace, dataset, batch_id, force=force)
    try:
        return teller.attempt("ingest", "ingest", act, said.ingested, batch_id)
    except ArrivalOutOfReach as error:
        elapsed = time.monotonic() - started
        teller.tell(Step("ingest", "ingest", batch_id, FAULT, error.what, elapsed, {"error": error.to_dict()}))
        return None
