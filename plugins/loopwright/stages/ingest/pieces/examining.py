"""Looking at a large batch, in pieces: it comes to the report of the whole, or to why only the whole can tell.

What must stay true: only a batch that is to be published as it is ends here. One in which anything fails is looked at
whole, by the code that sets rows aside.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from loopwright.declaration.sensitive import hidden, lacking, treatments
from loopwright.lake import Lake
from loopwright.lake.schema import ColumnConflict
from loopwright.stages.ingest.examining import structure
from loopwright.stages.ingest.examining.content import column_types, content_digest_of
from loopwright.stages.ingest.examining.examined import Examined
from loopwright.stages.ingest.examining.seen import Seen
from loopwright.stages.ingest.examining.setting_aside import decided_by
from loopwright.stages.ingest.judging.scanning import judge_in_place
from loopwright.stages.ingest.pieces import NotInPieces
from loopwright.stages.ingest.pieces.asking import all_differ, all_there, source, span
from loopwright.stages.ingest.pieces.cleaning import (
    Counts,
    cleaned,
    must_not_repeat,
    require_no_floats,
    require_piecewise,
)
from loopwright.stages.ingest.pieces.staging import Staged, stage
from loopwright.stages.ingest.reading.conversion import is_iso
from loopwright.stages.ingest.reading.frames import Reading
from loopwright.stages.ingest.sensitive import protected, untold

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.stages.ingest.examining.subject import Subject
    from loopwright.stages.ingest.judging.suite import Suite
    from loopwright.stages.ingest.pieces.arriving import Arriving
    from loopwright.stages.ingest.results import ValidationReport
    from loopwright.verdict import Check


def examined(subject: Subject, large: Arriving, suite: Suite) -> Examined:
    """Read, clean, stage and judge.

    :param subject: what is looked at, and beside what.
    :param large: its files.
    :param suite: what is expected.
    :raises NotInPieces: if the whole is needed.
    :raises DeclarationError: if the suite or a cleaning function are declared wrongly.
    """
    dataset = subject.dataset
    require_piecewise(dataset.clean)
    counts = Counts()
    staged = stage(_pieces(subject, large, counts))
    try:
        seen = _seen(subject, staged, large.rows, counts)
        checks, found = subject.structural(seen)
        if suite.expectations:
            judged = untold(judge_in_place(source(staged), suite, staged.load), hidden(dataset))
            checks += decided_by(dataset.on_bad_rows, judged.expectations, judged.rows)
            found |= {"expectations": judged.expectations, "results": judged.results}
        report = subject.report(checks, suite, **found)
        _require_passed(report)
    except BaseException:
        staged.erase()
        raise
    return Examined(report, None, staged=staged)


def _require_passed(report: ValidationReport) -> None:
    if not report.verdict.passed:
        raise NotInPieces(f"it is not as expected ({report.verdict.why()})")


def _pieces(subject: Subject, large: Arriving, counts: Counts) -> Iterator[pd.DataFrame]:
    dataset = subject.dataset
    # What a query gave was protected before it was written.
    bare = dataset.query is None
    if bare and (absent := lacking(large.schema.names, dataset)):
        raise NotInPieces(f"sensitive columns are not there: {', '.join(absent)}")
    treated = treatments(large.schema.names, dataset) if bare else {}
    for frame in large.frames():
        for name in (name for name, how in treated.items() if how == "hash"):
            require_no_floats(frame[name])
        kept = frame if dataset.query else protected(Reading(frame), dataset, subject.workspace.hash_key).frame
        yield _timed_piece(cleaned(kept, dataset.clean, subject.folder, counts), dataset.event_time)


def _timed_piece(frame: pd.DataFrame, event_time: str | None) -> pd.DataFrame:
    """Return a piece with its event time as timestamps, where text says each by itself."""
    if event_time is None or event_time not in frame or not is_iso(frame[event_time]):
        return frame
    return structure.timed(frame, event_time)[0]


def _seen(subject: Subject, staged: Staged, rows_read: int, counts: Counts) -> Seen:
    dataset, columns = subject.dataset, staged.columns
    checks, times = _timed(staged, dataset.event_time) if dataset.event_time else ([], None)
    for names in must_not_repeat(dataset.clean):
        if not all_differ(staged, names):
            raise NotInPieces("rows seem to repeat")
    if dataset.key:
        checks.append(_keyed(staged, dataset.key))
    try:
        Lake.of(subject.workspace).batches(dataset.name).require_as_is(columns)
    except ColumnConflict as error:
        raise NotInPieces(error.what) from error
    told: dict[str, Any] = {
        "cleaned": counts.changed,
        "dropped": counts.dropped,
        "added": counts.added,
        "columns": column_types(columns),
        "content_digest": content_digest_of(staged.column, columns.types, columns.untyped, staged.rows),
    }
    checks.append(structure.typed())
    empty = list(columns.untyped)
    return Seen(staged.names, empty, rows_read, staged.rows, times, checks, told, counts.let_go)


def _timed(staged: Staged, event_time: str) -> tuple[list[Check], dict[str, str] | None]:
    if staged.columns.types.get(event_time) not in ("timestamp", "timestamp_ntz"):
        raise NotInPieces(f"{event_time!r} is no column of timestamps")
    known, times = span(staged, event_time)
    return [structure.times_read(event_time, known, 0, staged.rows)], times


def _keyed(staged: Staged, key: list[str]) -> Check:
    if not set(key) <= set(staged.names) or not all_there(staged, key) or not all_differ(staged, key):
        raise NotInPieces("rows lack their key, or seem to repeat it")
    return structure.key_counted(key, staged.rows, 0, 0)
