"""An arrival, and what there is of them at the source: files that may become batches, and files that can be none.

Light on purpose: triggers and sensors import it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from loopwright.errors import CannotRun, DataFault, UnknownName, shown, shown_names

if TYPE_CHECKING:
    from loopwright.declaration.dataset import DatasetSpec


class ArrivalsMissing(CannotRun):
    """The place where arrivals are expected is not there: not mounted, not created, or misspelt."""


class ArrivalOutOfReach(CannotRun):
    """One arrival cannot be had now: it may not be read, or it changes meanwhile. The others may well be had."""


@dataclass(frozen=True)
class Arrival:
    """One file that arrived, or several that make one batch.

    :param batch_id: the batch it is, by its name.
    :param path: a local path, or a URL; the first, of several.
    :param signature: changes when a file changes; from its size and its time or ETag, without opening it.
    :param parts: all paths, where several files make the batch.
    """

    batch_id: str
    path: str
    signature: str
    parts: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """Every file."""
        return self.parts or (self.path,)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Refused:
    """A file, or several, that can be no batch: its name is not safe, or another file claims the same batch.

    :param name: the batch that is claimed; a file's name, where it gives none.
    :param fault: what is wrong, and how to mend it.
    """

    name: str
    fault: DataFault

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"name": self.name, "error": self.fault.to_dict()}


@dataclass(frozen=True)
class Listing:
    """What there is at the source.

    :param arrivals: in the natural order of their batch ids.
    :param refused: what can be no batch.
    """

    arrivals: tuple[Arrival, ...]
    refused: tuple[Refused, ...] = ()

    def only(self, batch_id: str, dataset: DatasetSpec) -> Listing:
        """Return what there is of one batch.

        :param batch_id: the batch, or the name of a refused file.
        :param dataset: for the message.
        :raises UnknownName: if there is nothing; the nearest is said.
        """
        refused = tuple(refused for refused in self.refused if refused.name == batch_id)
        return Listing((), refused) if refused else Listing((arrival_of(self, batch_id, dataset),))


def arrival_of(found: Listing, batch_id: str, dataset: DatasetSpec) -> Arrival:
    """Return the arrival of one batch.

    :param found: what there is.
    :param batch_id: the batch.
    :param dataset: for the message.
    :raises UnknownName: if there is none.
    :raises DataFault: if its file is refused.
    """
    by_id = {arrival.batch_id: arrival for arrival in found.arrivals}
    if batch_id in by_id:
        return by_id[batch_id]
    for refused in found.refused:
        if refused.name == batch_id:
            raise refused.fault
    near = get_close_matches(batch_id, by_id, n=1)
    raise UnknownName(
        f"No file has arrived for the batch {shown(batch_id)!r}.",
        where=f"dataset {dataset.name}: {dataset.arrivals}",
        allowed=shown_names(list(by_id)) or "nothing has arrived yet",
        mend=f"Did you mean {near[0]!r}?" if near else "Name a batch whose file is there, or bring the file back.",
    )
