"""When a batch as a whole has drifted: enough of its columns have. Pure, and three-valued."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loopwright.errors import shown_names
from loopwright.verdict import Outcome

if TYPE_CHECKING:
    from loopwright.profiling.findings import ColumnDrift


@dataclass(frozen=True)
class BatchDrift:
    """What the columns of one batch come to.

    :param outcome: ``fail`` is drifted; ``inconclusive`` when the columns that cannot be told could tip it.
    :param share: drifted columns among those that count.
    :param drifted: their names, largest effect first.
    :param unsure: columns whose effect chance could explain.
    :param counted: columns that count.
    :param why: one sentence.
    """

    outcome: Outcome
    share: float
    drifted: tuple[str, ...]
    unsure: tuple[str, ...]
    counted: int
    why: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "outcome": self.outcome.value,
            "share": self.share,
            "drifted": list(self.drifted),
            "unsure": list(self.unsure),
            "counted": self.counted,
            "why": self.why,
        }


def judge_columns(columns: Sequence[ColumnDrift], share: float) -> BatchDrift:
    """Decide whether a batch has drifted.

    :param columns: what became of each column.
    :param share: share of drifted columns from which the batch counts as drifted.
    """
    counted = [column for column in columns if column.comparable]
    drifted = sorted((c for c in counted if c.outcome is Outcome.FAIL), key=_size, reverse=True)
    unsure = [c for c in counted if c.outcome is Outcome.INCONCLUSIVE]
    names, doubtful = tuple(c.column for c in drifted), tuple(c.column for c in unsure)
    if not counted:
        why = "no column has values to compare"
        return BatchDrift(Outcome.INCONCLUSIVE, 0.0, (), (), 0, why)
    found = len(drifted) / len(counted)
    outcome = _outcome(len(drifted), len(unsure), share * len(counted))
    return BatchDrift(outcome, found, names, doubtful, len(counted), _why(names, doubtful, len(counted), share))


def _outcome(drifted: int, unsure: int, needed: float) -> Outcome:
    # A share of nothing asks for nothing: at least one column has to have drifted.
    needed = max(needed - 1e-9, 1.0)
    if drifted >= needed:
        return Outcome.FAIL
    return Outcome.INCONCLUSIVE if drifted + unsure >= needed else Outcome.PASS


def _size(column: ColumnDrift) -> float:
    return max((m.effect / m.threshold for m in column.measures if m.outcome is Outcome.FAIL), default=0.0)


def _why(drifted: tuple[str, ...], unsure: tuple[str, ...], counted: int, share: float) -> str:
    names = f" ({shown_names(list(drifted))})" if drifted else ""
    doubt = f", {len(unsure)} cannot be told from chance" if unsure else ""
    return f"{len(drifted)} of {counted} columns drifted{names}{doubt}; from {share:.0%} on the batch has"
