"""What ingest hands back: plain, small, and the same whether Airflow or a shell asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from loopwright.errors import counted

if TYPE_CHECKING:
    from loopwright.stages.ingest.judging.answers import ExpectationResult
    from loopwright.verdict import Verdict

Status = Literal["published", "quarantined", "unchanged", "dropped"]


@dataclass(frozen=True)
class ValidationReport:
    """What was found out about one batch, before anything was done about it.

    :param verdict: over the structural checks and the suite.
    :param rows_read: in the arrival; ``None`` if it could not be read.
    :param rows: left after cleaning.
    :param columns: their types, by the lake's names.
    :param event_time: first, middle and last, ISO 8601.
    :param cleaned: what each cleaning step changed.
    :param dropped: rows that each cleaning step left out, and ``added`` those that a function of the team's own made.
    :param rows_set_aside: rows that are not among ``rows`` because they are set aside; with the batch whole, none.
    :param set_aside: how many of the bad rows each check or step is the reason for.
    :param content_digest: over the cleaned rows; ``None`` if they have no content to speak of.
    :param arrival_digest: over the arrival's bytes.
    :param expectations: what became of each expectation, in the suite's order.
    :param results: Great Expectations' own results, in the same order.
    :param decided: what a person decided about the rows that were set aside, where that is what is judged: ``ruling``,
        ``by``, and the ``report`` they were set aside with.
    :param superseded: what went with the arrival before, undecided: ``rows``, its ``report``, and the ``owner`` to ask.
    """

    dataset: str
    batch_id: str
    verdict: Verdict
    arrival_digest: str
    rows_read: int | None = None
    rows: int = 0
    columns: Mapping[str, str] = field(default_factory=dict)
    event_time: Mapping[str, str] | None = None
    cleaned: Mapping[str, int] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)
    added: Mapping[str, int] = field(default_factory=dict)
    rows_set_aside: int = 0
    set_aside: Mapping[str, int] = field(default_factory=dict)
    content_digest: str | None = None
    expectations: tuple[ExpectationResult, ...] = ()
    results: tuple[Mapping[str, Any], ...] = ()
    decided: Mapping[str, Any] | None = None
    superseded: Mapping[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "dataset": self.dataset,
            "batch_id": self.batch_id,
            "verdict": self.verdict.to_dict(),
            "arrival_digest": self.arrival_digest,
            "rows_read": self.rows_read,
            "rows": self.rows,
            "columns": dict(self.columns),
            "event_time": dict(self.event_time) if self.event_time else None,
            "cleaned": dict(self.cleaned),
            "dropped": dict(self.dropped),
            "added": dict(self.added),
            "rows_set_aside": self.rows_set_aside,
            "set_aside": dict(self.set_aside),
            "content_digest": self.content_digest,
            "expectations": [answer.to_dict() for answer in self.expectations],
            "results": [dict(result) for result in self.results],
            "decided": dict(self.decided) if self.decided else None,
            "superseded": dict(self.superseded) if self.superseded else None,
        }


@dataclass(frozen=True)
class IngestResult:
    """What became of one batch.

    :param status: ``published`` (all of it or without the rows that were set aside), ``quarantined`` whole, ``dropped``
        by a person, or ``unchanged`` when the same bytes are published already.
    :param verdict: ``None`` when unchanged.
    :param rows_read: in the arrival; ``None`` if it could not be read, or was not read again.
    :param rows_published: in the lake now, by this arrival.
    :param data_version: of the batches table, where this arrival is in it.
    :param report: where the report is.
    :param cleaned: what each cleaning step changed.
    :param rows_quarantined: rows of this arrival that are in quarantine now; ``None`` if it could not be read.
    :param rows_dropped: rows that cleaning steps left out.
    """

    dataset: str
    batch_id: str
    status: Status
    verdict: Verdict | None
    rows_read: int | None
    rows_published: int
    data_version: int | None
    content_digest: str | None
    report: str | None
    cleaned: Mapping[str, int] = field(default_factory=dict)
    rows_quarantined: int | None = 0
    rows_dropped: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        verdict = self.verdict.to_dict() if self.verdict else None
        return {**asdict(self), "verdict": verdict, "cleaned": dict(self.cleaned)}


def rows_counted(rows: int | None) -> str:
    """Return how many rows, in words.

    :param rows: ``None`` where nobody knows, since the arrival could not be read.
    """
    return "an unknown number of rows" if rows is None else counted(rows, "row")
