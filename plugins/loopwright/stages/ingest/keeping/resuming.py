"""What a person decided about rows that were set aside, done: exactly that batch goes on, from what was held of it.

What must stay true: a ruling is about certain bytes, and is void when others come under the same name; done twice, it
leaves what it left when done once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from loopwright.errors import CannotRun, UnknownName
from loopwright.lake import Lake
from loopwright.ledger.events import Draft, Kind
from loopwright.stages.ingest.arriving.arrival import ArrivalsMissing
from loopwright.stages.ingest.arriving.listing import listed_for
from loopwright.stages.ingest.examining.examination import Examination
from loopwright.stages.ingest.examining.setting_aside import ARRIVAL
from loopwright.stages.ingest.keeping.commitment import mark_of
from loopwright.stages.ingest.keeping.held import ROWS, taken_up
from loopwright.stages.ingest.results import IngestResult, rows_counted

if TYPE_CHECKING:
    from loopwright.declaration import Workspace
    from loopwright.declaration.dataset import DatasetSpec
    from loopwright.ledger.state import DatasetState, State
    from loopwright.ledger.store import Ledger
    from loopwright.stages.ingest.examining.examined import Examined
    from loopwright.stages.ingest.reading.frames import Reading


def ruling_to_act_on(workspace: Workspace, dataset: DatasetSpec, state: DatasetState, batch_id: str) -> bool:
    """Tell whether a person's decision waits to be acted on, and no other file came under the batch's name since."""
    ruling, known = state.ruling(batch_id), state.arrival(batch_id)
    if ruling is None or ruling["done"] or known is None:
        return False
    try:
        found = listed_for(workspace, dataset).only(batch_id, dataset).arrivals
    except (UnknownName, ArrivalsMissing):
        return True  # the file went away, and what was held of it did not
    return not found or found[0].signature == known["signature"]


def examined_as_ruled(
    workspace: Workspace,
    dataset: DatasetSpec,
    state: DatasetState,
    ruling: Mapping[str, Any],
    reading: Reading | None = None,
) -> Examined:
    """Look at a batch again as a ruling says: as it is, as it was mended, or as if nobody had said anything.

    :param reading: the rows; taken from what the ruling says is held, when left out.
    :raises CannotRun: if what was held is gone.
    """
    place = ruling["held"]
    if reading is None and not str(place).endswith(ROWS):
        raise CannotRun(
            "No rows are held of this batch.",
            where=f"{state.subject}: {ruling['batch_id']}",
            mend="Ask the source to send it again, or replace it with a mended file.",
        )
    return Examination(
        workspace,
        dataset,
        state,
        ruling["batch_id"],
        ruling["arrival_digest"],
        held=reading or taken_up(Lake.of(workspace), place),
        released_by=ruling["by"] if ruling["ruling"] == "release" else None,
    ).examine()


def dropped(lake: Lake, ledger: Ledger, state: DatasetState, ruling: Mapping[str, Any], actor: str) -> IngestResult:
    """Take the rows of a batch out of quarantine for good; what was published of it stays."""
    batch_id, name = ruling["batch_id"], state.subject.partition("/")[2]
    lake.quarantine(name).remove(batch_id, only={ARRIVAL: mark_of(ruling["arrival_digest"])})

    def decision(now: State) -> Draft | None:
        there = now.get(f"ruling/{batch_id}")
        if there is None or there["sequence"] != ruling["sequence"] or there["done"]:
            return None
        told = {key: ruling[key] for key in ("batch_id", "arrival_digest", "rows")}
        why = f"{ruling['by']} dropped {rows_counted(ruling['rows'])}: {ruling['why']}"
        return Draft(Kind.QUARANTINE_DROPPED, actor, why, {**told, "ruling": ruling["sequence"]})

    ledger.decide(state.subject, decision)
    known = ledger.dataset(name).arrival(batch_id) or {}
    batch = state.get(f"batch/{batch_id}") if known.get("status") == "published" else None
    return IngestResult(
        dataset=name,
        batch_id=batch_id,
        status="published" if batch else "dropped",
        verdict=None,
        rows_read=None,
        rows_published=batch["rows"] if batch else 0,
        data_version=batch["data_version"] if batch else None,
        content_digest=batch["content_digest"] if batch else None,
        report=known.get("report"),
        rows_dropped=ruling["rows"] or 0,
    )
