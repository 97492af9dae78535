"""What nothing refers to any more, erased: held files, and rows in quarantine that are over their time.

What must stay true: that it goes is recorded before it is erased, so that whoever is killed in between is finished by
the next run; and what came since, under the same name, stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from loopwright.lake import Lake
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.state import held_by
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.examining.setting_aside import ARRIVAL
from loopwright.stages.ingest.keeping.commitment import mark_of

if TYPE_CHECKING:
    from loopwright.declaration import Workspace
    from loopwright.ledger.state import DatasetState, State


def let_go(state: DatasetState, batch_id: str, digest: str, kept: set[str]) -> list[str]:
    """Return the held files of a batch that nothing refers to when it has come to a new end.

    :param state: what was recorded of it before.
    :param digest: of the bytes that it comes from now.
    :param kept: what its new end refers to.
    """
    ruling = state.ruling(batch_id)
    stays = held_by(None, ruling) if ruling and ruling["arrival_digest"] == digest else set()
    return sorted(held_by(state.arrival(batch_id), ruling) - stays - kept)


def erase_leftovers(workspace: Workspace, dataset: str) -> None:
    """Erase what the ledger says is to go, and say that it went.

    :param workspace: the five places.
    :param dataset: its name.
    """
    ledger = Ledger.of(workspace)
    state = ledger.dataset(dataset)
    going = state.erasing()
    if not going:
        return
    lake, referred = Lake.of(workspace), state.referred()
    for entry in going:
        if entry["digest"] and not _came_again(state, entry):
            lake.quarantine(dataset).remove(entry["batch_id"], only={ARRIVAL: mark_of(entry["digest"])})
        for place in set(entry["held"]) - referred:
            lake.let_go(place)
    if any(entry["digest"] for entry in going):
        lake.quarantine(dataset).erase_old_versions()
    ledger.decide(f"dataset/{dataset}", lambda now: _said(now, going))


ORPHANED_AFTER = timedelta(days=1)
"""How long a held file may be there that the ledger knows nothing of: whoever wrote it may be about to record it."""


def sweep_held(lake: Lake, state: DatasetState, batch_id: str, *, now: datetime | None = None) -> list[str]:
    """Erase what is held of a batch that nothing refers to: its writer was killed before it could record it.

    :param lake: the tables, and what is held.
    :param state: what the ledger knows of the dataset now.
    :param batch_id: the batch.
    :param now: aware time; the present when left out.
    :return: the places that were erased.
    """
    before = (now or datetime.now(UTC)) - ORPHANED_AFTER
    lake.erase_unfinished(state.subject.partition("/")[2], older_than=ORPHANED_AFTER, batch_id=batch_id)
    known = held_by(state.arrival(batch_id), state.ruling(batch_id))
    there = lake.held_of(state.subject.partition("/")[2], batch_id, before=before)
    orphans = [place for place in there if place not in known]
    for place in orphans:
        lake.let_go(place)
    return orphans


def _came_again(state: DatasetState, entry: Mapping[str, Any]) -> bool:
    """Whether the very bytes came again since, and their rows were set aside anew."""
    known = state.arrival(entry["batch_id"]) or {}
    return bool(known.get("digest") == entry["digest"] and known["sequence"] > entry["sequence"])


def _said(now: State, going: list[dict[str, Any]]) -> Draft | None:
    left = [entry for entry in going if now.get(f"erasing/{entry['sequence']}")]
    batches = sorted({entry["batch_id"] for entry in left})
    why = f"what nothing refers to any more of {', '.join(batches[:10])} was erased"
    evidence = {"of": [entry["sequence"] for entry in left], "batches": batches}
    return Draft(Kind.LEFTOVERS_ERASED, "retention", why, evidence) if left else None
