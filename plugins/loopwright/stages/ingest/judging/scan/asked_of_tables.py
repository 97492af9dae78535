"""Expectations about the table, compiled: most are answered by its columns' names alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from loopwright.stages.ingest.judging.scan.literals import NotCompiled
from loopwright.stages.ingest.judging.scan.question import ROWS, Asks, Facts, Found, Question

if TYPE_CHECKING:
    from loopwright.stages.ingest.judging.scan.arguments import Arguments


def row_count_between(asked: Arguments) -> Question:
    """``expect_table_row_count_to_be_between``."""
    low, high, strict_low, strict_high = _whole_bounds(asked)
    return Question((ROWS,), lambda facts, scan: _between(facts[ROWS], low, high, strict_low, strict_high))


def row_count_equal(asked: Arguments) -> Question:
    """``expect_table_row_count_to_equal``."""
    value = _whole(asked, "value")
    return Question((ROWS,), lambda facts, scan: Found(facts[ROWS] == value, {"observed_value": facts[ROWS]}))


def column_count_between(asked: Arguments) -> Question:
    """``expect_table_column_count_to_be_between``."""
    low, high, strict_low, strict_high = _whole_bounds(asked)
    return Question((), lambda facts, scan: _between(len(scan.columns), low, high, strict_low, strict_high))


def column_count_equal(asked: Arguments) -> Question:
    """``expect_table_column_count_to_equal``."""
    value = _whole(asked, "value")
    return Question((), lambda facts, scan: Found(len(scan.columns) == value, {"observed_value": len(scan.columns)}))


def column_exists(asked: Arguments) -> Question:
    """``expect_column_to_exist``, at a place if one is asked for (the first place is asked for by nobody: it is 0)."""
    name, place = asked.get("column"), asked.get("column_index")
    if not isinstance(name, str) or isinstance(place, bool) or not isinstance(place, int | None) or (place or 0) < 0:
        raise NotCompiled

    def answer(facts: Facts, scan: Asks) -> Found:
        names = list(scan.columns)
        return Found(names[place : place + 1] == [name] if place else name in names, {})

    return Question((), answer)


def columns_match_set(asked: Arguments) -> Question:
    """``expect_table_columns_to_match_set``."""
    wanted = set(_names(asked, "column_set"))
    exact = asked.get("exact_match", True)
    if not isinstance(exact, bool):
        raise NotCompiled

    def answer(facts: Facts, scan: Asks) -> Found:
        there = set(scan.columns)
        wrong = {"unexpected": sorted(there - wanted), "missing": sorted(wanted - there)}
        mismatched = {what: names for what, names in wrong.items() if names}
        result: dict[str, Any] = {"observed_value": sorted(there)}
        if mismatched:
            result["details"] = {"mismatched": mismatched}
        return Found(not mismatched or (not exact and not wrong["missing"]), result)

    return Question((), answer)


def columns_match_list(asked: Arguments) -> Question:
    """``expect_table_columns_to_match_ordered_list``."""
    wanted = _names(asked, "column_list")

    def answer(facts: Facts, scan: Asks) -> Found:
        there = list(scan.columns)
        result: dict[str, Any] = {"observed_value": there}
        if there != wanted:
            pairs = enumerate(zip_longest(wanted, there))
            result["details"] = {
                "mismatched": [
                    {"Expected Column Position": place, "Expected": asked_for, "Found": found}
                    for place, (asked_for, found) in pairs
                    if asked_for != found
                ]
            }
        return Found(there == wanted, result)

    return Question((), answer)


def _names(asked: Arguments, argument: str) -> list[str]:
    names = asked.listed(argument)
    if any(not isinstance(name, str) for name in names):
        raise NotCompiled
    return names


def _whole(asked: Arguments, name: str) -> int:
    value = asked.get(name)
    if type(value) is not int:
        raise NotCompiled
    return value


def _whole_bounds(asked: Arguments) -> tuple[int | None, int | None, bool, bool]:
    low, high = (None if asked.get(name) is None else _whole(asked, name) for name in ("min_value", "max_value"))
    return low, high, asked.flag("strict_min"), asked.flag("strict_max")


def _between(value: int, low: int | None, high: int | None, strict_low: bool, strict_high: bool) -> Found:
    above = low is None or (value > low if strict_low else value >= low)
    below = high is None or (value < high if strict_high else value <= high)
    return Found(above and below, {"observed_value": value})


_BOUNDS = ("min_value", "max_value", "strict_min", "strict_max")
COMPILERS: Mapping[str, tuple[Callable[[Arguments], Question], tuple[str, ...]]] = {
    "expect_table_row_count_to_be_between": (row_count_between, _BOUNDS),
    "expect_table_row_count_to_equal": (row_count_equal, ("value",)),
    "expect_table_column_count_to_be_between": (column_count_between, _BOUNDS),
    "expect_table_column_count_to_equal": (column_count_equal, ("value",)),
    "expect_column_to_exist": (column_exists, ("column", "column_index")),
    "expect_table_columns_to_match_set": (columns_match_set, ("column_set", "exact_match")),
    "expect_table_columns_to_match_ordered_list": (columns_match_list, ("column_list",)),
}
"""Each compiled expectation's name, what compiles it, and the arguments that it knows."""
