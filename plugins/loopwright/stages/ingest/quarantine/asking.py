"""The question to a person about each batch in quarantine: asked once, with what the person must know to answer.

What must stay true: the question names the ledger's event that set the rows aside, so that an answer to it decides
about nothing that came later; and two runs do not ask the same.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.quarantine.kept import Kept, kept_batch, kept_batches

if TYPE_CHECKING:
    from loopwright.declaration import Workspace
    from loopwright.declaration.dataset import DatasetSpec
    from loopwright.ledger.state import State

ROWS_SHOWN = 10


@dataclass(frozen=True)
class Question:
    """What a person is asked about one batch.

    :param batch_id: the batch.
    :param seen: the ledger's event that set its rows aside.
    :param subject: one line.
    :param body: Markdown.
    """

    batch_id: str
    seen: int
    subject: str
    body: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Questions:
    """What there is to ask.

    :param questions: one a batch, oldest first.
    """

    questions: tuple[Question, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, bounded."""
        return {"asked": len(self.questions), "batches": [one.batch_id for one in self.questions][:20]}


def ask_about(
    workspace: Workspace,
    dataset: DatasetSpec,
    *,
    asker: str,
    batch_id: str | None = None,
    now: datetime | None = None,
) -> Questions:
    """Return what a person must be asked, and record that one is; what is asked already is left out until it is over.

    :param workspace: the five places.
    :param dataset: its declaration.
    :param asker: who asks, as an actor: ``run:<id>``. Whoever asks again under the same name is given the same.
    :param batch_id: only about this one, asked already or not.
    :param now: aware time; the present when left out.
    """
    at = now or datetime.now(UTC)
    ledger = Ledger.of(workspace)
    waits = [one for one in kept_batches(workspace, dataset.name) if one.ruling is None]
    if batch_id is not None:
        waits = [one for one in waits if one.batch_id == batch_id]
    mine: list[Kept] = []

    def decision(state: State) -> list[Draft]:
        mine[:] = [one for one in waits if batch_id is not None or _open(state, one, asker, dataset, at)]
        return [_asked(one, asker) for one in mine if not _by(state, one, asker)]

    ledger.decide(f"dataset/{dataset.name}", decision)
    return Questions(
        tuple(_question(kept_batch(workspace, dataset.name, one.batch_id, rows=ROWS_SHOWN)) for one in mine)
    )


def _open(state: State, kept: Kept, asker: str, dataset: DatasetSpec, at: datetime) -> bool:
    """Whether nobody asks about these very rows now."""
    asked = state.get(f"asked/{kept.batch_id}")
    if asked is None or asked["about"] != kept.sequence or asked["actor"] == asker:
        return True
    return bool(at - datetime.fromisoformat(asked["at"]) >= dataset.quarantine.timeout)


def _by(state: State, kept: Kept, asker: str) -> bool:
    asked = state.get(f"asked/{kept.batch_id}") or {}
    return bool(asked.get("about") == kept.sequence and asked.get("actor") == asker)


def _asked(kept: Kept, asker: str) -> Draft:
    evidence = {"batch_id": kept.batch_id, "about": kept.sequence, "rows": kept.rows}
    return Draft(Kind.QUARANTINE_ASKED, asker, f"A person is asked about {kept.counted}.", evidence)


def _question(kept: Kept) -> Question:
    how = "was set aside whole" if kept.whole else "was published without these rows"
    lines = [f"The batch {how}: {' '.join(kept.why.split())}", ""]
    lines += ["| rows | fail |", "|---:|---|", *(f"| {n:,} | {_cell(name)} |" for name, n in kept.reasons.items())]
    if kept.sample:
        names = list(kept.sample[0])
        lines += ["", f"The first {len(kept.sample)}:", "", "| " + " | ".join(map(_cell, names)) + " |"]
        lines += ["|" + "---|" * len(names)]
        lines += ["| " + " | ".join(_cell(row[name]) for name in names) + " |" for row in kept.sample]
    lines += ["", f"Without an answer they stay where they are, and are erased on {kept.until[:10]}."]
    subject = f"{kept.dataset} {kept.batch_id}: what becomes of {kept.counted}?"
    return Question(kept.batch_id, kept.sequence, subject, "\n".join(lines))


def _cell(value: object) -> str:
    """Return a value that breaks no table, short enough for one."""
    text = " ".join(("" if value is None else str(value)).replace("|", "\\|").split())
    return text if len(text) <= 80 else f"{text[:80]}…"
