"""Expectations about each row's values, compiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import duckdb

from loopwright.stages.ingest.judging.scan.by_row import ByRow
from loopwright.stages.ingest.judging.scan.columns import NUMBERS, TIMES, Column
from loopwright.stages.ingest.judging.scan.literals import NotCompiled, literal, members, number, text

if TYPE_CHECKING:
    from loopwright.stages.ingest.judging.scan.arguments import Arguments
    from loopwright.stages.ingest.judging.scan.question import Question

_BOUNDS = ("min_value", "max_value", "strict_min", "strict_max")


def not_null(asked: Arguments) -> Question:
    """``expect_column_values_to_not_be_null``."""
    column = asked.column("column", known=False)
    return ByRow([column], "true", f"{column.value} IS NULL", asked.mostly, counts_missing=False).question()


def null(asked: Arguments) -> Question:
    """``expect_column_values_to_be_null``."""
    column = asked.column("column", known=False)
    return ByRow([column], "true", f"{column.value} IS NOT NULL", asked.mostly, counts_missing=False).question()


def between(asked: Arguments) -> Question:
    """``expect_column_values_to_be_between``: numbers, or moments."""
    column = asked.column("column")
    if column.kind not in (*NUMBERS, *TIMES):
        raise NotCompiled
    low, high = (asked.bound(name, column) for name in ("min_value", "max_value"))
    if low is not None and high is not None and asked.order(low, high) > 0:
        raise NotCompiled  # Great Expectations says that it cannot be asked so
    return _of_one(asked, column, _within(column.value, low, high, asked))


def in_set(asked: Arguments) -> Question:
    """``expect_column_values_to_be_in_set``."""
    column = asked.column("column")
    return _of_one(asked, column, f"{column.value} IN ({', '.join(members(asked.get('value_set'), column))})")


def not_in_set(asked: Arguments) -> Question:
    """``expect_column_values_to_not_be_in_set``."""
    column = asked.column("column")
    return _of_one(asked, column, f"{column.value} NOT IN ({', '.join(members(asked.get('value_set'), column))})")


def match_regex(asked: Arguments) -> Question:
    """``expect_column_values_to_match_regex``."""
    column = asked.column("column")
    return _of_one(asked, column, _matches(column, asked.get("regex")))


def not_match_regex(asked: Arguments) -> Question:
    """``expect_column_values_to_not_match_regex``."""
    column = asked.column("column")
    return _of_one(asked, column, f"NOT {_matches(column, asked.get('regex'))}")


def match_regex_list(asked: Arguments) -> Question:
    """``expect_column_values_to_match_regex_list``."""
    column = asked.column("column")
    joined = {"any": " OR ", "all": " AND "}.get(asked.get("match_on", "any"))
    if joined is None:
        raise NotCompiled
    return _of_one(asked, column, joined.join(_matches(column, regex) for regex in asked.listed("regex_list")))


def not_match_regex_list(asked: Arguments) -> Question:
    """``expect_column_values_to_not_match_regex_list``."""
    column = asked.column("column")
    matches = " OR ".join(_matches(column, regex) for regex in asked.listed("regex_list"))
    return _of_one(asked, column, f"NOT ({matches})")


def lengths_between(asked: Arguments) -> Question:
    """``expect_column_value_lengths_to_be_between``: in characters."""
    column = asked.column("column")
    bounds = [asked.get(name) for name in ("min_value", "max_value")]
    if column.kind != "string" or any(type(bound) not in (int, type(None)) for bound in bounds):
        raise NotCompiled
    low, high = (None if bound is None else number(bound) for bound in bounds)
    return _of_one(asked, column, _within(f"length({column.quoted})", low, high, asked))


def lengths_equal(asked: Arguments) -> Question:
    """``expect_column_value_lengths_to_equal``: in characters."""
    column = asked.column("column")
    value = asked.get("value")
    if column.kind != "string" or type(value) is not int:
        raise NotCompiled
    return _of_one(asked, column, f"length({column.quoted}) = {number(value)}")


def unique(asked: Arguments) -> Question:
    """``expect_column_values_to_be_unique``: of a value that repeats, every row is unexpected."""
    column = asked.column("column")
    return ByRow([column], f"{column.value} IS NOT NULL", "", asked.mostly, grouped=[column]).question()


def compound_unique(asked: Arguments) -> Question:
    """``expect_compound_columns_to_be_unique``."""
    columns = asked.columns("column_list")
    considered = _considered(columns, asked.get("ignore_row_if", "all_values_are_missing"))
    return ByRow(columns, considered, "", asked.mostly, grouped=columns, by_name=True).question()


def unique_within_record(asked: Arguments) -> Question:
    """``expect_select_column_values_to_be_unique_within_record``: missing values are equal to one another."""
    columns = asked.columns("column_list")
    if len({column.kind for column in columns}) > 1:
        raise NotCompiled
    same = " OR ".join(f"{a.value} IS NOT DISTINCT FROM {b.value}" for a, b in combinations(columns, 2)) or "false"
    considered = _considered(columns, asked.get("ignore_row_if", "all_values_are_missing"))
    return ByRow(columns, considered, same, asked.mostly, by_name=True).question()


def sum_equal(asked: Arguments) -> Question:
    """``expect_multicolumn_sum_to_equal``."""
    columns = asked.columns("column_list")
    total = asked.get("sum_total")
    if any(column.kind not in NUMBERS for column in columns) or type(total) not in (int, float):
        raise NotCompiled
    added = " + ".join(f"({column.value})::DOUBLE" for column in columns)
    considered = _considered(columns, asked.get("ignore_row_if", "all_values_are_missing"))
    wrong = f"({added} = {number(float(total))}) IS NOT TRUE"
    return ByRow(columns, considered, wrong, asked.mostly, by_name=True).question()


def pair_greater(asked: Arguments) -> Question:
    """``expect_column_pair_values_a_to_be_greater_than_b``."""
    sign = {True: ">=", False: ">", None: ">"}.get(asked.get("or_equal", False))
    if sign is None:
        raise NotCompiled
    first, second = asked.pair()
    if first.kind == "boolean":
        raise NotCompiled
    return _of_two(asked, first, second, f"{first.value} {sign} {second.value}")


def pair_equal(asked: Arguments) -> Question:
    """``expect_column_pair_values_to_be_equal``."""
    first, second = asked.pair()
    return _of_two(asked, first, second, f"{first.value} = {second.value}")


def pair_in_set(asked: Arguments) -> Question:
    """``expect_column_pair_values_to_be_in_set``."""
    first, second = (asked.column(name) for name in ("column_A", "column_B"))
    pairs = asked.listed("value_pairs_set")
    if any(not isinstance(pair, list | tuple) or len(pair) != 2 for pair in pairs):
        raise NotCompiled
    for column, values in zip((first, second), zip(*pairs, strict=True), strict=True):
        members(list(values), column)  # refuses what pandas would take differently
    listed = [f"({first.value} = {literal(a, first)} AND {second.value} = {literal(b, second)})" for a, b in pairs]
    return _of_two(asked, first, second, " OR ".join(listed))


def _of_one(asked: Arguments, column: Column, expected: str) -> Question:
    return ByRow([column], f"{column.value} IS NOT NULL", f"NOT ({expected})", asked.mostly).question()


def _of_two(asked: Arguments, first: Column, second: Column, expected: str) -> Question:
    """Ask of two columns: a row that lacks one value is never as expected; whether it is asked at all is declared."""
    asked_of = _considered([first, second], asked.get("ignore_row_if", "both_values_are_missing"))
    return ByRow([first, second], asked_of, f"({expected}) IS NOT TRUE", asked.mostly).question()


def _considered(columns: Sequence[Column], ignored: Any) -> str:
    there = [f"{column.value} IS NOT NULL" for column in columns]
    if ignored in ("both_values_are_missing", "all_values_are_missing"):
        return f"({' OR '.join(there)})"
    if ignored in ("either_value_is_missing", "any_value_is_missing"):
        return f"({' AND '.join(there)})"
    if ignored in ("neither", "never"):
        return "true"
    raise NotCompiled


def _within(value: str, low: str | None, high: str | None, asked: Arguments) -> str:
    parts = []
    if low is not None:
        parts.append(f"{value} {'>' if asked.flag('strict_min') else '>='} {low}")
    if high is not None:
        parts.append(f"{value} {'<' if asked.flag('strict_max') else '<='} {high}")
    if not parts:
        raise NotCompiled
    return " AND ".join(parts)


def _matches(column: Column, regex: Any) -> str:
    """Return a match of a regular expression in RE2's dialect, which is the one that pandas searches text by.

    What RE2 does not know (a look-ahead, say) pandas leaves to Python, and we to Great Expectations.
    """
    if column.kind != "string":
        raise NotCompiled
    pattern = text(regex)
    try:
        duckdb.execute(f"SELECT regexp_matches('', {pattern})")
    except duckdb.Error:
        raise NotCompiled from None
    return f"regexp_matches({column.quoted}, {pattern})"


COMPILERS: Mapping[str, tuple[Callable[[Arguments], Question], tuple[str, ...]]] = {
    "expect_column_values_to_not_be_null": (not_null, ("column",)),
    "expect_column_values_to_be_null": (null, ("column",)),
    "expect_column_values_to_be_between": (between, ("column", *_BOUNDS)),
    "expect_column_values_to_be_in_set": (in_set, ("column", "value_set")),
    "expect_column_values_to_not_be_in_set": (not_in_set, ("column", "value_set")),
    "expect_column_values_to_match_regex": (match_regex, ("column", "regex")),
    "expect_column_values_to_not_match_regex": (not_match_regex, ("column", "regex")),
    "expect_column_values_to_match_regex_list": (match_regex_list, ("column", "regex_list", "match_on")),
    "expect_column_values_to_not_match_regex_list": (not_match_regex_list, ("column", "regex_list")),
    "expect_column_value_lengths_to_be_between": (lengths_between, ("column", *_BOUNDS)),
    "expect_column_value_lengths_to_equal": (lengths_equal, ("column", "value")),
    "expect_column_values_to_be_unique": (unique, ("column",)),
    "expect_compound_columns_to_be_unique": (compound_unique, ("column_list", "ignore_row_if")),
    "expect_select_column_values_to_be_unique_within_record": (unique_within_record, ("column_list", "ignore_row_if")),
    "expect_multicolumn_sum_to_equal": (sum_equal, ("column_list", "ignore_row_if", "sum_total")),
    "expect_column_pair_values_a_to_be_greater_than_b": (
        pair_greater,
        ("column_A", "column_B", "or_equal", "ignore_row_if"),
    ),
    "expect_column_pair_values_to_be_equal": (pair_equal, ("column_A", "column_B", "ignore_row_if")),
    "expect_column_pair_values_to_be_in_set": (
        pair_in_set,
        ("column_A", "column_B", "value_pairs_set", "ignore_row_if"),
    ),
}
"""Each compiled expectation's name, what compiles it, and the arguments that it knows beside ``mostly``."""
