"""Expectations about a column as a whole, compiled: its extremes, its mean, what distinct values it has."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeGuard

import pandas as pd

from loopwright.stages.ingest.judging.scan.columns import NUMBERS, TIMES, Column
from loopwright.stages.ingest.judging.scan.literals import NotCompiled, members
from loopwright.stages.ingest.judging.scan.question import ROWS, SHOWN, Asks, Facts, Found, Question

if TYPE_CHECKING:
    from loopwright.stages.ingest.judging.scan.arguments import Arguments

_BOUNDS = ("min_value", "max_value", "strict_min", "strict_max")
_CLOSE = 1e-4
"""How far off, in parts of the bound, a quantile may lie, as Great Expectations has it."""
_CLOSE_TO_ZERO = 1e-8


def extreme(function: str) -> Callable[[Arguments], Question]:
    """Return what compiles ``expect_column_min_to_be_between`` or its ``max``: of numbers, or of moments.

    :param function: ``min`` or ``max``.
    """

    def compiled(asked: Arguments) -> Question:
        column = asked.column("column")
        if column.kind in NUMBERS:
            return _bounded(asked, f"{function}({column.value})", lambda facts, fact: facts[fact])
        if column.kind not in TIMES:
            raise NotCompiled
        return _moment_bounded(asked, column, f"{function}({column.value})")

    return compiled


def number_by(aggregate: str) -> Callable[[Arguments], Question]:
    """Return what compiles an expectation about a number that SQL computes of a column of numbers.

    :param aggregate: SQL, with ``{}`` for the value.
    """

    def compiled(asked: Arguments) -> Question:
        column = _of_numbers(asked)
        return _bounded(asked, aggregate.format(column.value), lambda facts, fact: facts[fact])

    return compiled


def quantiles(asked: Arguments) -> Question:
    """``expect_column_quantile_values_to_be_between``: the nearest values that the column has, as pandas takes them."""
    column = _of_numbers(asked)
    ranges = asked.get("quantile_ranges")
    if not isinstance(ranges, dict) or asked.get("allow_relative_error", False) not in (False, "nearest"):
        raise NotCompiled
    wanted, bounds = ranges.get("quantiles"), ranges.get("value_ranges")
    if not _shares(wanted) or not _ranges(bounds) or len(wanted) != len(bounds):
        raise NotCompiled
    known = f"count({column.value})"

    def answer(facts: Facts, scan: Asks) -> Found:
        values = _nearest(scan, column, wanted, facts[known])
        held = [_held(value, *pair) for value, pair in zip(values, bounds, strict=True)]
        observed = {"quantiles": list(wanted), "values": values}
        return Found(all(held), {"observed_value": observed, "details": {"success_details": held}})

    return Question((known,), answer)


def unique_count(asked: Arguments) -> Question:
    """``expect_column_unique_value_count_to_be_between``: missing is no value."""
    return _bounded(asked, _distinct(asked.column("column")), lambda facts, fact: facts[fact])


def unique_proportion(asked: Arguments) -> Question:
    """``expect_column_proportion_of_unique_values_to_be_between``: of the rows that have a value."""
    column = asked.column("column")
    known = f"count({column.value})"
    return _bounded(
        asked, _distinct(column), lambda facts, fact: facts[fact] / facts[known] if facts[known] else 0, known
    )


def known_proportion(asked: Arguments) -> Question:
    """``expect_column_proportion_of_non_null_values_to_be_between``."""
    known = f"count({asked.column('column', known=False).value})"
    return _bounded(asked, known, lambda facts, fact: facts[fact] / facts[ROWS] if facts[ROWS] else 0)


def distinct_in_set(asked: Arguments) -> Question:
    """``expect_column_distinct_values_to_be_in_set``."""
    return _distinct_against_set(asked, unexpected=True, missing=False)


def distinct_contain_set(asked: Arguments) -> Question:
    """``expect_column_distinct_values_to_contain_set``."""
    return _distinct_against_set(asked, unexpected=False, missing=True)


def distinct_equal_set(asked: Arguments) -> Question:
    """``expect_column_distinct_values_to_equal_set``."""
    return _distinct_against_set(asked, unexpected=True, missing=True)


def most_common(asked: Arguments) -> Question:
    """``expect_column_most_common_value_to_be_in_set``."""
    column = asked.column("column")
    wanted = asked.listed("value_set")
    members(wanted, column)
    ties = asked.flag("ties_okay")

    def answer(facts: Facts, scan: Asks) -> Found:
        counted = f"SELECT {column.value} AS v, count(*) AS n FROM {scan.relation} GROUP BY v HAVING v IS NOT NULL"
        found = [value for (value,) in scan.fetch(f"SELECT v FROM ({counted}) QUALIFY n = max(n) OVER () ORDER BY v")]
        hits = len(set(wanted) & set(found))
        return Found(hits > 0 if ties else len(found) == 1 and hits == 1, {"observed_value": found})

    return Question((), answer)


def _of_numbers(asked: Arguments) -> Column:
    column = asked.column("column")
    if column.kind not in NUMBERS:
        raise NotCompiled
    return column


def _distinct(column: Column) -> str:
    return f"count(DISTINCT {column.value})"


def _bounded(asked: Arguments, fact: str, take: Callable[[Facts, str], Any], *more: str) -> Question:
    low, high = asked.threshold("min_value"), asked.threshold("max_value")
    strict_low, strict_high = asked.flag("strict_min"), asked.flag("strict_max")

    def answer(facts: Facts, scan: Asks) -> Found:
        value = take(facts, fact)
        if value is None or value != value:
            return Found(success=False, result={"observed_value": None})
        above = low is None or (value > low if strict_low else value >= low)
        below = high is None or (value < high if strict_high else value <= high)
        return Found(above and below, {"observed_value": value})

    return Question((ROWS, fact, *more), answer)


def _moment_bounded(asked: Arguments, column: Column, fact: str) -> Question:
    low, high = (asked.bound(name, column) for name in ("min_value", "max_value"))
    microseconds = [None if bound is None else int(bound.partition(")")[0].strip("(")) for bound in (low, high)]
    strict_low, strict_high = asked.flag("strict_min"), asked.flag("strict_max")

    def answer(facts: Facts, scan: Asks) -> Found:
        value = facts[fact]
        if value is None:
            return Found(success=False, result={"observed_value": None})
        first, last = microseconds
        above = first is None or (value > first if strict_low else value >= first)
        below = last is None or (value < last if strict_high else value <= last)
        said = pd.Timestamp(value, unit="us", tz="UTC" if column.kind == "timestamp" else None)
        return Found(above and below, {"observed_value": said})

    return Question((fact,), answer)


def _distinct_against_set(asked: Arguments, *, unexpected: bool, missing: bool) -> Question:
    column = asked.column("column")
    values = asked.listed("value_set")
    listed = ", ".join(members(values, column))
    others = f"count(DISTINCT {column.value}) FILTER (WHERE {column.value} NOT IN ({listed}))"
    hits = f"count(DISTINCT {column.value}) FILTER (WHERE {column.value} IN ({listed}))"
    size = len(set(values))

    def answer(facts: Facts, scan: Asks) -> Found:
        result: dict[str, Any] = {"observed_value": None}
        if unexpected:
            result["unexpected_count"] = facts[others]
        if missing:
            result["missing_count"] = size - facts[hits]
        if unexpected:
            where = f"{column.value} NOT IN ({listed})"
            result["partial_unexpected_list"] = _some(scan, column, where) if facts[others] else []
        if missing:
            there = set(_some(scan, column, f"{column.value} IN ({listed})", limit=size)) if facts[hits] else set()
            result["partial_missing_list"] = [value for value in dict.fromkeys(values) if value not in there][:SHOWN]
        return Found(not any(result.get(key) for key in ("unexpected_count", "missing_count")), result)

    return Question(((others,) if unexpected else ()) + ((hits,) if missing else ()), answer)


def _some(scan: Asks, column: Column, where: str, *, limit: int = SHOWN) -> list[Any]:
    distinct = f"SELECT DISTINCT {column.value} AS v FROM {scan.relation} WHERE {where} ORDER BY v LIMIT {limit}"
    return [value for (value,) in scan.fetch(distinct)]


def _shares(values: Any) -> TypeGuard[Sequence[float]]:
    return isinstance(values, list | tuple) and all(
        isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1 for value in values
    )


def _ranges(values: Any) -> TypeGuard[Sequence[tuple[Any, Any]]]:
    return isinstance(values, list | tuple) and all(
        isinstance(pair, list | tuple)
        and len(pair) == 2
        and all(bound is None or type(bound) in (int, float) for bound in pair)
        for pair in values
    )


def _nearest(scan: Asks, column: Column, wanted: Sequence[float], known: int) -> list[float | None]:
    """Return order statistics: the discrete quantile half-way into a place's step is exactly that place's."""
    if not known:
        return [None for _ in wanted]
    places = [round(share * (known - 1)) for share in wanted]
    shares = ", ".join(f"{(place + 0.5) / known!r}::DOUBLE" for place in places)
    ((found,),) = scan.fetch(f"SELECT quantile_disc({column.value}, [{shares}]) FROM {scan.relation}")
    return list(found)


def _held(value: float | None, low: float | None, high: float | None) -> bool:
    if value is None:
        return False
    if any(bound is not None and math.isclose(value, bound, rel_tol=0, abs_tol=_near(bound)) for bound in (low, high)):
        return True
    return (low is None or low <= value) and (high is None or value <= high)


def _near(bound: float) -> float:
    return _CLOSE_TO_ZERO + _CLOSE * abs(bound) if math.isfinite(bound) else 0.0


COMPILERS: Mapping[str, tuple[Callable[[Arguments], Question], tuple[str, ...]]] = {
    "expect_column_min_to_be_between": (extreme("min"), ("column", *_BOUNDS)),
    "expect_column_max_to_be_between": (extreme("max"), ("column", *_BOUNDS)),
    "expect_column_mean_to_be_between": (number_by("avg({})"), ("column", *_BOUNDS)),
    "expect_column_median_to_be_between": (number_by("median({})"), ("column", *_BOUNDS)),
    "expect_column_stdev_to_be_between": (number_by("stddev_samp({})"), ("column", *_BOUNDS)),
    "expect_column_sum_to_be_between": (number_by("coalesce(sum({}), 0)"), ("column", *_BOUNDS)),
    "expect_column_quantile_values_to_be_between": (
        quantiles,
        ("column", "quantile_ranges", "allow_relative_error"),
    ),
    "expect_column_unique_value_count_to_be_between": (unique_count, ("column", *_BOUNDS)),
    "expect_column_proportion_of_unique_values_to_be_between": (unique_proportion, ("column", *_BOUNDS)),
    "expect_column_proportion_of_non_null_values_to_be_between": (known_proportion, ("column", *_BOUNDS)),
    "expect_column_distinct_values_to_be_in_set": (distinct_in_set, ("column", "value_set")),
    "expect_column_distinct_values_to_contain_set": (distinct_contain_set, ("column", "value_set")),
    "expect_column_distinct_values_to_equal_set": (distinct_equal_set, ("column", "value_set")),
    "expect_column_most_common_value_to_be_in_set": (most_common, ("column", "value_set", "ties_okay")),
}
"""Each compiled expectation's name, what compiles it, and the arguments that it knows."""
