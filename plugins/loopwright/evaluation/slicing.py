"""How a holdout is cut into slices, and which have rows enough for which question; none is left out unnamed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from loopwright.errors import shown_names
from loopwright.evaluation.asking import codes
from loopwright.evaluation.naming import CROWD, called

if TYPE_CHECKING:
    from loopwright.declaration.gate import Slices
    from loopwright.evaluation.predicted import Array

MOST = 200
"""Slices asked about at the most, the largest first: what has more values is no way to cut a holdout."""
LEAST = 30
"""Rows from which harm can be shown at all; to show that there is none takes the declared minimum."""
NAMED = 50
"""Slices that are left out and written into a check, the largest first."""
_DISTINCT = 20
"""Numbers with more distinct values are cut at their quartiles."""


@dataclass(frozen=True)
class Slice:
    """Some rows of the holdout.

    :param name: such as ``origin=JFK``.
    :param rows: a mask.
    :param cut: the columns that it is cut by.
    """

    name: str
    rows: Array
    cut: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """How many rows it has."""
        return int(self.rows.sum())


@dataclass(frozen=True)
class Cut:
    """The slices, by what can be asked of them.

    :param judged: those with as many rows as were declared.
    :param watched: these, and the smaller ones in which harm could be shown.
    :param small: those with fewer rows than were declared, the largest first.
    :param many: those beyond the most that are asked about.
    :param minimum: rows that were declared.
    """

    judged: Sequence[Slice]
    watched: Sequence[Slice]
    small: Sequence[Slice]
    many: Sequence[Slice]
    minimum: int

    @classmethod
    def of(
        cls, declared: Slices, columns: Mapping[str, Array], named: Mapping[str, Collection[Any]] | None = None
    ) -> Cut:
        """Cut the holdout as declared.

        :param columns: the values of each column, by name.
        :param named: of columns about people, the values that may be named.
        """
        every = slices_of(declared, columns, named)
        kept = [part for part in every[:MOST] if part.n >= LEAST]
        return cls(
            [part for part in kept if part.n >= declared.minimum_rows],
            kept,
            [part for part in every if part.n < declared.minimum_rows],
            [part for part in every[MOST:] if part.n >= declared.minimum_rows],
            declared.minimum_rows,
        )

    @property
    def left_out(self) -> float:
        """The share of the rows that no judged slice holds: of the cut that leaves most out."""
        missing: dict[tuple[str, ...], int] = {}
        for part in (*self.small, *self.many):
            missing[part.cut] = missing.get(part.cut, 0) + part.n
        rows = max((len(part.rows) for part in (*self.small, *self.many)), default=1)
        return max(missing.values(), default=0) / rows

    def said(self) -> str:
        """Return who was left out and why, in words; nothing where nobody was."""
        words = [
            f"; {why}: {shown_names([f'{part.name} ({part.n})' for part in parts], 8)}"
            for why, parts in (
                (f"not judged, with fewer than {self.minimum} rows", self.small),
                (f"not judged, beyond the {MOST} largest", self.many),
            )
            if parts
        ]
        return "".join(words)

    def to_dict(self) -> dict[str, Any]:
        """Return who was left out, as plain JSON values."""
        parts = [*((part, "small") for part in self.small), *((part, "many") for part in self.many)]
        named = [{"slice": part.name, "n": part.n, "because": why} for part, why in parts[:NAMED]]
        share = round(self.left_out, 6)
        return {"minimum_rows": self.minimum, "left_out": named, "left_out_slices": len(parts), "left_out_share": share}


def slices_of(
    declared: Slices, columns: Mapping[str, Array], named: Mapping[str, Collection[Any]] | None = None
) -> list[Slice]:
    """Return the declared slices, the largest first, too small ones included.

    :param declared: columns and crosses.
    :param columns: the values of each, by name.
    :param named: of columns about people, the values that may be named.
    """
    found: list[Slice] = []
    for names in [*([name] for name in declared.columns), *declared.crosses]:
        found += _cut(names, columns, named or {})
    return sorted(found, key=lambda part: -part.n)


def _cut(names: Sequence[str], columns: Mapping[str, Array], named: Mapping[str, Collection[Any]]) -> Iterator[Slice]:
    labels = [_labelled(columns[name], named.get(name)) for name in names]
    coded = np.stack([codes(label) for label in labels])
    _, first, part = np.unique(coded, axis=1, return_index=True, return_inverse=True)
    part = part.ravel()
    for number, row in enumerate(first):
        said = " and ".join(f"{name}={label[row]}" for name, label in zip(names, labels, strict=True))
        rows = part == number
        if len(names) > 1 and set(names) & set(named) and rows.sum() < CROWD:
            said = f"{' and '.join(names)}=(sensitive {number + 1})"
        yield Slice(said, rows, tuple(names))


def _labelled(values: Array, named: Collection[Any] | None) -> Array:
    """Return what a person would call each value: the value, its quartile, or that it is missing."""
    import pandas as pd

    column = pd.Series(values)
    column = column.mask(column.isin([np.inf, -np.inf]))
    if pd.api.types.is_numeric_dtype(column) and column.nunique() > _DISTINCT:
        cut = pd.qcut(column.astype(float), 4, duplicates="drop")
        if named is None:
            spans = _spans([float(column.min()), *(float(part.right) for part in cut.cat.categories)])
            return called(cut.cat.rename_categories(spans).astype(object), None)
        quartiles = [f"Q{number + 1}" for number in range(len(cut.cat.categories))]
        return called(cut.cat.rename_categories(quartiles).astype(object), None)  # whose ends are single rows' values
    return called(column.astype(object), named)


def _spans(ends: Sequence[float]) -> list[str]:
    """Return what a person would call what lies between numbers: a lower end belongs to the part before, but the first.

    :param ends: in order.
    """
    whole = len(f"{max(abs(end) for end in ends):.0f}")
    for digits in (max(4, whole), whole + 6, 17):
        said = [np.format_float_positional(end, digits, fractional=False, trim="-") for end in ends]
        if len(set(said)) == len(said):
            break
    return [f"{'over ' if number else ''}{low} to {high}" for number, (low, high) in enumerate(pairwise(said))]
