"""A batch's end, written and then recorded.

Order of commits: what is held, quarantined rows, published rows, report, ledger event. Each can be done again with the
same end, and what has no ledger event did not happen, so a run that was killed anywhere is mended by running it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from loopwright.lake.columns import ColumnUnfit
from loopwright.lake.schema import ColumnConflict
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.state import held_by
from loopwright.stages.ingest.examining import structure
from loopwright.stages.ingest.examining.beside import stood_beside
from loopwright.stages.ingest.examining.setting_aside import whole
from loopwright.stages.ingest.keeping.commitment import (
    keep_held,
    keep_published,
    keep_quarantined,
    keep_report,
    keep_staged,
    recorded_once,
)
from loopwright.stages.ingest.keeping.leftovers import erase_leftovers, let_go, sweep_held
from loopwright.stages.ingest.keeping.superseding import told_of, undecided_before
from loopwright.stages.ingest.results import IngestResult, ValidationReport

if TYPE_CHECKING:
    from loopwright.declaration import Workspace
    from loopwright.errors import DataFault
    from loopwright.lake import Lake
    from loopwright.ledger.state import DatasetState
    from loopwright.ledger.store import Ledger
    from loopwright.stages.ingest.examining.examined import Examined


@dataclass(frozen=True)
class Commit:
    """Where a batch's end is written, and what it follows from.

    :param workspace: the five places.
    :param lake: the tables.
    :param ledger: the record.
    :param state: of the dataset, as it was when the run began.
    :param signature: of the file.
    :param today: the digest of what it was judged by.
    :param timed: whether the dataset declares an event time.
    :param actor: who asked.
    :param ruling: what a person decided, if that is what is done.
    :param again: whether the tables are only brought to what may well be recorded already.
    :param owner: of the dataset.
    """

    workspace: Workspace
    lake: Lake
    ledger: Ledger
    state: DatasetState
    signature: str
    today: str
    timed: bool
    actor: str
    ruling: Mapping[str, Any] | None = None
    again: bool = False
    owner: str = ""


def committed(commit: Commit, examined: Examined, unread: bytes | None) -> IngestResult:
    """Write what a batch came to, and record it.

    :param commit: where.
    :param examined: what was found out about it.
    :param unread: its bytes, where they could not be read and may be held.
    :raises Overtaken: if another run recorded something else of it meanwhile.
    """
    report, lake = examined.report, commit.lake
    held, version = None, None
    if not report.verdict.passed or examined.aside is not None:
        held = commit.ruling["held"] if commit.ruling else keep_held(lake, report, examined.reading, unread)
    if examined.staged is not None:
        version = keep_staged(lake, report, examined.staged)
        examined.staged.erase()
    if report.verdict.passed and examined.frame is not None:
        try:
            version = keep_published(lake, report, examined.frame, examined.aside)
        except (ColumnConflict, ColumnUnfit) as error:
            report = _failed_by(report, error)
            held = commit.ruling["held"] if commit.ruling else keep_held(lake, report, examined.reading, unread)
    if version is None:
        keep_quarantined(lake, report, whole(examined))
    gone = undecided_before(commit.state, report.batch_id, report.arrival_digest, commit.owner)
    gone = None if commit.ruling else gone  # a person decided
    report = replace(report, decided=_decided(commit), superseded=gone)
    where = keep_report(lake, report)
    kind = Kind.BATCH_QUARANTINED if version is None else Kind.BATCH_PUBLISHED
    kept_whole = report.rows_read or 0 if examined.reading is not None else 0
    quarantined = kept_whole if version is None else report.rows_set_aside
    held = commit.ruling["held"] if commit.ruling else held
    kept = held_by({"held": held}, commit.ruling)
    evidence = {
        "batch_id": report.batch_id,
        "signature": commit.signature,
        "arrival_digest": report.arrival_digest,
        "judged_by": commit.today,
        "beside": stood_beside(commit.state, report.batch_id, report.event_time, timed=commit.timed),
        "rows": report.rows_read if version is None else report.rows,
        "quarantined": quarantined,
        "held": held,
        "let_go": let_go(commit.state, report.batch_id, report.arrival_digest, kept),
        "ruling": commit.ruling["sequence"] if commit.ruling else None,
        "verdict": report.verdict.to_dict(),
        "report": where,
        **({"superseded": gone} if gone else {}),
        **({} if version is None else _published(report, version)),
    }
    why = report.verdict.why()
    draft = Draft(kind, commit.actor, f"{why}; {told_of(gone)}" if gone else why, evidence)
    recorded_once(commit.ledger, commit.state, draft, again=commit.again)
    if evidence["let_go"]:
        erase_leftovers(commit.workspace, report.dataset)
    sweep_held(lake, commit.ledger.dataset(report.dataset), report.batch_id)
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
        rows_quarantined=None if version is None and report.rows_read is None else quarantined,
        rows_dropped=0 if version is None else sum(report.dropped.values()),
    )


def _decided(commit: Commit) -> dict[str, Any] | None:
    return {name: commit.ruling.get(name) for name in ("ruling", "by", "report")} if commit.ruling else None


def _published(report: ValidationReport, version: int) -> dict[str, Any]:
    return {
        "content_digest": report.content_digest,
        "columns": dict(report.columns),
        "data_version": version,
        "event_time": dict(report.event_time) if report.event_time else None,
        "cleaned": dict(report.cleaned),
        "dropped": dict(report.dropped),
        "rows_read": report.rows_read,
    }


def _failed_by(report: ValidationReport, error: DataFault) -> ValidationReport:
    """Return a report in which the types do not fit after all: another batch came first and changed the table.

    :param report: as it was.
    :param error: what the lake said.
    """
    checks = tuple(structure.typed(error) if check.name == "types" else check for check in report.verdict.checks)
    return replace(report, verdict=replace(report.verdict, checks=checks))
