"""A person's rows are erased: from the tables, what is held, the predictions, and the older versions of each.

What must stay true: the record says that it was done and never whom it was about; what was begun is finished by the
next call, wherever it was killed; it is looked again until nothing is found, since batches are published meanwhile; and
what cannot be erased from here is said, not passed over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from loopwright.declaration import Project
from loopwright.errors import DataFault
from loopwright.lake import Lake
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.loop.beyond import beyond, unseen
from loopwright.loop.erasing import erase
from loopwright.loop.traces import Traces, require_known, traces_of
from loopwright.loop.whom import Whom
from loopwright.stages.ingest.hash_key import require_same_key

if TYPE_CHECKING:
    from loopwright.declaration import Workspace

ROUNDS = 5
"""How often is looked again, where batches are published while rows are erased."""

UNFINISHED_AFTER = timedelta(hours=1)
"""How old a file must be that is not written whole, to be erased unlooked at: its writer was killed."""


@dataclass(frozen=True)
class Forgotten:
    """What was erased, or would be.

    :param request: names the erasure in the ledger.
    :param rows: erased from each kind of table.
    :param batches: whose rows they were.
    :param versions: of each model, those that were trained or judged on these batches.
    :param left: what cannot be erased from here, and who can.
    :param clear: whether it was looked everywhere, at last, and nothing found.
    :param dry_run: whether nothing was done.
    """

    dataset: str
    request: str | None
    rows: Mapping[str, int]
    batches: tuple[str, ...]
    versions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    left: tuple[str, ...] = ()
    clear: bool = False
    dry_run: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        versions = {model: list(found) for model, found in self.versions.items()}
        return {**asdict(self), "batches": list(self.batches), "versions": versions, "left": list(self.left)}


def forget(
    workspace: Workspace, dataset: str, key: Mapping[str, str], *, why: str, actor: str, dry_run: bool = False
) -> Forgotten:
    """Erase a person's rows, and record that they were.

    :param workspace: the five places.
    :param dataset: its name.
    :param key: column to value, all of which the rows have; as it arrives, or as the table has it.
    :param why: one sentence, for the ledger; it must not name the person.
    :param actor: who erases, such as ``person:ada``.
    :param dry_run: only say what would be.
    :raises UnknownName: if no such column ever came.
    :raises DataFault: if the reason names the person, or nobody could be found by such a column.
    :raises HashKeyChanged: if columns were hashed by another secret.
    """
    _require_unnamed(key, why)
    spec, ledger = Project.at(workspace.project).dataset(dataset), Ledger.of(workspace)
    require_same_key(workspace, spec, record=False)  # by another key's hash nobody would be found
    whom = Whom.of(spec, key, workspace.hash_key)
    require_known(workspace, spec, whom)  # before anything is done
    left = _finished(workspace, dataset, dry_run=dry_run)
    if not dry_run:
        Lake.of(workspace).erase_unfinished(dataset, older_than=UNFINISHED_AFTER)
    found = first = traces_of(workspace, spec, whom)
    if dry_run or not found.any:
        hidden = unseen(workspace, whom, first, found)
        said = [*left, *hidden, *beyond(workspace, spec, [found])]
        return _told(dataset, [found], [], said, dry_run=dry_run, clear=not found.any and not hidden)
    rounds: list[Traces] = []
    requests: list[str] = []
    while found.any and len(rounds) < ROUNDS:
        begun = _begun(workspace, dataset, found, why, actor)
        rounds.append(found.without(erase(workspace, dataset, begun)))
        requests.append(begun["request"])
        found = traces_of(workspace, spec, whom)
    hidden = unseen(workspace, whom, first, found)
    clear = not found.any and not hidden
    said = [*left, *_still_there(found), *hidden, *beyond(workspace, spec, rounds)]
    evidence = {"requests": requests, "clear": clear, "left": said}
    looked = "looked again, and nothing more was found"
    if not clear:
        looked = (
            "looked again, and rows were there again" if found.any else f"{looked}; not all could be looked through"
        )
    ledger.record(f"dataset/{dataset}", Draft(Kind.FORGETTING_CHECKED, actor, looked, evidence))
    return _told(dataset, rounds, requests, said, clear=clear)


def _finished(workspace: Workspace, dataset: str, *, dry_run: bool) -> list[str]:
    """Finish what calls that were killed had begun; whom they were about is not on record, so none can look again.

    :param dry_run: only say that there is something to finish.
    :return: what is left of it, a sentence each.
    """
    left = []
    for begun in Ledger.of(workspace).dataset(dataset).under("forgetting").values():
        request = f"an earlier request ({begun['request']})"
        if dry_run:
            left.append(f"rows of {request}, which was interrupted; the next call finishes it")
        elif changed := erase(workspace, dataset, begun):
            left.append(f"rows of {request} in {', '.join(changed)}, written anew since: ask it again")
    return left


def _still_there(found: Traces) -> list[str]:
    if not found.any:
        return []
    return [f"rows that were published again each time, in {', '.join(found.touched())}: run it once more"]


def _require_unnamed(key: Mapping[str, str], why: str) -> None:
    """Refuse a reason in which a value stands by itself; ``Request 15`` does not name the ride 5."""
    for name, value in key.items():
        word = re.escape(value.strip().casefold())
        if word and re.search(rf"(?<!\w){word}(?!\w)", why.casefold()):
            raise DataFault(
                "The reason names whom it is about, and the ledger keeps it for ever.",
                where="--why",
                got=f"the value of {name}",
                mend="Say it without.",
            )


def _begun(workspace: Workspace, dataset: str, found: Traces, why: str, actor: str) -> Mapping[str, Any]:
    """Record what is to be erased, before anything is."""
    evidence = {"request": uuid4().hex, **found.to_dict()}
    ledger = Ledger.of(workspace)
    ledger.record(f"dataset/{dataset}", Draft(Kind.FORGETTING_BEGUN, actor, why, evidence))
    begun: Mapping[str, Any] = ledger.dataset(dataset).under("forgetting")[evidence["request"]]
    return begun


def _told(
    dataset: str, rounds: Sequence[Traces], requests: Sequence[str], left: Sequence[str], **how: bool
) -> Forgotten:
    counts: dict[str, int] = {}
    for found in rounds:
        for name, rows in found.counts().items():
            counts[name] = counts.get(name, 0) + rows
    batches = sorted({batch for found in rounds for batch in found.touched()})
    versions = {model: tuple(names) for found in reversed(rounds) for model, names in found.versions.items()}
    request = requests[0] if requests else None
    return Forgotten(dataset, request, counts, tuple(batches), versions, tuple(left), **how)
