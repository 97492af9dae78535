"""The writes of ingest, each of which can be done again with the same end.

A published batch has no rows in quarantine and a quarantined one keeps what was published of it before: a bad
correction never takes away the good data that it was to correct.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from loopwright.errors import CannotRun, DataFault
from loopwright.lake.lake import PAGE, RESULT
from loopwright.lake.rows import RESERVED, ROW
from loopwright.lake.schema import ColumnConflict
from loopwright.stages.ingest.examining.setting_aside import ARRIVAL, REASONS
from loopwright.stages.ingest.keeping.held import hold
from loopwright.stages.ingest.page.drawing import drawn
from loopwright.stages.ingest.page.results import suite_result
from loopwright.stages.ingest.reading.conversion import to_text

if TYPE_CHECKING:
    from loopwright.lake import Lake
    from loopwright.ledger.events import Draft
    from loopwright.ledger.state import DatasetState, State
    from loopwright.ledger.store import Ledger
    from loopwright.stages.ingest.pieces.staging import Staged
    from loopwright.stages.ingest.reading.frames import Reading
    from loopwright.stages.ingest.results import ValidationReport


def keep_published(lake: Lake, report: ValidationReport, frame: pd.DataFrame, aside: pd.DataFrame | None) -> int:
    """Put a batch's rows where everyone reads them, after those that are set aside.

    :param frame: cleaned, its index the row numbers of the arrival.
    :param aside: the rows that are set aside, each with its reasons.
    :return: the table's version that holds them.
    :raises ColumnConflict: if they do not fit the table.
    """
    keep_quarantined(lake, report, aside)
    return lake.batches(report.dataset).replace(_numbered(frame), report.batch_id)


def keep_staged(lake: Lake, report: ValidationReport, staged: Staged) -> int:
    """Put a batch's rows where everyone reads them, from where they are staged.

    :return: the table's version that holds them.
    :raises CannotRun: if another batch came first and changed the table's columns; looked at again, it is judged so.
    """
    keep_quarantined(lake, report, None)
    try:
        return lake.batches(report.dataset).replace_in_pieces(staged.pieces(), report.batch_id, staged.columns)
    except ColumnConflict as error:
        raise CannotRun(
            "Another batch changed the table's columns while this one was looked at.",
            where=f"{report.dataset}: {report.batch_id}",
            got=error.what,
            mend="Run again: it is looked at beside the table as it is now.",
        ) from error


def keep_quarantined(lake: Lake, report: ValidationReport, frame: pd.DataFrame | None) -> None:
    """Set a batch's rows aside, as text: what is wrong with them may well be their types, and nothing may be lost.

    :param frame: as it came, and why each row is there; ``None`` if there are no rows.
    """
    table = lake.quarantine(report.dataset)
    if frame is None:
        table.remove(report.batch_id)
        return
    came = {ARRIVAL: mark_of(report.arrival_digest)}
    if {*RESERVED, ARRIVAL} & set(frame.columns):
        frame = _as_json(frame)
    try:
        table.replace(_numbered(frame.apply(to_text).assign(**came)), report.batch_id)
    except DataFault:  # its very column names clash, with one another or with the table's
        table.replace(_numbered(_as_json(frame).assign(**came)), report.batch_id)


def mark_of(digest: str) -> str:
    """Return what tells the rows that came with some bytes from those of others under the same name."""
    return digest[:16]


def keep_held(lake: Lake, report: ValidationReport, reading: Reading | None, raw: bytes | None) -> str | None:
    """Keep what came as it came, for as long as any of it is in quarantine.

    :param reading: its rows, if they could be read.
    :param raw: its bytes, if they could not.
    :return: its place; ``None`` if there is nothing to keep.
    """
    if reading is not None:
        return hold(lake, report.dataset, report.batch_id, report.arrival_digest, reading)
    if raw is None:
        return None
    return lake.hold(report.dataset, report.batch_id, f"{report.arrival_digest[:16]}.unread", raw)


def keep_report(lake: Lake, report: ValidationReport) -> str:
    """Keep a report, beside those about other bytes or by another judgement: as page, as result, and whole.

    It is named by the bytes and by what was found of them, so that no later look takes the place of the evidence that a
    decision was made on, and the same look leaves the same files.

    :return: where the whole one is; the others are beside it, and there before it is.
    """
    told = report.to_dict()
    whole = _as_text(told)
    name = f"{report.arrival_digest[:12]}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"
    lake.write_report(report.dataset, report.batch_id, f"{name}{PAGE}", drawn(told))
    if report.results:
        lake.write_report(report.dataset, report.batch_id, f"{name}{RESULT}", _as_text(suite_result(told)))
    return lake.write_report(report.dataset, report.batch_id, f"{name}.json", whole)


def _as_text(told: dict[str, Any]) -> str:
    return json.dumps(told, indent=1, ensure_ascii=False)


class Overtaken(CannotRun):
    """Something else was recorded of the batch while it was looked at: what was found may be stale."""


def recorded_once(ledger: Ledger, seen: DatasetState, draft: Draft, *, again: bool = False) -> None:
    """Record what became of a batch, unless another run recorded just that since.

    :param seen: the state that the run began with.
    :param draft: the event.
    :param again: whether the run only brings the tables to what may well be recorded already.
    :raises Overtaken: if another run recorded anything else of the batch since, or a person's rows are erased from it.
    """
    batch_id = draft.evidence["batch_id"]
    before = _stamp(seen, batch_id)

    def decision(now: State) -> Draft | None:
        there, moved = now.get(f"arrival/{batch_id}"), _stamp(now, batch_id) != before
        if there is not None and (moved or again) and _says(there, draft) and not _less(now, seen, batch_id):
            return None
        if moved:
            raise Overtaken(
                f"Something else was recorded of the batch {batch_id!r} while it was looked at.",
                where=seen.subject,
                mend="Run again: it is looked at as it is now.",
            )
        return draft

    ledger.decide(seen.subject, decision)


def _stamp(state: State, batch_id: str) -> tuple[Any, ...]:
    """Return what changes with everything that is recorded of a batch, but for its coming again as it was."""
    arrival = state.get(f"arrival/{batch_id}") or {}
    return arrival.get("sequence"), arrival.get("moved"), state.get(f"forgot/{batch_id}")


def _less(now: State, seen: State, batch_id: str) -> bool:
    """Whether rows of the batch were dropped, or a person's erased, since: a run that saw them has them still."""
    forgot = [state.get(f"forgot/{batch_id}") for state in (now, seen)]
    moved = [(state.get(f"arrival/{batch_id}") or {}).get("moved") for state in (now, seen)]
    return forgot[0] != forgot[1] or moved[0] != moved[1]


def _says(arrival: dict[str, object], draft: Draft) -> bool:
    said = (arrival["digest"], arrival["signature"], arrival.get("judged_by"), f"batch_{arrival['status']}")
    return said == (*(draft.evidence[name] for name in ("arrival_digest", "signature", "judged_by")), draft.kind.value)


def _numbered(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(**{ROW: frame.index.to_numpy("int64")})


def _as_json(frame: pd.DataFrame) -> pd.DataFrame:
    """Return whole rows, each as JSON in the one column ``row``, which clashes with nothing; the reasons beside it."""
    own = frame.drop(columns=[REASONS], errors="ignore")
    names = [str(name) for name in own.columns]
    values = own.apply(to_text).astype(object).where(own.notna(), None).to_numpy().tolist()
    rows = [json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) for row in values]
    reasons = {REASONS: frame[REASONS]} if REASONS in frame else {}
    return pd.DataFrame({"row": rows, **reasons}, index=frame.index)
