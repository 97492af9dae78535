"""What a batch's columns hold, found out by one scan, and by a second look at those of few values."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loopwright.stages.ingest.judging.scan.columns import NUMBERS, TIMES, Column

if TYPE_CHECKING:
    from loopwright.stages.ingest.judging.scan.source import Source

FEW = 50
"""Distinct values up to which a column is one of few values."""
_CLOCK = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.][0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
MOMENT = rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?:[ T]{_CLOCK})?"
"""A date, or a moment, as ISO 8601 has it."""
SHAPES = {
    MOMENT: "a date or a moment",
    "[0-9]+": "digits",
    "[A-Z]+": "capital letters",
    "[a-z]+": "small letters",
    "[A-Z0-9]+": "capitals and digits",
}
"""Regular expressions that whole columns of text are tried by, the narrower ones first."""


@dataclass(frozen=True)
class ColumnProfile:
    """One column of one batch.

    :param name: the column.
    :param kind: by the lake's name; ``None`` for another type.
    :param known: rows that have a value.
    :param unique: whether no value repeats; ``None`` where that was not looked at.
    :param low: the least value (of text: the shortest length); ``None`` for none.
    :param high: the greatest.
    :param values: the values, where they are few.
    :param once: how many of them came once: about as many rows of the next batch will have a value not seen yet.
    :param shape: a regular expression of all the text; ``None`` for none of those tried.
    :param whole: whether all numbers are whole.
    """

    name: str
    kind: str | None
    known: int
    unique: bool | None = None
    low: Any = None
    high: Any = None
    values: tuple[Any, ...] | None = None
    once: int = 0
    shape: str | None = None
    whole: bool = False


@dataclass(frozen=True)
class BatchProfile:
    """One batch.

    :param batch_id: the batch.
    :param rows: how many.
    :param columns: by name, in order.
    :param key_unique: whether the declared key names each row once; ``None`` if none is declared, or it is not there.
    """

    batch_id: str
    rows: int
    columns: Mapping[str, ColumnProfile]
    key_unique: bool | None = None


def profiled(source: Source, batch_id: str, *, key: Sequence[str] = (), hidden: Collection[str] = ()) -> BatchProfile:
    """Scan a batch, in bounded memory.

    :param source: the cleaned batch.
    :param batch_id: its name.
    :param key: the declared key.
    :param hidden: columns of which no value may be told.
    """
    columns = list(source.columns.values())
    asked = {column.name: _facts(column) for column in columns}
    wanted = [fact for facts in asked.values() for fact in facts.values()]
    with source.connected() as connection:
        (found,) = connection.execute(f"SELECT {', '.join(['count(*)', *wanted])} FROM {source.relation}").fetchall()
        rows, values = found[0], iter(found[1:])
        told = {name: {what: next(values) for what in facts} for name, facts in asked.items()}

        def fetch(selected: str, rest: str = "") -> list[tuple[Any, ...]]:
            sql = f"{selected} FROM {source.relation} {rest}"
            answer: list[tuple[Any, ...]] = connection.execute(sql).fetchall()
            return answer

        profiles = {
            column.name: _profile(column, told[column.name], fetch, column.name in hidden) for column in columns
        }
        declared = [source.columns[name] for name in key if name in source.columns]
        unique = _distinct(fetch, declared) == rows if key and len(declared) == len(key) else None
    return BatchProfile(batch_id, rows, profiles, unique)


def _facts(column: Column) -> dict[str, str]:
    value = column.value
    facts = {"known": f"count({value})"}
    if column.kind is None:
        return facts
    facts["distinct"] = f"approx_count_distinct({value})"
    if column.kind in NUMBERS:
        facts |= {"low": f"min({value})", "high": f"max({value})", "whole": f"bool_and({value} = round({value}))"}
    if column.kind in TIMES:
        facts |= {"low": f"min({value})", "high": f"max({value})"}
    if column.kind == "string":
        facts |= {"low": f"min(length({value}))", "high": f"max(length({value}))"}
        facts |= {shape: f"bool_and(regexp_full_match({value}, '{shape}'))" for shape in SHAPES}
    return facts


def _profile(column: Column, told: Mapping[str, Any], fetch: Any, hide: bool) -> ColumnProfile:
    known, value = told["known"], column.value
    distinct = told.get("distinct") or 0
    few = not hide and 0 < distinct <= 2 * FEW and column.kind in ("string", "boolean", "long")
    counted = sorted(fetch(f"SELECT {value} AS v, count(*)", "GROUP BY v HAVING v IS NOT NULL")) if few else []
    values = [one for one, _ in counted]
    unique = None
    if known and column.kind in ("string", "long") and distinct > 0.8 * known:
        unique = _distinct(fetch, [column]) == known
    return ColumnProfile(
        column.name,
        column.kind,
        known,
        unique,
        None if hide and column.kind != "string" else told.get("low"),
        None if hide and column.kind != "string" else told.get("high"),
        tuple(values) if 0 < len(values) <= FEW else None,
        sum(count == 1 for _, count in counted),
        next((shape for shape in SHAPES if told.get(shape)), None),
        bool(told.get("whole")),
    )


def _distinct(fetch: Any, columns: Sequence[Column]) -> int:
    """Return how many values (taken together) there are of the rows that lack none of them, by their hashes."""
    values = [column.value for column in columns]
    known = " AND ".join(f"{value} IS NOT NULL" for value in values)
    ((count,),) = fetch(f"SELECT count(DISTINCT hash({', '.join(values)})) FILTER (WHERE {known})")
    return int(count)
