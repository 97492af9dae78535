"""Which columns of an arrival are the declared sensitive ones, however the source writes them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from loopwright.declaration.cleaning import Rename

if TYPE_CHECKING:
    from loopwright.declaration.dataset import DatasetSpec

_STRICTEST = ("drop", "hash", "keep")
_NUMBERED = re.compile(r"(.+)\.\d+")


def folded(name: object) -> str:
    """Return a column's name without what tells ``Home-Address`` from `` home_address``: case, and marks for marks."""
    text = unicodedata.normalize("NFKC", str(name)).casefold()
    return re.sub(r"[\W_]+", "_", text).strip("_") or text


def treatments(columns: Iterable[object], dataset: DatasetSpec) -> dict[str, str]:
    """Return how each column of an arrival that is sensitive is treated, by its name there.

    A second column of one name (``email.1``) is treated like the first; one that could be two declared, as the
    stricter of them.

    :param columns: their names.
    :param dataset: says which.
    """
    found: dict[str, str] = {}
    for name in map(str, columns):
        if how := _treated(name, dataset.sensitive):
            found[name] = how
    return found


def treatments_later(columns: Iterable[object], dataset: DatasetSpec) -> dict[str, str]:
    """Return how columns are treated that go by the names of the arrival, or by those that cleaning gives them.

    So do files that come later about the same rows, such as labels.

    :param columns: their names.
    :param dataset: says which.
    """
    declared: dict[str, Any] = dict(dataset.sensitive)
    for step in dataset.clean:
        if isinstance(step, Rename):
            for old, new in step.columns.items():
                if found := [how for how in (_treated(old, declared), _treated(new, declared)) if how]:
                    declared[new] = min(found, key=_STRICTEST.index)
    treated = {name: _treated(name, declared) for name in map(str, columns)}
    return {name: how for name, how in treated.items() if how}


def _treated(name: str, declared: Mapping[str, str]) -> str | None:
    if not declared:
        return None
    if name in declared:
        return declared[name]
    numbered = _NUMBERED.fullmatch(name)
    called = {folded(name), folded(numbered[1])} if numbered else {folded(name)}
    said = {how for one, how in declared.items() if folded(one) in called}
    return next((how for how in _STRICTEST if how in said), None)


def lacking(columns: Iterable[object], dataset: DatasetSpec) -> list[str]:
    """Return the declared columns that an arrival does not have, under whatever spelling.

    :param columns: their names.
    :param dataset: says which.
    """
    there = {folded(name) for name in columns}
    return [name for name in dataset.sensitive if folded(name) not in there]


def shy_of(columns: Iterable[object], names: Collection[str]) -> list[str]:
    """Return those of some columns whose values are not shown, as they are written there.

    :param columns: their names.
    :param names: as :func:`hidden` gives them.
    """
    declared = dict.fromkeys(names, "keep")
    return [name for name in map(str, columns) if _treated(name, declared)]


def hidden(dataset: DatasetSpec) -> frozenset[str]:
    """Return the columns whose values are not shown, by every name that they have before or after cleaning."""
    return _named(dataset, set(dataset.sensitive))


def readable(dataset: DatasetSpec) -> frozenset[str]:
    """Return those of :func:`hidden` that a person could be read from: a keyed hash is nobody's value."""
    return _named(dataset, {name for name, how in dataset.sensitive.items() if how != "hash"})


def _named(dataset: DatasetSpec, names: set[str]) -> frozenset[str]:
    for step in dataset.clean:
        if isinstance(step, Rename):
            names |= {new for old, new in step.columns.items() if shy_of([old], names)}
    return frozenset(names)
