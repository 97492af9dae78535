"""Looking at one arrival: read, clean, judge. Writes nothing, so that it can be asked as often as one likes.

What must stay true: whatever is wrong with a batch becomes a check that failed, so that the batch is quarantined with
its reasons and holds up no other. Only a wrong declaration, and surroundings that fail, are raised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loopwright.declaration.cleaning import Apply, Convert, Rename, Spell
from loopwright.declaration.loading import digest_of
from loopwright.declaration.project import Project
from loopwright.errors import ArrivalUnreadable, DataFault, UserCodeFailed
from loopwright.lake import Lake
from loopwright.lake.columns import ColumnUnfit, columns_of
from loopwright.lake.schema import ColumnConflict
from loopwright.ledger.state import place_in_time
from loopwright.stages.ingest import structure
from loopwright.stages.ingest.cleaning import Cleaned, CleaningFailed, clean
from loopwright.stages.ingest.content import column_types, content_digest
from loopwright.stages.ingest.failing import FailingRows
from loopwright.stages.ingest.reading import read
from loopwright.stages.ingest.results import ValidationReport
from loopwright.stages.ingest.suite import Suite, read_suite
from loopwright.verdict import Check, Verdict

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.declaration import Workspace
    from loopwright.declaration.dataset import DatasetSpec
    from loopwright.ledger.state import DatasetState
    from loopwright.stages.ingest.fetching import Fetched


@dataclass(frozen=True)
class Examined:
    """A batch that was looked at.

    :param report: what was found.
    :param frame: its rows as far as they came (cleaned, or as read), their index the row numbers of the arrival;
        ``None`` if they could not be read.
    :param failing: which of them fail which expectation, all of them, under the names of the checks.
    """

    report: ValidationReport
    frame: pd.DataFrame | None
    failing: FailingRows = field(default_factory=FailingRows)


@dataclass(frozen=True)
class Examination:
    """The looking at one batch.

    :param workspace: where the project and the lake are.
    :param dataset: what is declared.
    :param state: what the ledger knows of the dataset.
    :param batch_id: the batch.
    :param file: its bytes.
    """

    workspace: Workspace
    dataset: DatasetSpec
    state: DatasetState
    batch_id: str
    file: Fetched

    def examine(self) -> Examined:
        """Read, clean and judge.

        :raises DeclarationError: if the suite or a cleaning function is declared wrongly.
        :raises CannotRun: if disk or lake fail.
        """
        suite = self._suite()
        try:
            reading = read(self.file.path, self.dataset, text=text_columns(self.dataset, self._newest_columns()))
        except ArrivalUnreadable as error:
            return Examined(self._report([structure.readable(error)], suite), None)
        try:
            cleaned = clean(reading.frame, self.dataset.clean, self._folder)
        except (CleaningFailed, UserCodeFailed) as error:
            checks = [structure.readable(), structure.cleanable(error, len(self.dataset.clean))]
            return Examined(self._report(checks, suite, rows_read=len(reading.frame)), reading.frame)
        frame, checks, found = self._structure(cleaned, reading.doubled, len(reading.frame))
        found |= {"rows_read": len(reading.frame), "cleaned": cleaned.changed}
        if not suite.expectations or frame.empty:
            return Examined(self._report(checks, suite, **found), frame)
        from loopwright.stages.ingest.judging import judge  # seconds of import, only where something is judged

        judged = judge(frame, suite)
        found |= {"expectations": judged.expectations, "results": judged.results}
        return Examined(self._report([*checks, *judged.checks], suite, **found), frame, judged.failing)

    @property
    def _folder(self) -> Path:
        return Project(Path(self.workspace.project)).dataset_folder(self.dataset.name)

    def _suite(self) -> Suite:
        return read_suite(self._folder / self.dataset.expectations) if self.dataset.expectations else Suite()

    def _newest_columns(self) -> Mapping[str, str]:
        published = self.state.published()
        return published[-1].get("columns") or {} if published else {}

    def _structure(
        self, cleaned: Cleaned, doubled: tuple[str, ...], rows_read: int
    ) -> tuple[pd.DataFrame, list[Check], dict[str, Any]]:
        frame, time_checks = cleaned.frame, []
        if self.dataset.event_time:
            frame, check = structure.timed(frame, self.dataset.event_time)
            time_checks = [check]
        span = structure.span(frame, self.dataset.event_time)
        known = self._columns_before(span)
        types, found = self._types(frame)
        checks = [
            structure.readable(),
            structure.cleanable(None, len(self.dataset.clean)),
            structure.has_rows(rows_read, len(frame)),
            structure.columns_kept(list(frame.columns), doubled, known, self.dataset, cleaned.let_go),
            *structure.columns_new(frame, known),
            *time_checks,
            *([structure.keyed(frame, self.dataset.key)] if self.dataset.key else []),
            types,
        ]
        return frame, checks, {"rows": len(frame), "event_time": span, **found}

    def _columns_before(self, span: Mapping[str, str] | None) -> Mapping[str, str]:
        """Return the columns of the published batch that comes before this one, wherever in time this one comes."""
        others = [batch for batch in self.state.published() if batch["batch_id"] != self.batch_id]
        if span or not self.dataset.event_time:
            mine = place_in_time(span, self.batch_id)
            others = [batch for batch in others if place_in_time(batch["event_time"], batch["batch_id"]) < mine]
        return others[-1].get("columns") or {} if others else {}

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

    def _report(self, checks: list[Check], suite: Suite, **found: Any) -> ValidationReport:
        digests = {
            "arrival": self.file.digest,
            "data": found.get("content_digest"),
            "declaration": digest_of(self.dataset),
            "expectations": digest_of(suite),
        }
        verdict = Verdict(
            stage="ingest",
            subject=f"dataset/{self.dataset.name}",
            checks=tuple(checks),
            digests={role: digest for role, digest in digests.items() if digest},
        )
        return ValidationReport(self.dataset.name, self.batch_id, verdict, self.file.digest, **found)


def text_columns(dataset: DatasetSpec, known: Mapping[str, str]) -> set[str]:
    """Return the columns, as they are called in the arrival, whose digits are text: ``007`` is no number there.

    They are those that cleaning makes text, and those that were text in the newest published batch: a month in which
    every code happens to be digits must not change the column's type. Where a function of the team's own stands
    between arrival and table, what was text in the table need not have been in the file, and nothing is assumed.

    :param dataset: the dataset.
    :param known: columns and types of the newest published batch.
    """
    called: dict[str, str] = {}  # name now: name in the arrival
    wanted: set[str] = set()
    for step in dataset.clean:
        if isinstance(step, Rename):
            called |= {new: called.get(old, old) for old, new in step.columns.items()}
        if isinstance(step, Convert):
            as_written = bool(step.formats or step.thousands or step.decimal != ".")
            wanted |= {called.get(name, name) for name, kind in step.columns.items() if as_written or kind == "text"}
        if isinstance(step, Spell):
            wanted |= {called.get(name, name) for name in step.columns}
    if any(isinstance(step, Apply) for step in dataset.clean):
        return wanted
    return wanted | {called.get(name, name) for name, kind in known.items() if kind == "string"}


def failed_by(report: ValidationReport, error: DataFault) -> ValidationReport:
    """Return a report in which the types do not fit after all: another batch came first and changed the table.

    :param report: as it was.
    :param error: what the lake said.
    """
    checks = tuple(structure.typed(error) if check.name == "types" else check for check in report.verdict.checks)
    return replace(report, verdict=replace(report.verdict, checks=checks))
