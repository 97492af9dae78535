"""What was found about a column: each question with its effect, the floor of chance, and the threshold asked for.

Drifted is an effect at or above the threshold *and* above the floor; at or above the threshold but not above the floor
is inconclusive: with so few rows it cannot be told from chance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from loopwright.verdict import Outcome


@dataclass(frozen=True)
class Measure:
    """One question about one column.

    :param name: ``values``, ``nulls``, ``unseen`` or ``identity``.
    :param method: how the effect was measured.
    :param effect: the effect size.
    :param floor: what chance reaches with these numbers of rows; ``None`` where chance plays no part.
    :param threshold: the effect from which it counts.
    :param outcome: ``fail`` is drifted.
    :param why: one sentence, numbers included.
    """

    name: str
    method: str
    effect: float
    floor: float | None
    threshold: float
    outcome: Outcome
    why: str

    @classmethod
    def of(cls, name: str, method: str, effect: float, floor: float, threshold: float, said: str) -> Measure:
        """Judge an effect.

        :param said: what was seen, as the start of the sentence.
        """
        if effect < threshold:
            outcome, rest = Outcome.PASS, f"below {threshold:.3g}"
        elif effect > floor:
            outcome, rest = Outcome.FAIL, f"at least {threshold:.3g}, and above the {floor:.3g} of chance"
        else:
            outcome, rest = Outcome.INCONCLUSIVE, f"but chance alone reaches {floor:.3g} with so few rows"
        return cls(name, method, effect, floor, threshold, outcome, f"{said} ({rest})")

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**asdict(self), "outcome": self.outcome.value}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Measure:
        """Rebuild what :meth:`to_dict` gave."""
        return cls(**{**raw, "outcome": Outcome(raw["outcome"])})


@dataclass(frozen=True)
class ColumnDrift:
    """What became of one column.

    :param column: its name.
    :param kind: how its values were compared, or why they were not.
    :param outcome: ``fail`` is drifted, ``pass`` steady, ``inconclusive`` cannot be told, ``not_applicable`` a time.
    :param comparable: whether there was something to compare; others do not count in the batch's share.
    :param why: one sentence.
    :param rows: rows of the reference and of today.
    :param measures: every question asked.
    """

    column: str
    kind: str
    outcome: Outcome
    comparable: bool
    why: str
    rows: tuple[int, int]
    measures: tuple[Measure, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            **asdict(self),
            "outcome": self.outcome.value,
            "rows": list(self.rows),
            "measures": [measure.to_dict() for measure in self.measures],
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> ColumnDrift:
        """Rebuild what :meth:`to_dict` gave."""
        measures = tuple(Measure.from_dict(measure) for measure in raw["measures"])
        read = {"outcome": Outcome(raw["outcome"]), "rows": tuple(raw["rows"]), "measures": measures}
        return cls(**{**raw, **read})
