"""Samples that show nobody: where rows are kept beside a model, columns about people hold a crowd's values only.

Such samples are in MLflow, where no erasure reaches them. Values stay where a column is plainly one of categories:
few, and nearly all rows hold one that ten rows share. Other numbers and times become the mean of ten or more
neighbours: univariate microaggregation (J. Domingo-Ferrer and J. M. Mateo-Sanz, "Practical data-oriented
microaggregation for statistical disclosure control", IEEE Transactions on Knowledge and Data Engineering 14, 2002),
the ends of each ten left out of it; other text becomes its shape. Then each column is shuffled by itself, so that no
row is anybody's. A column's distribution, which drift is about, hardly changes; how columns go together is lost.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loopwright.evaluation.naming import CROWD
from loopwright.serving.quantities import Quantities, quantities

if TYPE_CHECKING:
    from loopwright.evaluation.predicted import Array

FEW = 30
"""Values at the most of a column of categories."""
_FEW_NUMBERS = 128
"""Values at the most of a column of counts: ages, years, hours."""
_NEARLY_ALL = 0.9
_NOBODY = "(sensitive)"
_PLAIN: dict[str, Any] = {
    "boolean": False,
    "integer": 0,
    "floating": 0.0,
    "mixed-integer-float": 0.0,
    "decimal": Decimal(0),
    "date": dt.date(1970, 1, 1),
    "datetime": dt.datetime(1970, 1, 1),  # noqa: DTZ001 - of objects, whose zone is not known
    "time": dt.time(0),
    "bytes": _NOBODY.encode(),
}


def crowded(
    frame: pd.DataFrame, names: Collection[str], *, seed: int, known: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return a sample whose sensitive columns hold no single row's value; all others are as they were.

    :param frame: rows, any number.
    :param names: its columns about people.
    :param seed: of the shuffling.
    :param known: a sample that was treated before: rows are told in its values, so that the two can be compared.
    """
    rng = np.random.default_rng(seed)
    treated = {}
    for name in [column for column in frame if column in set(names)]:
        column = _crowd(frame[name], known[name] if known is not None and name in known else None)
        treated[name] = column.iloc[rng.permutation(len(column))].set_axis(frame.index)
    return frame.assign(**treated)


def nobodys(column: pd.Series) -> Any:
    """Return a value of a column's type that is nobody's."""
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype):
        return nobodys(pd.Series(kind.categories))
    if pd.api.types.is_datetime64_any_dtype(kind):
        return pd.Timestamp(0, tz=getattr(kind, "tz", None))
    if pd.api.types.is_timedelta64_dtype(kind):
        return pd.Timedelta(0)
    if pd.api.types.is_bool_dtype(kind):
        return False
    if pd.api.types.is_numeric_dtype(kind):
        return 0
    return _PLAIN.get(pd.api.types.infer_dtype(column, skipna=True), _NOBODY)


def filled(column: pd.Series, value: Any) -> pd.Series:
    """Return a column like this one that holds one value only; none, where its type does not have it."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        only: Any = pd.Categorical([value] * len(column), categories=[value], ordered=column.dtype.ordered)
        return pd.Series(only, index=column.index, name=column.name)
    try:
        return pd.Series([value] * len(column), index=column.index, name=column.name).astype(column.dtype)
    except (TypeError, ValueError):
        return column.where(pd.Series(data=False, index=column.index))


def shown_levels(column: pd.Series) -> list[Any]:
    """Return the values that ten rows share, the commonest first, of a column that is plainly one of categories.

    :param column: any; nothing is returned where most of its values are one person's, or few persons'.
    """
    try:
        counts = column.value_counts()
    except TypeError:  # lists and the like
        return []
    counts = counts[counts > 0]
    number = quantities(pd.Series(counts.index)) is not None if len(counts) else False
    return counts.index[_common(counts.to_numpy(), _FEW_NUMBERS if number else FEW)].tolist()


def _crowd(column: pd.Series, known: pd.Series | None) -> pd.Series:
    """Return the column with every value replaced by one that stands for many, or by itself where it does."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return _crowd_of_categories(column, known)
    if column.isna().all():
        return column
    try:
        codes, uniques = pd.factorize(column)
    except TypeError:  # lists and the like, which cannot be told apart
        return filled(column, nobodys(column)).where(column.notna())
    values = pd.Series(uniques, dtype=column.dtype)
    counts = np.bincount(codes[codes >= 0], minlength=len(values))
    seen = None if known is None else known.dropna().astype(_plain_type(known))
    stand = _stand_ins(values, counts, seen if seen is not None and len(seen) else None)
    try:
        instead = pd.Series(stand, dtype=column.dtype)
    except (TypeError, ValueError):  # a type that has no value which is nobody's
        return filled(column, _NOBODY)
    treated: pd.Series = instead.reindex(codes).set_axis(column.index)
    return treated.where(column.notna(), column) if column.dtype == object else treated


def _plain_type(column: pd.Series) -> Any:
    return column.dtype.categories.dtype if isinstance(column.dtype, pd.CategoricalDtype) else column.dtype


