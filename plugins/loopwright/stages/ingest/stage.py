"""Ingest one batch: publish it, quarantine it whole, or see that nothing is new.

Order of commits: quarantined rows, published rows, report, ledger event. Each can be done again with the same end,
and what has no ledger event did not happen, so a run that was killed anywhere is mended by running it again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loopwright.lake import Lake
from loopwright.lake.columns import ColumnUnfit
from loopwright.lake.schema import ColumnConflict
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.arrivals import Arrival, arrival_of, listed_for
from loopwright.stages.ingest.commitment import keep_published, keep_quarantined, keep_report, recorded_once
from loopwright.stages.ingest.examining import Examination, Examined, failed_by
from loopwright.stages.ingest.fetching import fetched, require_unchanged
from loopwright.stages.ingest.judged_by import judged_by
from loopwright.stages.ingest.results import IngestResult, ValidationReport
from loopwright.verdict import Verdict

if TYPE_CHECKING:
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
        it is asked for, until its bytes or what they are judged by are others.
    :raises UnknownName: if nothing of that name arrived.
    :raises DeclarationError: if suite or cleaning are declared wrongly.
    :raises CannotRun: if the file changed meanwhile, or the surroundings fail; run again.
    """
    arrival = arrival_of(listed_for(workspace, dataset), batch_id, dataset)
    ledger = Ledger.of(workspace)
    state = ledger.dataset(dataset.name)
    today = judged_by(workspace.project, dataset)
    with fetched(arrival, workspace.storage_options) as file:
        known = state.arrival(batch_id)
        if known and known["digest"] == file.digest and not force:
            if known["status"] == "published":
                return _unchanged(ledger, state, arrival, known, actor)
            if known.get("judged_by") == today:
                return _set_aside_as_before(ledger, state, arrival, known, actor)
        examined = Examination(workspace, dataset, state, batch_id, file).examine()
    require_unchanged(arrival, workspace.storage_options)
    return _committed(Lake.of(workspace), ledger, state, arrival, examined, today, actor)


def validate_batch(workspace: Workspace, dataset: DatasetSpec, batch_id: str) -> ValidationReport:
    """Say what ingest would say of one arrival, and write nothing.

    :param workspace: the five places.
    :param dataset: its declaration.
    :param batch_id: which arrival.
    :raises UnknownName: if nothing of that name arrived.
    """
    arrival = arrival_of(listed_for(workspace, dataset), batch_id, dataset)
    state = Ledger.of(workspace).dataset(dataset.name)
    with fetched(arrival, workspace.storage_options) as file:
        return Examination(workspace, dataset, state, batch_id, file).examine().report


def _committed(
    lake: Lake, ledger: Ledger, state: DatasetState, arrival: Arrival, examined: Examined, today: str, actor: str
) -> IngestResult:
    report, frame = examined.report, examined.frame
    version = None
    if report.verdict.passed and frame is not None:
        try:
            version = keep_published(lake, report, frame)
        except (ColumnConflict, ColumnUnfit) as error:
            report = failed_by(report, error)
    if version is None:
        keep_quarantined(lake, report, frame)
    where = keep_report(lake, report)
    kind = Kind.BATCH_QUARANTINED if version is None else Kind.BATCH_PUBLISHED
    evidence = {
        "batch_id": report.batch_id,
        "signature": arrival.signature,
        "arrival_digest": report.arrival_digest,
        "judged_by": today,
        "rows": report.rows_read if version is None else report.rows,
        "verdict": report.verdict.to_dict(),
        "report": where,
        **({} if version is None else _published(report, version)),
    }
    recorded_once(ledger, state, Draft(kind, actor, report.verdict.why(), evidence))
    return IngestResult(
        dataset=report.dataset,
        batch_id=report.batch_id,
        status="quarantined" if version is None else "published",
        verdict=report.verdict,
        rows_read=report.rows_read,
        rows_published=0 if version is None else report.rows,
        data_version=version,
        content_digest=report.content_digest,
        report=where,
        cleaned=report.cleaned,
    )


def _published(report: ValidationReport, version: int) -> dict[str, Any]:
    return {
        "content_digest": report.content_digest,
        "columns": dict(report.columns),
        "data_version": version,
        "event_time": dict(report.event_time) if report.event_time else None,
        "cleaned": dict(report.cleaned),
    }


def _unchanged(
    ledger: Ledger, state: DatasetState, arrival: Arrival, known: dict[str, Any], actor: str
) -> IngestResult:
    """Answer for bytes that are published already."""
    _repeated(ledger, state, arrival, known, actor)
    batch = state.get(f"batch/{arrival.batch_id}")
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
    )


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
