"""Whom a key names: which columns hold it, however they are written, and which values, as they came and as cleaned.

What must stay true: a person's row is known by any form that the declaration gives the value, before and after it was
hashed or cleaned; and where a step leaves no form to know it by, nobody is looked for, since nobody would be found.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
from pandas.api import types as kinds

from loopwright.declaration.cleaning import (
    Apply,
    Clip,
    Convert,
    DropColumns,
    Outliers,
    Rename,
    Replace,
    Spell,
)
from loopwright.declaration.sensitive import folded, treatments
from loopwright.errors import DataFault
from loopwright.stages.ingest.cleaning import clean
from loopwright.stages.ingest.reading import conversion
from loopwright.stages.ingest.sensitive import digest

if TYPE_CHECKING:
    from loopwright.declaration import DatasetSpec

_VALUE = "value"
"""What a column is called while it is cleaned by itself."""
_WHOLE, _NUMBER = re.compile(r"[+-]?\d+"), re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_REPEATED = re.compile(r"\.\d+$")
"""What tells a second column of one name from the first."""
_AS_KEPT: dict[str, Literal["integer", "number", "boolean", "date", "timestamp"]] = {
    "long": "integer",
    "double": "number",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "timestamp_ntz": "timestamp",
}


@dataclass(frozen=True)
class Part:
    """One column of a key, and what its rows have there.

    :param given: its name as it was asked.
    :param now: its name after cleaning.
    :param forms: the value as text, in every form; never shown.
    :param steps: what cleaning does to such a column alone.
    """

    given: str
    now: str
    forms: tuple[str, ...]
    steps: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Whom:
    """Whose rows are looked for: those that match all parts.

    :param dataset: its declaration.
    :param parts: of the key.
    """

    dataset: DatasetSpec
    parts: tuple[Part, ...]

    @classmethod
    def of(cls, dataset: DatasetSpec, key: Mapping[str, str], secret: str) -> Whom:
        """Return whom a key names.

        :param dataset: its declaration.
        :param key: column, by its name in the arrival or in the table, to value as it arrives or as the table has it.
        :param secret: the key of hashes.
        :raises DataFault: if nobody could be found by it: a column that is dropped, or whose value a step takes away.
        """
        return cls(dataset, tuple(_part(dataset, name, value, secret) for name, value in key.items()))

    @cached_property
    def functions(self) -> tuple[str, ...]:
        """The functions of the team's own that stand between arrival and table: what they write cannot be known."""
        return tuple(step.function for step in self.dataset.clean if isinstance(step, Apply))

    def columns(self, names: Collection[str], *, came: bool = False) -> list[str]:
        """Return those of some columns that a part of the key may be in.

        :param came: whether these are called as they arrive.
        """
        found = (name for part in self.parts for name in _of(self.dataset, part, names, came=came))
        return list(dict.fromkeys(found))

    def lacking(self, names: Collection[str], *, came: bool = False) -> list[str]:
        """Return the parts, as they were asked, that are in none of some columns.

        :param came: whether these are called as they arrive.
        """
        return [part.given for part in self.parts if not _of(self.dataset, part, names, came=came)]

    def matching(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the person's rows of a table; none where the table lacks a part of the key."""
        return self._chosen(frame, came=False, kept={})

    def matching_as_came(self, frame: pd.DataFrame, kept: Mapping[str, str]) -> pd.DataFrame:
        """Return the person's rows of those that are kept as they came, looked at as cleaning makes them, too.

        :param kept: the columns' types in the table, by Delta's names: rows as text are compared in them.
        """
        return self._chosen(frame, came=True, kept=kept)

    def _chosen(self, frame: pd.DataFrame, *, came: bool, kept: Mapping[str, str]) -> pd.DataFrame:
        chosen = pd.Series(True, index=range(len(frame)))
        for part in self.parts:
            hit = pd.Series(False, index=range(len(frame)))
            for name in _of(self.dataset, part, frame.columns, came=came):
                column = frame[name].reset_index(drop=True)
                hit |= _same(column, part.forms)
                if came:
                    types = {kept[one] for one in _of(self.dataset, part, kept)}
                    hit |= _same_once_cleaned(column, part, types)
            chosen &= hit
        return frame[chosen.to_numpy(bool)]


def _of(dataset: DatasetSpec, part: Part, names: Collection[str], *, came: bool = False) -> list[str]:
    """Return the columns that a part may be in, however they are written.

    Of a table also those that were published before they were renamed, unless another column has that name by now.
    """
    found = []
    for name in map(str, names):
        called = {name, _REPEATED.sub("", name)}
        became = any(folded(_renamed(dataset, one)) == folded(part.now) for one in called)
        is_new = any(folded(_arrived(dataset, one)) != folded(one) for one in called)
        is_it = any(folded(one) == folded(part.now) for one in called)
        if became if came else is_it or (became and not is_new):
            found.append(name)
    return found


def _part(dataset: DatasetSpec, name: str, value: str, secret: str) -> Part:
    arrived = _arrived(dataset, name)
    now = _renamed(dataset, arrived)
    if folded(now) != folded(_renamed(dataset, name)):
        raise DataFault(
            "The column's name means one column as it arrives, and another one after cleaning.",
            where=f"dataset {dataset.name}: clean",
            got=name,
            allowed=f"{arrived} (which becomes {now}), or {_renamed(dataset, name)} (which {name} becomes)",
            mend="Name the column by the name that is its own.",
        )
    how = treatments([arrived], dataset).get(arrived)
    if how == "drop":
        raise _unfindable(dataset, name, "is dropped on reading", "sensitive")
    _require_not_taken_away(dataset, name, arrived, value)
    steps = tuple(_alone(dataset, arrived))
    came = [digest(one, secret) for one in _written(value)] if how == "hash" else []
    came += _written(value)  # unhashed, too: rows may have been published before it was declared
    became = conversion.to_text(_cleaned(pd.Series(came, dtype="str"), steps))
    if pd.isna(became.iloc[0]):
        raise _unfindable(dataset, name, "has no such value once it is cleaned", "clean")
    return Part(name, now, tuple(dict.fromkeys([*came, *became.dropna()])), steps)


def _written(value: str) -> list[str]:
    """Return a value, and if it is a whole number also as it is written where its column has fractions."""
    text = value.strip()
    if _WHOLE.fullmatch(text):
        return [value, f"{text}.0"]
    return [value, text[:-2]] if text.endswith(".0") and _WHOLE.fullmatch(text[:-2]) else [value]


def arrived_as(dataset: DatasetSpec, name: str, names: Collection[str]) -> str | None:
    """Return which of some columns, called as they arrive, becomes one of the table; ``None`` where none does."""
    return next((one for one in names if folded(_renamed(dataset, one)) == folded(name)), None)


def _arrived(dataset: DatasetSpec, name: str) -> str:
    """Return the name in the arrival of a column that the table calls so."""
    for step in reversed(dataset.clean):
        if isinstance(step, Rename):
            name = next((old for old, new in step.columns.items() if folded(new) == folded(name)), name)
    return name


def _renamed(dataset: DatasetSpec, name: str) -> str:
    """Return the name in the table of a column that arrives under this one."""
    for step in dataset.clean:
        name = _after(step, name)
    return name


def _after(step: Any, name: str) -> str:
    if not isinstance(step, Rename):
        return name
    return next((new for old, new in step.columns.items() if folded(old) == folded(name)), name)


def _require_not_taken_away(dataset: DatasetSpec, given: str, name: str, value: str) -> None:
    """Refuse a column that a step takes away, or whose value it may make another's."""
    for place, step in enumerate(dataset.clean):
        where = f"clean[{place}].{step.step}"
        if isinstance(step, DropColumns) and _names(step.columns, name):
            raise _unfindable(dataset, given, "is dropped in cleaning", where)
        cut = isinstance(step, Clip) and _names([step.column], name)
        cut |= isinstance(step, Outliers) and _names(step.columns, name) and step.then in ("clip", "null")
        if cut and not _within(step, value):
            raise _unfindable(dataset, given, "may hold another value since such values are cut in cleaning", where)
        name = _after(step, name)


def _names(columns: Collection[str], name: str) -> bool:
    return folded(name) in {folded(one) for one in columns}


def _within(step: Any, value: str) -> bool:
    """Whether a value stays what it is; a batch's own bounds cannot be known from here."""
    if not _NUMBER.fullmatch(value.strip()) or (isinstance(step, Outliers) and step.by != "bounds"):
        return False
    number = float(value)
    return (step.lower is None or number >= step.lower) and (step.upper is None or number <= step.upper)


def _unfindable(dataset: DatasetSpec, name: str, why: str, where: str) -> DataFault:
    return DataFault(
        f"Nobody can be looked for by a column that {why}.",
        where=f"dataset {dataset.name}: {where}",
        got=name,
        allowed="a column that the published rows have, with the value that they came with",
        mend="Name another column that the rows were kept with, such as the key.",
    )


def _alone(dataset: DatasetSpec, name: str) -> list[Any]:
    """Return the steps that write a column's values another way, of that column alone."""
    found: list[Any] = []
    for step in dataset.clean:
        if isinstance(step, Convert) and (kind := _kind(step, name)):
            found.append(step.model_copy(update={"columns": {_VALUE: kind}}))
        elif isinstance(step, Replace) and _names([step.column], name):
            found.append(step.model_copy(update={"column": _VALUE}))
        elif isinstance(step, Spell) and _names(step.columns, name):
            found.append(step.model_copy(update={"columns": [_VALUE]}))
        name = _after(step, name)
    return found


def _kind(step: Convert, name: str) -> str | None:
    return next((kind for one, kind in step.columns.items() if folded(one) == folded(name)), None)


def _cleaned(column: pd.Series[Any], steps: Sequence[Any]) -> pd.Series[Any]:
    return clean(column.to_frame(_VALUE), steps, Path()).frame[_VALUE]


def _same_once_cleaned(column: pd.Series[Any], part: Part, kept: Collection[str]) -> pd.Series[Any]:
    """Return which values are the person's as cleaning makes them, or as the table's types would have them."""
    ways = [part.steps] if part.steps else []
    wanted = {_AS_KEPT[one] for one in kept if one in _AS_KEPT}
    ways += [(*part.steps, Convert(step="convert", columns={_VALUE: kind})) for kind in wanted]
    hit = pd.Series(False, index=column.index)
    for steps in ways:
        try:
            hit |= _same(_cleaned(column, steps), part.forms)
        except DataFault:  # so it cannot be published either, and is there as it came
            continue
    return hit


def _same(column: pd.Series[Any], forms: Sequence[str]) -> pd.Series[Any]:
    """Return which values are one of these, whatever type they are of."""
    hit = conversion.to_text(column).isin(forms)
    if kinds.is_bool_dtype(column.dtype):
        truths = conversion.to_boolean(pd.Series(list(forms), dtype="str")).dropna()
        hit |= column.isin(list(truths)).astype(bool)
    elif kinds.is_numeric_dtype(column.dtype):
        for number in _numbers(forms):
            hit |= column.eq(number).fillna(False).astype(bool)
    elif kinds.is_datetime64_any_dtype(column.dtype):
        hit |= column.isin(_moments(forms, column)).astype(bool)
    return hit


def _numbers(forms: Sequence[str]) -> set[int | float]:
    texts = [form.strip() for form in forms]
    whole = {int(text) for text in texts if _WHOLE.fullmatch(text)}
    return {n for n in whole if abs(n) < 2**63} | {
        float(text) for text in texts if _NUMBER.fullmatch(text) and not _WHOLE.fullmatch(text)
    }


def _moments(forms: Sequence[str], column: pd.Series[Any]) -> pd.Series[Any]:
    """Return the forms that are moments in a column's type; without a zone they are in UTC."""
    found = pd.to_datetime(pd.Series(list(forms), dtype="str"), format="ISO8601", errors="coerce", utc=True).dropna()
    zone = getattr(column.dtype, "tz", None)
    placed: pd.Series[Any] = found.dt.tz_convert(zone) if zone is not None else found.dt.tz_localize(None)
    return placed