def _crowd_of_categories(column: pd.Series, known: pd.Series | None) -> pd.Series:
    """Return the column without its rare ones, neither among its values nor in its dictionary."""
    treated = _crowd(column.astype(object), known)
    there = treated.dropna().unique().tolist()
    levels = [level for level in column.cat.categories if level in there]
    levels += [level for level in there if level not in levels]
    only = pd.Categorical(treated, categories=levels, ordered=column.cat.ordered)
    return pd.Series(only, index=column.index, name=column.name)


def _stand_ins(values: pd.Series, counts: Array, known: pd.Series | None) -> list[Any]:
    """Return what stands for each of the distinct values.

    :param values: distinct, none missing.
    :param counts: the rows of each.
    :param known: the values of a sample that was treated before.
    """
    line = quantities(values)
    before = quantities(known) if known is not None else None
    if known is None or (line is None) != (before is None):
        return _means(values, counts, line) if line is not None else _levels(values, counts)
    if line is not None and before is not None:
        return _nearest_known(values, counts, line, before)
    return _levels_known(values, counts, known)


def _common(counts: Array, most: int) -> Array:
    """Return which values may be shown: those that ten rows share; none, unless they are few and nearly all rows'."""
    common: Array = counts >= CROWD
    if common.sum() > most or counts[common].sum() < _NEARLY_ALL * counts.sum():
        return np.zeros(len(counts), dtype=bool)
    return common


def _means(values: pd.Series, counts: Array, line: Quantities) -> list[Any]:
    common = _common(counts, _FEW_NUMBERS)
    if common.all():
        return values.tolist()
    if (~common).sum() >= CROWD:
        instead = _midmeans(line.values[~common])
    elif common.any():
        instead = _nearest(line.values[~common], line.values[common])
    else:
        return [nobodys(values)] * len(values)
    return _with(values, ~common, line.back(instead))


def _midmeans(values: Array) -> Array:
    """Return, for each value, the mean of its ten to nineteen neighbours, a fifth left out at either end."""
    order = np.argsort(values, kind="stable")
    means = np.empty(len(values))
    for group in np.array_split(order, len(values) // CROWD):
        left_out = len(group) // 5
        means[group] = values[group[left_out : len(group) - left_out]].mean()
    return means


def _nearest(values: Array, of: Array) -> Array:
    among = np.unique(of)
    right = np.searchsorted(among, values).clip(max=len(among) - 1)
    left = (right - 1).clip(min=0)
    nearest: Array = np.where(np.abs(among[left] - values) <= np.abs(among[right] - values), among[left], among[right])
    return nearest


def _nearest_known(values: pd.Series, counts: Array, line: Quantities, before: Quantities) -> list[Any]:
    """Return the nearest known value of each; of few known ones, what many rows bring is new and stays."""
    stays = np.isin(line.values, before.values)
    if len(np.unique(before.values)) <= FEW:
        stays |= counts >= _enough(counts, len(before.values))
    return _with(values, ~stays, line.back(_nearest(line.values[~stays], before.values)))


def _levels(values: pd.Series, counts: Array) -> list[Any]:
    truths = pd.api.types.infer_dtype(values) == "boolean"
    common = counts >= CROWD if truths else _common(counts, FEW)
    if common.any():
        commonest = values.iloc[int(np.argmax(counts))]
        return _with(values, ~common, [commonest] * int((~common).sum()))
    shape = _shape_of(values)
    if shape is None:
        return [nobodys(values)] * len(values)
    shapes = values.map(shape)
    of_many = shapes.value_counts().loc[lambda n: n >= CROWD]
    other = of_many.index[0] if len(of_many) else nobodys(values)
    return shapes.where(shapes.isin(of_many.index), other).tolist()


def _levels_known(values: pd.Series, counts: Array, known: pd.Series) -> list[Any]:
    """Return each as the known sample would tell it; what is new there and nobody's own stays new."""
    commonest, among = known.value_counts().index[0], set(known.unique())
    enough, shape = _enough(counts, len(known)), _shape_of(values)
    if shape is not None and _shape_of(known) is not None and all(shape(one) == one for one in among - {_NOBODY}):
        shapes = values.map(shape)
        many = shapes.map(shapes.value_counts()) >= enough
        return [
            one if one in among or one in {*shapes[many]} else commonest
            for one in values.where(values.isin(among), shapes)
        ]
    new = nobodys(values) if shape is not None else None
    return [
        one if one in among else (one if new is None else new) if rows >= enough else commonest
        for one, rows in zip(values.tolist(), counts, strict=True)
    ]


def _enough(counts: Array, before: int) -> float:
    """Return the rows from which a value is new: twice those that it may have had before without being shown."""
    return max(CROWD, 2 * CROWD * float(counts.sum()) / before)


def _with(values: pd.Series, which: Array, instead: list[Any]) -> list[Any]:
    """Return the values, some of them replaced."""
    others = iter(instead)
    return [next(others) if replaced else one for one, replaced in zip(values.tolist(), which, strict=True)]


def _shape_of(values: pd.Series) -> Callable[[Any], Any] | None:
    """Return what makes ``1111-11-11`` of a date that is text, for code that reads it; ``None`` for what is no text."""
    holds = pd.api.types.infer_dtype(values, skipna=True)
    if holds == "string":
        return _shape
    return (lambda one: _shape(one.decode("latin-1")).encode("latin-1")) if holds == "bytes" else None


def _shape(text: str) -> str:
    return re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "1", text))
