"""An expectation's arguments against the batch's columns; what is unusual about them, Great Expectations may say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loopwright.stages.ingest.judging.scan.columns import NUMBERS, Column
from loopwright.stages.ingest.judging.scan.literals import NotCompiled, moment, number


@dataclass(frozen=True)
class Arguments:
    """What an expectation asks, and of which columns.

    :param kwargs: as the suite has them.
    :param there: the batch's columns, in order.
    """

    kwargs: Mapping[str, Any]
    there: Mapping[str, Column]

    def get(self, name: str, default: Any = None) -> Any:
        """Return an argument as it is."""
        return self.kwargs.get(name, default)

    def flag(self, name: str) -> bool:
        """Return an argument that says yes or no.

        :raises NotCompiled: if it says neither.
        """
        value = self.kwargs.get(name, False)
        if not isinstance(value, bool):
            raise NotCompiled
        return value

    def listed(self, name: str) -> list[Any]:
        """Return an argument that is a list of something.

        :raises NotCompiled: if it is none.
        """
        value = self.kwargs.get(name)
        if not isinstance(value, list | tuple) or not value:
            raise NotCompiled
        return list(value)

    @property
    def mostly(self) -> float:
        """The share of rows that must be as expected.

        :raises NotCompiled: if it is no share.
        """
        value = self.kwargs.get("mostly", 1)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise NotCompiled
        return float(value)

    def column(self, name: str, *, known: bool = True) -> Column:
        """Return the column that an argument names.

        :param known: whether its kind must be one that is compiled for.
        :raises NotCompiled: if it is not there, or of no such kind.
        """
        found = self.there.get(self.kwargs[name]) if isinstance(self.kwargs.get(name), str) else None
        if found is None or (known and found.kind is None):
            raise NotCompiled
        return found

    def columns(self, name: str) -> list[Column]:
        """Return the columns that an argument lists.

        :raises NotCompiled: if one is not there, or comes twice.
        """
        names = self.listed(name)
        found = [self.there[each] for each in names if isinstance(each, str) and each in self.there]
        if len(found) != len(names) or len(set(names)) != len(names) or any(column.kind is None for column in found):
            raise NotCompiled
        return found

    def pair(self) -> tuple[Column, Column]:
        """Return the two columns of a pair.

        :raises NotCompiled: if they are one, or cannot be compared with one another.
        """
        first, second = self.column("column_A"), self.column("column_B")
        if first.comparable != second.comparable or first == second:
            raise NotCompiled
        return first, second

    def bound(self, name: str, column: Column) -> str | None:
        """Return a bound on a column's values: a number (which Great Expectations takes for a float), or a moment.

        :raises NotCompiled: for a bound of another kind.
        """
        value = self.kwargs.get(name)
        if value is None:
            return None
        if column.kind not in NUMBERS:
            return moment(value, zoned=column.kind == "timestamp")
        return number(self.threshold(name))

    def threshold(self, name: str) -> float | None:
        """Return a bound on a number.

        :raises NotCompiled: for a bound that is no number.
        """
        value = self.kwargs.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
            raise NotCompiled
        return float(value)

    @staticmethod
    def order(low: str, high: str) -> int:
        """Compare two bounds of one column: -1, 0 or 1."""
        a, b = (float(bound.partition("::")[0].strip("()'")) for bound in (low, high))
        return (a > b) - (a < b)
