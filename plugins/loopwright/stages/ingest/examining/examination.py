"""Looking at one arrival: read, clean, judge. Writes nothing, so that it can be asked as often as one likes.

What must stay true: whatever is wrong with a batch becomes a check that failed, so that the batch is quarantined with
its reasons and holds up no other. Only a wrong declaration, and surroundings that fail, are raised.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loopwright.declaration.sensitive import hidden, lacking
from loopwright.errors import ArrivalUnreadable, DataFault, UserCodeFailed
from loopwright.lake import Lake
from loopwright.lake.columns import ColumnUnfit, columns_of
from loopwright.lake.schema import ColumnConflict
from loopwright.stages.ingest.cleaning import Cleaned, CleaningFailed, clean
from loopwright.stages.ingest.examining import structure
from loopwright.stages.ingest.examining.beside import newest_columns
from loopwright.stages.ingest.examining.content import column_types, content_digest
from loopwright.stages.ingest.examining.examined import Examined
from loopwright.stages.ingest.examining.seen import Seen
from loopwright.stages.ingest.examining.setting_aside import (
    BadRows,
    bad_rows,
    decided_by,
    overruled,
    rows_of,
    with_cleaned,
    with_reasons,
)
from loopwright.stages.ingest.examining.subject import Subject
from loopwright.stages.ingest.judging.asking import ask
from loopwright.stages.ingest.judging.suite import Suite, read_suite
from loopwright.stages.ingest.pieces import NotInPieces
from loopwright.stages.ingest.pieces.arriving import arriving
from loopwright.stages.ingest.reading.as_text import text_columns
from loopwright.stages.ingest.reading.gathering import read_all
from loopwright.stages.ingest.reading.room import require_room
from loopwright.stages.ingest.sensitive import protected, untold, without_values
from loopwright.verdict import Check, Outcome

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.stages.ingest.arriving.fetching import Fetched
    from loopwright.stages.ingest.judging.failing import FailingRows
    from loopwright.stages.ingest.reading.frames import Reading

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Examination(Subject):
    """The looking at one batch.

    :param file: its bytes; ``None`` if it is resumed from what was held of it.
    :param held: what was held of it.
    """

    file: Fetched | None = None
    held: Reading | None = None

    def cleaned(self) -> pd.DataFrame:
        """Read and clean, and judge nothing: the rows that a suite is asked of.

        :raises DataFault: if they cannot be read or cleaned.
        """
        raw = self._raw()
        if self._came_bare and (absent := lacking(raw.frame.columns, self.dataset)):
            raise DataFault(structure.sensitive_there(absent).why, where=f"{self.dataset.name}: {self.batch_id}")
        frame = clean(self._protected(raw).frame, self.dataset.clean, self.folder, spare=True).frame
        return structure.timed(frame, self.dataset.event_time)[0] if self.dataset.event_time else frame

    def examine(self) -> Examined:
        """Read, clean and judge.

        :raises DeclarationError: if the suite or a cleaning function is declared wrongly.
        :raises CannotRun: if disk or lake fail, or memory has no room for what is to be held whole.
        """
        suite = self._suite()
        try:
            if self.file is not None:
                found = self._in_pieces(suite, self.file.paths)
                if isinstance(found, Examined):
                    return found
                require_room(self.file.paths, self.dataset, found)
            raw = self._raw()
        except ArrivalUnreadable as error:
            return Examined(self.report([structure.readable(error)], suite), None)
        if self._came_bare and (absent := lacking(raw.frame.columns, self.dataset)):
            checks = [structure.readable(), structure.sensitive_there(absent)]
            return Examined(self.report(checks, suite, rows_read=len(raw.frame)), None)
        reading = self._protected(raw)
        try:
            cleaned = clean(reading.frame, self.dataset.clean, self.folder, spare=self.released_by is not None)
        except (CleaningFailed, UserCodeFailed) as error:
            said = without_values(error, hidden(self.dataset))
            checks = [structure.readable(), structure.cleanable(said, len(self.dataset.clean))]
            return Examined(self.report(checks, suite, rows_read=len(reading.frame)), None, reading)
        whole = self._look(cleaned, cleaned.frame, reading, suite)
        bad = bad_rows(self.dataset.on_bad_rows, whole.checks, whole.found.get("expectations", ()), whole.failing)
        if bad is None or not (bad.reasons or cleaned.aside):
            return self._concluded(whole, reading, suite)
        return self._set_aside(
            whole, with_cleaned(bad, cleaned, silent=bool(self.dataset.sensitive)), cleaned, reading, suite
        )

    def _in_pieces(self, suite: Suite, paths: Sequence[Path]) -> Examined | str | None:
        """Look at a large batch without having it in memory; ``None`` if it is not, or why only the whole can tell."""
        try:
            large = arriving(paths, self.dataset, self._text_columns())
            if large is None:
                return None
            from loopwright.stages.ingest.pieces.examining import examined

            try:
                return examined(self, large, suite)
            finally:
                large.erase()
        except NotInPieces as reason:
            _log.info("Batch %s is looked at whole, in memory: %s.", self.batch_id, reason)
            return str(reason)  # and not what it was raised with, which holds the pieces

    def _set_aside(self, whole: _Look, bad: BadRows, cleaned: Cleaned, reading: Reading, suite: Suite) -> Examined:
        """Judge what is left without the bad rows; they may be too many, or what is left may fail as well."""
        check = bad.check(len(reading.frame), self.dataset.on_bad_rows.set_aside_up_to)
        counts = bad.counts()
        if check.outcome is Outcome.FAIL:
            return self._concluded(whole, reading, suite, check, set_aside=counts)
        left = cleaned.frame[~cleaned.frame.index.isin(list(bad.reasons))]
        rest = self._look(cleaned, left, reading, suite)
        rest = replace(rest, failing=whole.failing)
        aside = with_reasons(rows_of(bad, reading.frame, cleaned), bad)
        return self._concluded(rest, reading, suite, check, aside=aside, rows_set_aside=len(aside), set_aside=counts)

    def _look(self, cleaned: Cleaned, rows: pd.DataFrame, reading: Reading, suite: Suite) -> _Look:
        """Ask everything of some of the cleaned rows."""
        frame, checks, found = self._structure(cleaned, rows, reading)
        failing = structure.failing_rows(rows, self.dataset)
        if suite.expectations and not frame.empty:
            judged = untold(ask(frame, suite), hidden(self.dataset))
            found |= {"expectations": judged.expectations, "results": judged.results}
            asked = decided_by(self.dataset.on_bad_rows, judged.expectations, judged.rows)
            checks += overruled(asked, self.released_by) if self.released_by else asked
            failing |= judged.failing
        return _Look(frame, checks, found, failing)

    def _concluded(
        self,
        look: _Look,
        reading: Reading,
        suite: Suite,
        *more: Check,
        aside: pd.DataFrame | None = None,
        **found: Any,
    ) -> Examined:
        report = self.report([*look.checks, *more], suite, **look.found, **found)
        return Examined(report, look.frame, reading, aside, look.failing)

    @property
    def _came_bare(self) -> bool:
        """Whether it is as the source has it: what is held, and what a query gave, was protected before."""
        return self.held is None and self.dataset.query is None

    def _raw(self) -> Reading:
        if self.held is not None:
            return self.held
        if self.file is None:
            raise ValueError("an examination needs a file, or what was held of it")
        return read_all(self.file.paths, self.dataset, text=self._text_columns())

    def _text_columns(self) -> set[str]:
        return text_columns(self.dataset, newest_columns(self.state))

    def _protected(self, raw: Reading) -> Reading:
        return protected(raw, self.dataset, self.workspace.hash_key) if self._came_bare else raw

    def _suite(self) -> Suite:
        return read_suite(self.folder / self.dataset.expectations) if self.dataset.expectations else Suite()

    def _structure(
        self, cleaned: Cleaned, frame: pd.DataFrame, reading: Reading
    ) -> tuple[pd.DataFrame, list[Check], dict[str, Any]]:
        rows_read, time_checks = len(reading.frame), []
        if self.dataset.event_time:
            frame, check = structure.timed(frame, self.dataset.event_time)
            time_checks = [check]
        types, found = self._types(frame)
        columns = list(frame.columns)
        seen = Seen(
            columns,
            [name for name in columns if frame[name].isna().all()] if frame.columns.is_unique else [],
            rows_read,
            len(frame),
            structure.span(frame, self.dataset.event_time),
            [*time_checks, *([structure.keyed(frame, self.dataset.key)] if self.dataset.key else []), types],
            {"cleaned": cleaned.changed, "dropped": cleaned.dropped, "added": cleaned.added, **found},
            cleaned.let_go,
            reading.doubled,
        )
        checks, told = self.structural(seen)
        return frame, checks, told

    def _types(self, frame: pd.DataFrame) -> tuple[Check, dict[str, Any]]:
        try:
            columns = columns_of(frame)
        except ColumnUnfit as error:
            return structure.typed(error), {}
        found = {"columns": column_types(columns), "content_digest": content_digest(columns, len(frame))}
        try:
            Lake.of(self.workspace).batches(self.dataset.name).require_fit(frame)
        except ColumnConflict as error:
            return structure.typed(error), found
        return structure.typed(), found


@dataclass(frozen=True)
class _Look:
    """What a look at some rows gave: them as they would be published, what was asked, and what was found."""

    frame: pd.DataFrame
    checks: list[Check]
    found: dict[str, Any]
    failing: FailingRows
