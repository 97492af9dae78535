"""What is in quarantine, batch by batch: how many rows, why, since when and until when."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from loopwright.declaration import Project
from loopwright.errors import UnknownName, counted, shown_names
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.results import rows_counted

if TYPE_CHECKING:
    from datetime import timedelta

    from loopwright.declaration import Workspace


@dataclass(frozen=True)
class Kept:
    """A batch that has rows in quarantine, or was set aside without any that could be read.

    :param whole: whether nothing of it was published.
    :param rows: in quarantine; ``None`` where nobody knows, since the arrival could not be read.
    :param why: the verdict's one line; of a batch that is published but for these rows, what they were set aside for,
        once :func:`explained` or :func:`kept_batch` has looked.
    :param since: ISO 8601.
    :param until: when they are erased unless somebody decides, ISO 8601.
    :param sequence: of the ledger's event that set them aside: what a decision is about.
    :param ruling: what somebody decided and is not done yet.
    :param reasons: rows by the check or step that they fail.
    :param sample: some of the rows, as text.
    """

    dataset: str
    batch_id: str
    whole: bool
    rows: int | None
    why: str
    since: str
    until: str
    report: str | None
    sequence: int
    ruling: str | None = None
    reasons: Mapping[str, int] = field(default_factory=dict)
    sample: tuple[Mapping[str, Any], ...] = ()

    @property
    def counted(self) -> str:
        """How many rows, in words."""
        return rows_counted(self.rows)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**asdict(self), "reasons": dict(self.reasons), "sample": [dict(row) for row in self.sample]}


def kept_batches(workspace: Workspace, dataset: str) -> list[Kept]:
    """Return what a dataset has in quarantine, oldest first.

    :param workspace: the five places.
    :param dataset: its name.
    """
    spec = Project.at(workspace.project).dataset(dataset)
    state = Ledger.of(workspace).dataset(dataset)
    found = [
        _kept(dataset, arrival, state.ruling(arrival["batch_id"]), spec.quarantine.retention)
        for arrival in state.in_quarantine()
    ]
    return sorted(found, key=lambda kept: kept.since)


def kept_batch(workspace: Workspace, dataset: str, batch_id: str, *, rows: int = 20) -> Kept:
    """Return one batch in quarantine, with its reasons and some of its rows.

    :param workspace: the five places.
    :param dataset: its name.
    :param batch_id: the batch.
    :param rows: how many to show at the most.
    :raises UnknownName: if it has nothing in quarantine; the nearest that has is said.
    """
    from loopwright.declaration.sensitive import hidden, shy_of
    from loopwright.lake import Lake
    from loopwright.lake.rows import RESERVED, ROW
    from loopwright.stages.ingest.examining.setting_aside import ARRIVAL, REASONS

    kept = of_name(
        kept_batches(workspace, dataset), dataset, batch_id, Ledger.of(workspace).dataset(dataset).under("arrival")
    )
    if not kept.rows:
        return kept
    frame = Lake.of(workspace).quarantine(dataset).read([batch_id])
    said = frame[REASONS].fillna("[]").map(json.loads) if REASONS in frame else None
    kept = _with(kept, said if said is not None else ())
    blamed = frame[said.map(bool)] if said is not None and said.map(bool).any() else frame
    shy = hidden(Project.at(workspace.project).dataset(dataset))
    if shy and "row" in blamed:  # whole rows as JSON, sensitive columns among them
        return kept
    unshown = [name for name in (*RESERVED, ARRIVAL, *shy_of(blamed, shy)) if name in blamed and name != ROW]
    own = blamed.drop(columns=unshown).dropna(axis=1, how="all")
    told = [name for name in (ROW, REASONS) if name in own]  # which and why, before what may be twenty columns
    first = own[told + [name for name in own if name not in told]].head(rows).astype(object)
    sample = first.where(first.notna(), None).to_dict("records")
    return replace(kept, sample=tuple(cast("list[Mapping[str, Any]]", sample)))


def explained(workspace: Workspace, dataset: str, found: list[Kept]) -> list[Kept]:
    """Return batches with what their rows were set aside for, where the rest is published: its verdict passed.

    :param workspace: the five places.
    :param dataset: whose they are.
    :param found: as :func:`kept_batches` returns them.
    """
    from loopwright.lake import Lake
    from loopwright.lake.rows import BATCH
    from loopwright.stages.ingest.examining.setting_aside import REASONS

    parts = [kept.batch_id for kept in found if not kept.whole and kept.rows]
    table = Lake.of(workspace).quarantine(dataset)
    if not parts or REASONS not in table.columns():
        return found
    frame = table.read(parts, columns=[BATCH, REASONS])
    said = frame[REASONS].fillna("[]").map(json.loads)
    return [_with(kept, said[frame[BATCH] == kept.batch_id]) if kept.batch_id in parts else kept for kept in found]


def _with(kept: Kept, said: Iterable[Sequence[str]]) -> Kept:
    """Return a batch with its rows counted by reason.

    :param said: each row's reasons.
    """
    counts = dict(Counter(name for names in said for name in names).most_common())
    if kept.whole or not counts:
        return replace(kept, reasons=counts)
    why = [f"{counted(count, 'row')}: {name}" for name, count in counts.items()]
    return replace(kept, reasons=counts, why=shown_names(why, limit=3))


def of_name(found: list[Kept], dataset: str, batch_id: str, known: Collection[str] = ()) -> Kept:
    """Return the one of that name.

    :param known: batches that are known and have nothing in quarantine: a near one would be another, not this misspelt.

    :raises UnknownName: if there is none; the nearest is said.
    """
    from difflib import get_close_matches

    by_id = {kept.batch_id: kept for kept in found}
    if batch_id in by_id:
        return by_id[batch_id]
    near = [] if batch_id in known else get_close_matches(batch_id, by_id, n=1)
    raise UnknownName(
        f"The batch {batch_id!r} has nothing in quarantine.",
        where=f"dataset {dataset}",
        allowed=shown_names(list(by_id)) or "nothing of this dataset is in quarantine",
        mend=f"Did you mean {near[0]!r}?" if near else None,
    )


def rows_aside(arrival: Mapping[str, Any]) -> int | None:
    """Return how many rows of an arrival are in quarantine; ``None`` where it could not be read.

    :param arrival: as the ledger has it.
    """
    if arrival["status"] == "quarantined" and arrival.get("rows") is None:
        return None
    return arrival.get("quarantined") or 0


def _kept(dataset: str, arrival: Mapping[str, Any], ruling: Mapping[str, Any] | None, retention: timedelta) -> Kept:
    return Kept(
        dataset=dataset,
        batch_id=arrival["batch_id"],
        whole=arrival["status"] == "quarantined",
        rows=rows_aside(arrival),
        why=arrival["reason"],
        since=arrival["at"],
        until=(datetime.fromisoformat(arrival["at"]) + retention).isoformat(),
        report=arrival.get("report"),
        sequence=arrival["sequence"],
        ruling=ruling["ruling"] if ruling and not ruling["done"] else None,
    )
