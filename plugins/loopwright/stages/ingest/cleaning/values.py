"""Cleaning steps about single values: their type, their words, and what stands in for those that are missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pandas as pd
from pandas.api import types as kinds

from loopwright.stages.ingest.cleaning.done import CleaningFailed, Done, require, require_numbers
from loopwright.stages.ingest.reading import conversion

if TYPE_CHECKING:
    from pathlib import Path

    from loopwright.declaration import cleaning as steps


def convert(frame: pd.DataFrame, step: steps.Convert, _: Path) -> Done:
    """Give columns a type, and count the values that are missing since."""
    require(frame, list(step.columns))
    converted = {name: _converted(frame[name], kind, step) for name, kind in step.columns.items()}
    lost = sum(int((column.isna() & frame[name].notna()).sum()) for name, column in converted.items())
    return Done(frame.assign(**converted), lost)


def _converted(column: pd.Series[Any], kind: str, step: steps.Convert) -> pd.Series[Any]:
    if kind in ("timestamp", "date"):
        times = conversion.to_timestamp(column, step.unit, step.formats, step.timezone)
        return conversion.to_date(times) if kind == "date" else times
    if kind in ("number", "integer"):
        column = conversion.to_plain_digits(column, step.decimal, step.thousands)
    doers: dict[str, Callable[[pd.Series[Any]], pd.Series[Any]]] = {
        "integer": conversion.to_integer,
        "number": conversion.to_number,
        "text": conversion.to_text,
        "boolean": conversion.to_boolean,
    }
    return doers[kind](column)


def replace(frame: pd.DataFrame, step: steps.Replace, _: Path) -> Done:
    """Put wanted values in place of found ones, these as they are written."""
    require(frame, [step.column])
    column = frame[step.column]
    found, wanted = conversion.to_text(column), dict(step.values)
    if kinds.is_float_dtype(column):  # whether a whole number shows a point depends on its neighbours
        found, wanted = found.str.removesuffix(".0"), {text.removesuffix(".0"): new for text, new in wanted.items()}
    hit = found.isin(list(wanted))
    if not hit.any():
        return Done(frame, 0)
    values = [wanted[text] if hits else value for text, hits, value in zip(found, hit, column, strict=True)]
    return Done(frame.assign(**{step.column: _inferred(values, column)}), int(hit.sum()))


def _inferred(values: list[Any], before: pd.Series[Any]) -> pd.Series[Any]:
    """Return the values in the type they had, where that is a nullable one and they still fit, else in their own."""
    if kinds.is_extension_array_dtype(before.dtype) and kinds.is_numeric_dtype(before.dtype):
        try:
            return pd.Series(values, index=before.index, dtype=before.dtype)
        except (TypeError, ValueError):
            pass  # they are of another kind now, which is what was asked for
    return pd.Series(values, index=before.index)


def fill(frame: pd.DataFrame, step: steps.Fill, _: Path) -> Done:
    """Give missing values a declared one."""
    require(frame, list(step.columns))
    missing = {name: int(frame[name].isna().sum()) for name in step.columns}
    filled = {name: _filled(frame[name], value) for name, value in step.columns.items() if missing[name]}
    return Done(frame.assign(**filled), sum(missing.values()))


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


def impute(frame: pd.DataFrame, step: steps.Impute, _: Path) -> Done:
    """Give missing values what the batch itself suggests; a column without values stays as it is."""
    require(frame, list(step.columns))
    imputed = {name: _imputed(frame[name], by) for name, by in step.columns.items()}
    changed = sum(int((frame[name].isna() & column.notna()).sum()) for name, column in imputed.items())
    return Done(frame.assign(**imputed), changed)


def _imputed(column: pd.Series[Any], by: str) -> pd.Series[Any]:
    if column.isna().all() or not column.isna().any():
        return column
    if by in ("previous", "next"):
        return column.ffill() if by == "previous" else column.bfill()
    if by == "mode":
        return column.fillna(column.mode().iloc[0])  # of several, the least: the same each time
    require_numbers(column, "averaged")
    middle = float(column.mean() if by == "mean" else column.median())
    if kinds.is_integer_dtype(column) and not middle.is_integer():
        column = column.astype("Float64").astype("float64")
    return column.fillna(int(middle) if kinds.is_integer_dtype(column) else middle)
