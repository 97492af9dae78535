"""Cleaning: the declared steps, in order, each saying how much it changed.

A row keeps its index label through every step, because that label is its number in the arrival: what is published
can always be found again in the file that came. A step never silently does nothing: a column that it needs and that
the batch lacks is the batch's fault, and is said. What must stay true: every row that came is in the frame that is
left, or set aside with its reason, or counted as left out by the step that left it out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from loopwright.declaration import cleaning as steps
from loopwright.errors import LoopwrightError
from loopwright.stages.ingest.cleaning import columns, outliers, rows, spelling, values
from loopwright.stages.ingest.cleaning.applying import apply
from loopwright.stages.ingest.cleaning.done import CleaningFailed, Done, Step

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

__all__ = ["Aside", "Cleaned", "CleaningFailed", "clean"]


@dataclass(frozen=True)
class Aside:
    """Rows that a step sets aside.

    :param rows: as they were before the step, under their labels.
    :param place: the step, such as ``clean[2].outliers``.
    :param reason: why, numbers included.
    """

    rows: pd.DataFrame
    place: str
    reason: str


@dataclass(frozen=True)
class Cleaned:
    """A frame after its cleaning steps.

    :param frame: the rows that are left, under the index labels they came with.
    :param changed: values, rows or columns that each step changed, by the step's place: ``clean[0].drop_duplicates``.
    :param dropped: rows that each step left out, where it left any out.
    :param added: rows that each step made, where it made any: only a function of the team's own does.
    :param let_go: columns that steps took away.
    :param aside: rows that steps set aside.
    :param traced: whether every label still is the row's number in the arrival: a function that counts anew ends it.
    """

    frame: pd.DataFrame
    changed: dict[str, int]
    dropped: dict[str, int] = field(default_factory=dict)
    added: dict[str, int] = field(default_factory=dict)
    let_go: frozenset[str] = frozenset()
    aside: tuple[Aside, ...] = ()
    traced: bool = True


def clean(frame: pd.DataFrame, declared: Sequence[Step], folder: Path, *, spare: bool = False) -> Cleaned:
    """Do the declared steps; the given frame is left as it is.

    :param frame: as read; its index is each row's number in the arrival.
    :param declared: the steps of ``dataset.yaml``.
    :param folder: the dataset's folder, where functions of the team's own are.
    :param spare: set no row aside, because a person said so.
    :raises CleaningFailed: if a step cannot be done on this batch.
    :raises UserCodeFailed: if a function of the team's own raises, or returns no frame.
    :raises DeclarationError: if such a function does not exist.
    """
    found = Cleaned(frame, {})
    for number, step in enumerate(declared):
        place = f"clean[{number}].{step.step}"
        if spare and isinstance(step, steps.Outliers) and step.then == "quarantine":
            found.changed[place] = 0
            continue
        found = _after(found, _done(found.frame, step, folder, place), place)
    return found


def _done(frame: pd.DataFrame, step: Step, folder: Path, place: str) -> Done:
    try:
        return _DOERS[type(step)](frame, step, folder)
    except LoopwrightError as error:
        error.where = error.where or place
        raise
    except (TypeError, ValueError, ArithmeticError) as error:
        raise CleaningFailed("A cleaning step does not suit the column's values.", where=place, got=error) from error


def _after(before: Cleaned, done: Done, place: str) -> Cleaned:
    set_aside = 0 if done.aside is None else len(done.aside)
    gone = len(before.frame) - len(done.frame) - set_aside
    aside = (Aside(done.aside, place, done.reason),) if set_aside and done.aside is not None else ()
    return Cleaned(
        frame=done.frame,
        changed={**before.changed, place: done.changed},
        dropped={**before.dropped, **({place: gone} if gone > 0 else {})},
        added={**before.added, **({place: -gone} if gone < 0 else {})},
        let_go=before.let_go | (set(map(str, before.frame.columns)) - set(map(str, done.frame.columns))),
        aside=(*before.aside, *aside),
        traced=before.traced and done.traced,
    )


_DOERS: dict[type[Any], Callable[[pd.DataFrame, Any, Path], Done]] = {
    steps.DropDuplicates: rows.drop_duplicates,
    steps.DropColumns: columns.drop_columns,
    steps.DropConstantColumns: columns.drop_constant_columns,
    steps.DropRows: rows.drop_rows,
    steps.Rename: columns.rename,
    steps.Convert: values.convert,
    steps.Replace: values.replace,
    steps.Spell: spelling.spell,
    steps.Fill: values.fill,
    steps.Impute: values.impute,
    steps.Clip: outliers.clip,
    steps.Outliers: outliers.outliers,
    steps.Apply: apply,
}
