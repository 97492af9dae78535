"""One batch beside what is declared and known of its dataset: what every batch must be, and the report on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loopwright.declaration.loading import digest_of
from loopwright.declaration.project import Project
from loopwright.stages.ingest.examining import structure
from loopwright.stages.ingest.examining.beside import columns_before, settled_columns
from loopwright.stages.ingest.results import ValidationReport
from loopwright.verdict import Check, Verdict

if TYPE_CHECKING:
    from loopwright.declaration import Workspace
    from loopwright.declaration.dataset import DatasetSpec
    from loopwright.ledger.state import DatasetState
    from loopwright.stages.ingest.examining.seen import Seen
    from loopwright.stages.ingest.judging.suite import Suite


@dataclass(frozen=True)
class Subject:
    """A batch that is to be looked at, whole or in pieces.

    :param workspace: where the project and the lake are.
    :param dataset: what is declared.
    :param state: what the ledger knows of the dataset.
    :param batch_id: the batch.
    :param digest: of its bytes.
    :param released_by: the person who said to publish it as it is, whatever the expectations say.
    """

    workspace: Workspace
    dataset: DatasetSpec
    state: DatasetState
    batch_id: str
    digest: str
    released_by: str | None = None

    @property
    def folder(self) -> Path:
        """The dataset's folder."""
        return Project(Path(self.workspace.project)).dataset_folder(self.dataset.name)

    def structural(self, seen: Seen) -> tuple[list[Check], dict[str, Any]]:
        """Return what every batch must be as checks, and what the report tells of that.

        :param seen: what was found of the cleaned rows.
        """
        span, timed = seen.span, bool(self.dataset.event_time)
        known = columns_before(self.state, self.batch_id, span, timed=timed)
        asked = settled_columns(self.state, self.batch_id, span, timed=timed)
        checks = [
            structure.readable(),
            *([structure.sensitive_there([])] if self.dataset.sensitive else []),
            structure.cleanable(None, len(self.dataset.clean)),
            structure.has_rows(seen.rows_read, seen.rows),
            structure.columns_kept(seen.columns, seen.doubled, asked, self.dataset, seen.let_go),
            *structure.columns_new(seen.columns, seen.empty, known, asked),
            *structure.columns_retyped(seen.found.get("columns", {}), known),
            *([] if self.released_by else structure.unchanged(self.dataset, self._published(), self.digest)),
            *seen.checks,
        ]
        counted = {"rows_read": seen.rows_read, "rows": seen.rows, "event_time": span}
        return checks, {**counted, **seen.found}

    def report(self, checks: Sequence[Check], suite: Suite, **found: Any) -> ValidationReport:
        """Return a report.

        :param checks: all that was asked.
        :param suite: what is expected.
        :param found: what else the report tells, by its fields' names.
        """
        digests = {
            "arrival": self.digest,
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
        return ValidationReport(self.dataset.name, self.batch_id, verdict, self.digest, **found)

    def _published(self) -> Mapping[str, Any] | None:
        found: Mapping[str, Any] | None = self.state.get(f"batch/{self.batch_id}")
        return found
