"""Ingest one batch: publish it, set bad rows or all of it aside, do what a person said of it, or see nothing new.

Looking at it comes first, writing its end (:mod:`~loopwright.stages.ingest.keeping.ending`) after it; a run that
was overtaken by another looks again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from loopwright.errors import CannotRun, UnknownName
from loopwright.lake import Lake
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.arriving.arrival import Arrival, arrival_of
from loopwright.stages.ingest.arriving.fetching import fetched, require_unchanged
from loopwright.stages.ingest.arriving.listing import listed_for
from loopwright.stages.ingest.examining.beside import stands_as_before
from loopwright.stages.ingest.examining.examination import Examination
from loopwright.stages.ingest.examining.judged_by import judged_by
from loopwright.stages.ingest.hash_key import require_same_key
from loopwright.stages.ingest.keeping.commitment import Overtaken
from loopwright.stages.ingest.keeping.ending import Commit, committed
from loopwright.stages.ingest.keeping.resuming import dropped, examined_as_ruled, ruling_to_act_on
from loopwright.stages.ingest.labelling import cover
from loopwright.stages.ingest.results import IngestResult, ValidationReport
from loopwright.verdict import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from loopwright.declaration import Workspace
    from loopwright.declaration.dataset import DatasetSpec
    from loopwright.ledger.state import DatasetState, State


def ingest_batch(
    workspace: Workspace, dataset: DatasetSpec, batch_id: str, *, force: bool = False, actor: str = "ingest"
) -> IngestResult:
    """Bring one arrival to its end.

    :param workspace: the five places.
    :param dataset: its declaration.
    :param batch_id: which arrival.
    :param force: also if these very bytes were handled already.
    :param actor: who asked, for the ledger.
    :return: what became of it; a batch that failed is ``quarantined``, which is no error, and stays so each time that
        it is asked for, until its bytes or what they are judged by are others, or a person decides about it.
    :raises UnknownName: if nothing of that name arrived.
    :raises DeclarationError: if suite or cleaning are declared wrongly.
    :raises HashKeyChanged: if columns are to be hashed by another secret than before.
    :raises CannotRun: if the file changed meanwhile, or the surroundings fail; run again.
    """
    require_same_key(workspace, dataset)
    return _settled(workspace, dataset, batch_id, actor, lambda: _ingested(workspace, dataset, batch_id, force, actor))


ATTEMPTS = 5
"""How often a batch is looked at anew because another run recorded something else of it meanwhile."""


def _settled(
    workspace: Workspace, dataset: DatasetSpec, batch_id: str, actor: str, run: Callable[[], IngestResult]
) -> IngestResult:
    """Run until nothing else was recorded of the batch meanwhile.

    A run that was overtaken may have written its stale rows over those of the one that overtook it, so that the batch
    is brought once more to what is there now, and the tables to what the ledger says.
    """
    for _ in range(ATTEMPTS):
        try:
            return run()
        except Overtaken as error:
            last = error
            run = lambda: _ingested(workspace, dataset, batch_id, True, actor, again=True)  # noqa: E731 - one line
    raise CannotRun(
        "Others recorded something else of this batch first, every time.",
        where=f"{dataset.name}: {batch_id}",
        got=f"{ATTEMPTS} times",
        mend="Run again; if it stays, find what sends this batch without pause.",
    ) from last


def _ingested(
    workspace: Workspace, dataset: DatasetSpec, batch_id: str, force: bool, actor: str, *, again: bool = False
) -> IngestResult:
    ledger = Ledger.of(workspace)
    state = ledger.dataset(dataset.name)
    today = judged_by(workspace.project, dataset)
    if ruling_to_act_on(workspace, dataset, state, batch_id):
        return _resumed(workspace, dataset, batch_id, actor)
    arrival = arrival_of(listed_for(workspace, dataset), batch_id, dataset)
    with fetched(arrival, workspace.storage_options) as file:
        known = state.arrival(batch_id)
        if known and known["digest"] == file.digest:
            if state.ruling(batch_id) and (force or not state.ruling(batch_id)["done"]):  # type: ignore[index]
                return _resumed(workspace, dataset, batch_id, actor, again=again)
            if not force and known["status"] != "quarantined":
                return _unchanged(ledger, state, arrival, known, actor)
            if not force and known.get("judged_by") == today and stands_as_before(state, known):
                return _set_aside_as_before(ledger, state, arrival, known, actor)
        examined = Examination(workspace, dataset, state, batch_id, file.digest, file=file).examine()
        unreadable = examined.reading is None and examined.report.rows_read is None
        unread = file.bytes() if unreadable and _may_be_held(dataset, file.paths) else None
    require_unchanged(arrival, workspace.storage_options)
    timed = bool(dataset.event_time)
    commit = Commit(
        workspace, Lake.of(workspace), ledger, state, arrival.signature, today, timed, actor,
        again=again, owner=dataset.owner,
    )  # fmt: skip
    result = committed(commit, examined, unread)
    cover(workspace, dataset, actor=actor)
    return result


def _may_be_held(dataset: DatasetSpec, paths: Sequence[Path]) -> bool:
    """Whether bytes that could not be read may be kept: not where they hold what is to be dropped or hashed.

    Nor where they are more than is declared: they are still where they arrived, and would fill this machine's memory.
    """
    few = sum(path.stat().st_size for path in paths) <= dataset.largest
    return few and all(how == "keep" for how in dataset.sensitive.values())


def resume_batch(workspace: Workspace, dataset: DatasetSpec, batch_id: str, *, actor: str = "ingest") -> IngestResult:
    """Do what a person decided about the rows of a batch that were set aside, from what was held of it.

    What is done already is brought to the same end, and recorded once.

    :param workspace: the five places.
    :param dataset: its declaration.
    :param batch_id: a batch with a ruling.
    :param actor: who asked, for the ledger.
    :raises CannotRun: if what was held is gone, or the surroundings fail.
    """
    ruling = Ledger.of(workspace).dataset(dataset.name).ruling(batch_id)
    done = ruling is not None and bool(ruling["done"])
    return _settled(
        workspace, dataset, batch_id, actor, lambda: _resumed(workspace, dataset, batch_id, actor, again=done)
    )


def _resumed(
    workspace: Workspace, dataset: DatasetSpec, batch_id: str, actor: str, *, again: bool = False
) -> IngestResult:
    ledger = Ledger.of(workspace)
    state = ledger.dataset(dataset.name)
    known, ruling = state.arrival(batch_id), state.ruling(batch_id)
    if known is None or ruling is None:
        raise UnknownName(f"Nobody decided about the batch {batch_id!r}.", where=state.subject)
    lake = Lake.of(workspace)
    if ruling["ruling"] == "drop":
        return dropped(lake, ledger, state, ruling, actor)
    examined = examined_as_ruled(workspace, dataset, state, ruling)
    today = judged_by(workspace.project, dataset)
    timed = bool(dataset.event_time)
    commit = Commit(workspace, lake, ledger, state, known["signature"], today, timed, actor, ruling, again)
    result = committed(commit, examined, None)
    cover(workspace, dataset, actor=actor)
    return result


def validate_batch(workspace: Workspace, dataset: DatasetSpec, batch_id: str) -> ValidationReport:
    """Say what ingest would say of one arrival, and write nothing.

    :param workspace: the five places.
    :param dataset: its declaration.
    :param batch_id: which arrival.
    :raises UnknownName: if nothing of that name arrived.
    """
    require_same_key(workspace, dataset, record=False)
    arrival = arrival_of(listed_for(workspace, dataset), batch_id, dataset)
    state = Ledger.of(workspace).dataset(dataset.name)
    with fetched(arrival, workspace.storage_options) as file:
        return Examination(workspace, dataset, state, batch_id, file.digest, file=file).examine().report


def _unchanged(
    ledger: Ledger, state: DatasetState, arrival: Arrival, known: dict[str, Any], actor: str
) -> IngestResult:
    """Answer for bytes that are published already, or that a person dropped."""
    _repeated(ledger, state, arrival, known, actor)
    batch = state.get(f"batch/{arrival.batch_id}") or _NOTHING
    return IngestResult(
        dataset=state.subject.partition("/")[2],
        batch_id=arrival.batch_id,
        status="unchanged",
        verdict=None,
        rows_read=None,
        rows_published=batch["rows"],
        data_version=batch["data_version"],
        content_digest=batch["content_digest"],
        report=known["report"],
        rows_quarantined=known.get("quarantined") or 0,
    )


_NOTHING: dict[str, Any] = {"rows": 0, "data_version": None, "content_digest": None}


def _set_aside_as_before(
    ledger: Ledger, state: DatasetState, arrival: Arrival, known: dict[str, Any], actor: str
) -> IngestResult:
    """Give the recorded verdict again: a task that is cleared, or was killed after the record, must fail again."""
    _repeated(ledger, state, arrival, known, actor)
    events = ledger.events(state.subject, kinds=[Kind.BATCH_QUARANTINED], newest_first=True)
    said = next(event.evidence for event in events if event.sequence == known["sequence"])
    return IngestResult(
        dataset=state.subject.partition("/")[2],
        batch_id=arrival.batch_id,
        status="quarantined",
        verdict=Verdict.from_dict(said["verdict"]),
        rows_read=said["rows"],
        rows_published=0,
        data_version=None,
        content_digest=None,
        report=known["report"],
        rows_quarantined=None if said["rows"] is None else known.get("quarantined") or 0,
    )


def _repeated(ledger: Ledger, state: DatasetState, arrival: Arrival, known: dict[str, Any], actor: str) -> None:
    """Remember that handled bytes now come under another signature."""

    def decision(now: State) -> Draft | None:
        there = now.get(f"arrival/{arrival.batch_id}")
        if there["digest"] != known["digest"] or there["signature"] == arrival.signature:
            return None
        evidence = {"batch_id": arrival.batch_id, "signature": arrival.signature}
        return Draft(Kind.ARRIVAL_REPEATED, actor, "the same bytes arrived again", evidence)

    ledger.decide(state.subject, decision)
