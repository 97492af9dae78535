"""Cleaning a batch piece by piece, by the steps that look at single rows.

What must stay true: a step of which a piece could give another answer than the whole is not done in pieces.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pandas.api import types as kinds

from loopwright.declaration import cleaning as steps
from loopwright.errors import DataFault
from loopwright.stages.ingest.cleaning import Cleaned, clean
from loopwright.stages.ingest.pieces import NotInPieces
from loopwright.stages.ingest.reading.conversion import is_iso

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.stages.ingest.cleaning.done import Step

_OF_COLUMNS = (steps.DropColumns, steps.Rename)
"""Steps that count columns: each piece counts the same ones."""
_BLIND_AFTER = (steps.DropRows, steps.DropColumns, steps.Rename, steps.Apply)
"""Steps after which it cannot be told any more whether rows repeated before."""
_EXACT = 2**53


@dataclass
class Counts:
    """What the steps did, over all pieces: as :class:`loopwright.stages.ingest.cleaning.Cleaned` counts it."""

    changed: dict[str, int] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)
    let_go: frozenset[str] = frozenset()

    @property
    def dropped(self) -> dict[str, int]:
        """Rows that each step left out."""
        return {place: count for place, count in self.gone.items() if count > 0}

    @property
    def added(self) -> dict[str, int]:
        """Rows that each step made."""
        return {place: -count for place, count in self.gone.items() if count < 0}


def require_piecewise(declared: Sequence[Step]) -> None:
    """Refuse steps that need the whole batch.

    :raises NotInPieces: naming the first.
    """
    for place, step in enumerate(declared):
        after = declared[place + 1 :]
        needs_all = (
            isinstance(step, steps.DropConstantColumns | steps.Impute)
            or (isinstance(step, steps.Outliers) and (step.by != "bounds" or step.then == "quarantine"))
            or (isinstance(step, steps.Apply) and not step.piecewise)
            or (isinstance(step, steps.DropDuplicates) and any(map(_hides_repeats, after)))
        )
        if needs_all:
            raise NotInPieces(f"clean[{place}].{step.step} looks at all rows at once")


def _hides_repeats(step: Step) -> bool:
    return isinstance(step, _BLIND_AFTER) or (isinstance(step, steps.Outliers) and step.then == "drop")


def must_not_repeat(declared: Sequence[Step]) -> list[list[str] | None]:
    """Return the columns that rows must not repeat, for the steps against duplicates to have nothing to do."""
    return [step.columns for step in declared if isinstance(step, steps.DropDuplicates)]


def cleaned(frame: pd.DataFrame, declared: Sequence[Step], folder: Path, counts: Counts) -> pd.DataFrame:
    """Return a piece after its steps.

    :param frame: the piece, its index the row numbers of the arrival.
    :param counts: what was done so far, to be added to.
    :raises NotInPieces: if a step fails, finds a duplicate, or could have come to something else on the whole.
    """
    for number, step in enumerate(declared):
        place = f"clean[{number}].{step.step}"
        try:
            done = clean(frame, [step], folder)
        except DataFault as error:
            raise NotInPieces(f"{place} fails: {error.what}") from error
        _require_same_as_whole(step, frame, done)
        (changed,) = done.changed.values()
        if not done.traced or (changed and isinstance(step, steps.DropDuplicates)):
            raise NotInPieces(f"{place} finds rows that repeat" if done.traced else f"{place} counts its rows anew")
        _add(counts, place, step, changed, done)
        frame = done.frame
    return frame


def _add(counts: Counts, place: str, step: Step, changed: int, done: Cleaned) -> None:
    before = 0 if isinstance(step, _OF_COLUMNS) else counts.changed.get(place, 0)
    counts.changed[place] = before + changed
    gone = sum(done.dropped.values()) - sum(done.added.values())
    counts.gone[place] = counts.gone.get(place, 0) + gone
    counts.let_go |= done.let_go


def _require_same_as_whole(step: Step, before: pd.DataFrame, done: Cleaned) -> None:
    """Refuse what depends on a column's other values: how floats look as text, and what text may be a time."""
    if isinstance(step, steps.Spell):
        for name in step.columns:
            require_no_floats(before[name])
    if isinstance(step, steps.Convert):
        for name in _doubtful(step, before, done.frame):
            raise NotInPieces(f"what {name!r} is converted to, all of its values decide")


def require_no_floats(column: pd.Series) -> None:
    """Refuse a column whose look as text depends on whether all of its values are whole."""
    if kinds.is_float_dtype(column):
        raise NotInPieces(f"how {column.name!r} looks as text, all of its values decide")


def _doubtful(step: steps.Convert, before: pd.DataFrame, after: pd.DataFrame) -> Iterator[str]:
    for name, kind in step.columns.items():
        was, became = before[name], after[name]
        if kind == "text" and kinds.is_float_dtype(was):
            yield name
        elif kind == "integer" and not kinds.is_numeric_dtype(was):  # through floats, if one of them has a fraction
            if became.notna().any() and (became.max() > _EXACT or became.min() < -_EXACT):
                yield name
        elif kind in ("timestamp", "date") and not kinds.is_datetime64_any_dtype(was):
            lost = bool((became.isna() & was.notna()).any())
            alone = step.formats or (kinds.is_numeric_dtype(was) and step.unit) or (not step.unit and is_iso(was))
            if lost or not alone:
                yield name
