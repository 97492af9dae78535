"""A person decides about rows that were set aside: release them as they are, drop them, replace them, or undo that.

What must stay true: the decision is recorded before anything is done, with who and why; it is about the very rows that
the person saw; and it is refused before it is recorded where it could not be done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from loopwright.errors import DataFault, UnknownName
from loopwright.lake import Lake
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.hash_key import require_same_key
from loopwright.stages.ingest.keeping.held import ROWS, digest_of, hold, taken_up
from loopwright.stages.ingest.keeping.resuming import examined_as_ruled
from loopwright.stages.ingest.quarantine.kept import Kept, kept_batches, of_name
from loopwright.stages.ingest.quarantine.mending import mended
from loopwright.stages.ingest.stage import resume_batch

if TYPE_CHECKING:
    from loopwright.declaration import Workspace
    from loopwright.declaration.dataset import DatasetSpec
    from loopwright.ledger.state import DatasetState, State
    from loopwright.stages.ingest.examining.examined import Examined
    from loopwright.stages.ingest.reading.frames import Reading
    from loopwright.stages.ingest.results import IngestResult
    from loopwright.verdict import Verdict

Word = Literal["release", "drop", "replace", "undo"]


class RulingRefused(DataFault):
    """A decision about rows in quarantine that cannot be carried out as it stands."""


@dataclass(frozen=True)
class Ruled:
    """A decision, and what came of it.

    :param ruling: what was decided.
    :param by: who.
    :param rows: in quarantine before; ``None`` where nobody knows, since the arrival could not be read.
    :param dry_run: whether nothing was recorded nor done.
    :param would_publish: rows that would be published; ``None`` where nothing new would be.
    :param verdict: of the batch as it would be, or is now.
    :param result: what became of the batch; ``None`` for a dry run.
    """

    dataset: str
    batch_id: str
    ruling: Word
    by: str
    why: str
    rows: int | None
    dry_run: bool
    would_publish: int | None
    verdict: Verdict | None
    result: IngestResult | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        parts = ("dataset", "batch_id", "ruling", "by", "why", "rows", "dry_run", "would_publish")
        return {
            **{name: getattr(self, name) for name in parts},
            "verdict": self.verdict.to_dict() if self.verdict else None,
            "result": self.result.to_dict() if self.result else None,
        }


def rule(
    workspace: Workspace,
    dataset: DatasetSpec,
    batch_id: str,
    ruling: Word,
    *,
    why: str,
    actor: str,
    file: Path | None = None,
    seen: int | None = None,
    dry_run: bool = False,
) -> Ruled:
    """Decide about a batch's rows in quarantine, record it, and resume exactly that batch.

    :param workspace: the five places.
    :param dataset: its declaration.
    :param batch_id: the batch.
    :param ruling: ``release`` the rows as they are, ``drop`` them, ``replace`` them by those of a mended file, or
        ``undo`` the last decision.
    :param why: one sentence, for the ledger.
    :param actor: who decides, such as ``person:ada``.
    :param file: the mended file: whole, or only rows that were set aside, told by their ``_row``.
    :param seen: the ledger's event that the person was asked about; refused if the batch has changed since.
    :param dry_run: only say what would become of it.
    :raises UnknownName: if the batch has nothing in quarantine, or nothing to undo.
    :raises RulingRefused: if it cannot be done; nothing is recorded then.
    """
    if not why.strip():
        raise RulingRefused("A decision about rows in quarantine needs a reason.", mend="Say why, in a sentence.")
    ledger = Ledger.of(workspace)
    state = ledger.dataset(dataset.name)
    kept = _undone(state, dataset, batch_id) if ruling == "undo" else _in_quarantine(workspace, dataset, batch_id)
    if seen is not None and seen != kept.sequence:
        raise _changed(dataset.name, batch_id)
    evidence = {**_evidence(state, batch_id, ruling), "rows": kept.rows}
    if ruling == "replace":
        require_same_key(workspace, dataset)
    reading = _mended(workspace, dataset, evidence, file) if ruling == "replace" else None
    asked = {**evidence, "by": actor}
    examined = None if ruling == "drop" else examined_as_ruled(workspace, dataset, state, asked, reading)
    _require_doable(ruling, state, batch_id, examined)
    told = (dataset.name, batch_id, ruling, actor, why, kept.rows)
    would = examined.report.rows if examined and examined.report.verdict.passed else None
    if dry_run:
        return Ruled(*told, True, would, examined.report.verdict if examined else None, None)
    if reading is not None:
        evidence["held"] = hold(Lake.of(workspace), dataset.name, batch_id, digest_of(reading), reading)
    _record(ledger, state, Draft(Kind.QUARANTINE_RULED, actor, why, evidence), kept.sequence)
    result = resume_batch(workspace, dataset, batch_id, actor=actor)
    return Ruled(*told, False, would, result.verdict, result)


def _in_quarantine(workspace: Workspace, dataset: DatasetSpec, batch_id: str) -> Kept:
    return of_name(
        kept_batches(workspace, dataset.name),
        dataset.name,
        batch_id,
        Ledger.of(workspace).dataset(dataset.name).under("arrival"),
    )


def _undone(state: DatasetState, dataset: DatasetSpec, batch_id: str) -> Kept:
    known, before = state.arrival(batch_id), state.ruling(batch_id)
    if known is None or before is None or before["ruling"] == "undo":
        raise UnknownName(f"Nobody decided about the batch {batch_id!r}.", where=f"dataset {dataset.name}")
    whole = known["status"] != "published"
    return Kept(dataset.name, batch_id, whole, before["rows"], known["reason"], known["at"], known["at"],
                known["report"], known["sequence"])  # fmt: skip


def _evidence(state: DatasetState, batch_id: str, ruling: Word) -> dict[str, Any]:
    known, before = state.arrival(batch_id) or {}, state.ruling(batch_id) or {}
    held = before.get("before") or known.get("held") if ruling == "undo" else known.get("held")
    return {
        "batch_id": batch_id,
        "ruling": ruling,
        "arrival_digest": known["digest"],
        "held": held,
        "before": before.get("before") or known.get("held"),
        "about": known["sequence"],
        "report": known.get("report"),
    }


def _mended(workspace: Workspace, dataset: DatasetSpec, evidence: Mapping[str, Any], file: Path | None) -> Reading:
    if file is None:
        raise RulingRefused("To replace rows takes a file with the mended ones.", mend="Name it with --file.")
    place = evidence["held"]
    held = taken_up(Lake.of(workspace), place) if str(place).endswith(ROWS) else None
    return mended(dataset, held, file, workspace.hash_key)


def _require_doable(ruling: Word, state: DatasetState, batch_id: str, examined: Examined | None) -> None:
    if examined is None or examined.report.verdict.passed:
        return
    why = examined.report.verdict.why().partition(": ")[2]
    if ruling == "release":
        raise RulingRefused(
            "The rows cannot be released as they are: no table could hold them, or the loop could not tell them apart.",
            where=f"{state.subject}: {batch_id}",
            got=why,
            mend="Replace them by a mended file, mend the declaration if that is wrong, or drop them.",
        )
    if ruling == "replace":
        raise RulingRefused(
            "The mended rows are not as expected either.",
            where=f"{state.subject}: {batch_id}",
            got=why,
            mend="Mend what is said here, too; a dry run looks without deciding.",
        )
    if ruling == "undo" and state.get(f"batch/{batch_id}") is not None:
        raise RulingRefused(
            "What a decision has published cannot be taken back whole: models may have learned from it.",
            where=f"{state.subject}: {batch_id}",
            mend="Replace the batch by a mended file, or let the source send a corrected one.",
        )


def _record(ledger: Ledger, state: DatasetState, draft: Draft, sequence: int) -> None:
    batch_id = draft.evidence["batch_id"]
    before = (state.ruling(batch_id) or {}).get("sequence")

    def decision(now: State) -> Draft:
        there, ruling = now.get(f"arrival/{batch_id}") or {}, now.get(f"ruling/{batch_id}") or {}
        if there.get("sequence") != sequence or ruling.get("sequence") != before:
            raise _changed(state.subject.partition("/")[2], batch_id)
        return draft

    ledger.decide(state.subject, decision)


def _changed(dataset: str, batch_id: str) -> RulingRefused:
    return RulingRefused(
        f"The batch {batch_id!r} is not what it was when you were asked: it came again, or somebody else decided.",
        where=f"dataset {dataset}",
        mend="Look at it again, then decide.",
    )
