"""Cleaning: the declared steps, in order, each saying how much it changed.

A row keeps its index label through every step, because that label is its number in the arrival: what is published
can always be found again in the file that came. A step never silently does nothing: a column that it needs and that
the batch lacks is the batch's fault, and is said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import pandas as pd
from pandas.api import types as kinds

from loopwright.declaration import dataset as steps
from loopwright.errors import DataFault, LoopwrightError, shown_names
from loopwright.stages.ingest import conversion
from loopwright.stages.ingest.applying import applied

if TYPE_CHECKING:
    from pathlib import Path

Step = Any  # one of loopwright.declaration.dataset.CleanStep
Changed = tuple[pd.DataFrame, int]


class CleaningFailed(DataFault):
    """A cleaning step cannot be done on this batch."""


@dataclass(frozen=True)
class Cleaned:
    """A frame after its cleaning steps.

    :param frame: the rows that are left, under the index labels they came with.
    :param changed: values, rows or columns that each step changed, by the step's place: ``clean[0].drop_duplicates``.
    """

    frame: pd.DataFrame
    changed: dict[str, int]


def clean(frame: pd.DataFrame, declared: Sequence[Step], folder: Path) -> Cleaned:
    """Do the declared steps; the given frame is left as it is.

    :param frame: as read; its index is each row's number in the arrival.
    :param declared: the steps of ``dataset.yaml``.
    :param folder: the dataset's folder, where functions of the team's own are.
    :raises CleaningFailed: if a step cannot be done on this batch.
    :raises UserCodeFailed: if a function of the team's own raises, or returns no frame.
    :raises DeclarationError: if such a function does not exist.
    """
    changed: dict[str, int] = {}
    for number, step in enumerate(declared):
        place = f"clean[{number}].{step.step}"
        try:
            frame, changed[place] = _DOERS[type(step)](frame, step, folder)
        except LoopwrightError as error:
            error.where = error.where or place
            raise
        except (TypeError, ValueError, ArithmeticError) as error:
            raise CleaningFailed(
                "A cleaning step does not suit the column's values.", where=place, got=error
            ) from error
    return Cleaned(frame, changed)


def _drop_duplicates(frame: pd.DataFrame, step: steps.DropDuplicates, _: Path) -> Changed:
    _require(frame, step.columns or [])
    kept = frame[~frame.duplicated(step.columns)]
    return kept, len(frame) - len(kept)


def _drop_columns(frame: pd.DataFrame, step: steps.DropColumns, _: Path) -> Changed:
    there = [name for name in step.columns if name in frame.columns]
    return frame.drop(columns=there), len(there)


def _drop_rows(frame: pd.DataFrame, step: steps.DropRows, _: Path) -> Changed:
    _require(frame, step.missing)
    kept = frame.dropna(subset=step.missing)
    return kept, len(frame) - len(kept)


def _rename(frame: pd.DataFrame, step: steps.Rename, _: Path) -> Changed:
    """Rename what is there; a source that has come to use the wanted name itself needs it no more."""
    _require(frame, [old for old, new in step.columns.items() if new not in frame.columns])
    old_to_new = {old: new for old, new in step.columns.items() if old in frame.columns}
    renamed = frame.rename(columns=old_to_new)
    if not renamed.columns.is_unique:
        twice = sorted(set(renamed.columns[renamed.columns.duplicated()]))
        raise CleaningFailed("Renaming would give two columns one name.", got=shown_names(twice))
    return renamed, len(old_to_new)


def _convert(frame: pd.DataFrame, step: steps.Convert, _: Path) -> Changed:
    _require(frame, list(step.columns))
    converted = {name: _converted(frame[name], kind, step.unit) for name, kind in step.columns.items()}
    lost = sum(int((column.isna() & frame[name].notna()).sum()) for name, column in converted.items())
    return frame.assign(**converted), lost


def _converted(column: pd.Series[Any], kind: str, unit: conversion.Unit | None) -> pd.Series[Any]:
    if kind == "timestamp":
        return conversion.to_timestamp(column, unit)
    doers: dict[str, Callable[[pd.Series[Any]], pd.Series[Any]]] = {
        "integer": conversion.to_integer,
        "number": conversion.to_number,
        "text": conversion.to_text,
        "boolean": conversion.to_boolean,
    }
    return doers[kind](column)


def _replace(frame: pd.DataFrame, step: steps.Replace, _: Path) -> Changed:
    _require(frame, [step.column])
    column = frame[step.column]
    found, wanted = conversion.to_text(column), dict(step.values)
    if kinds.is_float_dtype(column):  # whether a whole number shows a point depends on its neighbours
        found, wanted = found.str.removesuffix(".0"), {text.removesuffix(".0"): new for text, new in wanted.items()}
    hit = found.isin(list(wanted))
    if not hit.any():
        return frame, 0
    values = [wanted[text] if hits else value for text, hits, value in zip(found, hit, column, strict=True)]
    return frame.assign(**{step.column: _inferred(values, column)}), int(hit.sum())


def _inferred(values: list[Any], before: pd.Series[Any]) -> pd.Series[Any]:
    """Return the values in the type they had, where that is a nullable one and they still fit, else in their own."""
    if kinds.is_extension_array_dtype(before.dtype) and kinds.is_numeric_dtype(before.dtype):
        try:
            return pd.Series(values, index=before.index, dtype=before.dtype)
        except (TypeError, ValueError):
            pass  # they are of another kind now, which is what was asked for
    return pd.Series(values, index=before.index)


def _fill(frame: pd.DataFrame, step: steps.Fill, _: Path) -> Changed:
    _require(frame, list(step.columns))
    missing = {name: int(frame[name].isna().sum()) for name in step.columns}
    filled = {name: _filled(frame[name], value) for name, value in step.columns.items() if missing[name]}
    return frame.assign(**filled), sum(missing.values())


def _filled(column: pd.Series[Any], value: Any) -> pd.Series[Any]:
    if column.isna().all():  # a column without values has no type that could object
        return pd.Series([value] * len(column), index=column.index)
    is_text, is_number = isinstance(column.dtype, pd.StringDtype), kinds.is_numeric_dtype(column)
    if (is_text or is_number) and is_text != isinstance(value, str):
        raise CleaningFailed(
            "The column cannot be filled with a value of another kind.",
            got=value,
            allowed=f"what suits {column.dtype}",
            mend="Give a value of the column's kind, or convert the column in a step before.",
        )
    return column.fillna(value)


def _clip(frame: pd.DataFrame, step: steps.Clip, _: Path) -> Changed:
    _require(frame, [step.column])
    column = frame[step.column]
    if not kinds.is_numeric_dtype(column) or kinds.is_bool_dtype(column):
        raise CleaningFailed(
            f"Only numbers can be clipped, and {step.column!r} holds none.",
            got=str(column.dtype),
            mend="Convert it to a number in a step before this one.",
        )
    low, high = (_of_its_kind(bound, column) for bound in (step.lower, step.upper))
    clipped = column.clip(low, high)
    return frame.assign(**{step.column: clipped}), int((clipped.ne(column) & column.notna()).sum())


def _of_its_kind(bound: float | None, column: pd.Series[Any]) -> float | int | None:
    whole = bound is not None and kinds.is_integer_dtype(column) and float(bound).is_integer()
    return int(bound) if whole and bound is not None else bound


def _apply(frame: pd.DataFrame, step: steps.Apply, folder: Path) -> Changed:
    return applied(frame, step.function, folder)


def _require(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    lacking = [name for name in columns if name not in frame.columns]
    if not lacking:
        return
    near = get_close_matches(lacking[0], list(frame.columns), n=1)
    raise CleaningFailed(
        f"A cleaning step needs the column {lacking[0]!r}, which the batch lacks.",
        got=shown_names([str(name) for name in frame.columns]),
        mend=f"Did you mean {near[0]!r}?" if near else "Has the source renamed it, or does a step before drop it?",
    )


_DOERS: dict[type[Any], Callable[[pd.DataFrame, Any, Path], Changed]] = {
    steps.DropDuplicates: _drop_duplicates,
    steps.DropColumns: _drop_columns,
    steps.DropRows: _drop_rows,
    steps.Rename: _rename,
    steps.Convert: _convert,
    steps.Replace: _replace,
    steps.Fill: _fill,
    steps.Clip: _clip,
    steps.Apply: _apply,
}
