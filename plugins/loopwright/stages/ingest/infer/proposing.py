"""From profiles to expectations, each with its reason: pure rules, generous where the next batch may well differ.

What the slack is for: an expectation that alarms on an ordinary month is switched off by whoever it woke. So ranges
are twice as wide as what was seen and bind all but one value in a hundred, shares of missing values may triple, and
what moves on with time (dates, running numbers, a batch's own month) is given no upper end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pandas as pd

from loopwright.stages.ingest.infer.profile import FEW, MOMENT, SHAPES, BatchProfile, ColumnProfile
from loopwright.stages.ingest.judging.scan.columns import NUMBERS, TIMES

ENOUGH = 100
"""Values that a column must have had before anything is concluded from them."""
MANY = 10_000
"""Rows from which on what never happened is taken for what does not happen."""
NEW_VALUES = 0.002
"""The share of values that came once up to which a set is taken to be complete (Good 1953: the chance of a new one)."""
CODES = 12
"""Distinct whole numbers up to which they are taken for codes, if they do not simply follow one another."""
MOSTLY = 0.99
"""The share that ranges, sets and shapes bind: a stray value is no reason to stop a batch, a changed source is."""
_TYPES: dict[str, dict[str, Any]] = {
    "long": {"type_list": ["int64", "float64", "Int64Dtype"]},
    "double": {"type_list": ["float64", "int64", "Int64Dtype"]},
    "boolean": {"type_": "bool"},
    "string": {"type_": "str"},
    "timestamp": {"type_": "Timestamp"},
    "timestamp_ntz": {"type_": "datetime64"},
}
"""What Great Expectations calls a column of each kind; gaps, or a month of whole numbers, make another type of it."""


@dataclass(frozen=True)
class Proposed:
    """One expectation.

    :param type: Great Expectations' name.
    :param kwargs: its arguments.
    :param why: the reason, for the person who edits the file.
    :param severity: ``critical`` decides.
    """

    type: str
    kwargs: dict[str, Any]
    why: str
    severity: str = "critical"

    @property
    def about(self) -> tuple[str, tuple[str, ...]]:
        """What is asked of what: two that are alike in this differ in their arguments only."""
        columns = self.kwargs.get("column_list") or [self.kwargs.get("column")]
        return self.type, tuple(str(column) for column in columns)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"type": self.type, "kwargs": self.kwargs, "severity": self.severity, "why": self.why}


@dataclass(frozen=True)
class Proposal:
    """A suite, and what else was noticed.

    :param batches: what it was inferred from.
    :param columns: every column that was seen.
    :param expectations: in the order of the file.
    :param notes: what a declaration might say, and what nothing was concluded from.
    """

    batches: tuple[str, ...]
    columns: tuple[str, ...]
    expectations: tuple[Proposed, ...]
    notes: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "batches": list(self.batches),
            "columns": list(self.columns),
            "expectations": [one.to_dict() for one in self.expectations],
            "notes": list(self.notes),
        }


def proposed(batches: Sequence[BatchProfile], key: Sequence[str] = ()) -> Proposal:
    """Return what batches let one expect of the next.

    :param batches: profiles, in their order, at least one with rows.
    :param key: the declared key.
    """
    seen = [batch for batch in batches if batch.rows]
    names = list(dict.fromkeys(name for batch in seen for name in batch.columns))
    always = [name for name in names if all(name in batch.columns for batch in seen)]
    found = [*_about_rows(seen, always), *_about_key(seen, key)]
    notes = [f"{name} is in some batches and not in others" for name in names if name not in always]
    notes += [note for name in always if (note := _noted(name, [batch.columns[name] for batch in seen]))]
    for name in always:
        found += _about_column(name, [batch.columns[name] for batch in seen], [batch.rows for batch in seen])
    if not key:
        unique = [name for name in always if all(_names_rows(batch, name) for batch in seen)]
        notes += [
            f"{name} is there and different in every row: declare `key: [{name}]`, if it names a row" for name in unique
        ]
    return Proposal(tuple(batch.batch_id for batch in seen), tuple(names), tuple(found), tuple(notes))


def _noted(name: str, columns: Sequence[ColumnProfile]) -> str | None:
    known = sum(column.known for column in columns)
    if known >= ENOUGH and all(column.shape == MOMENT for column in columns if column.known):
        step = f"{{step: convert, columns: {{{name}: timestamp}}}}"
        return f"{name} holds moments as text: put `{step}` under `clean`, to compare them as what they are"
    if 0 < known < ENOUGH:
        return f"{name} had {known} {'value' if known == 1 else 'values'} in all: of its values nothing is expected yet"
    return None


def _about_rows(seen: Sequence[BatchProfile], always: Sequence[str]) -> list[Proposed]:
    counts = [batch.rows for batch in seen]
    low, high = max(1, min(counts) // 3), max(counts) * 3
    said = f"{min(counts):,}" if min(counts) == max(counts) else f"{min(counts):,} to {max(counts):,}"
    columns = {"column_set": list(always), "exact_match": False}
    return [
        Proposed(
            "expect_table_columns_to_match_set", columns, "Every batch had these columns; it may have others besides."
        ),
        Proposed(
            "expect_table_row_count_to_be_between",
            {"min_value": low, "max_value": high},
            f"Batches had {said} rows; a third and thrice that are allowed.",
        ),
    ]


def _about_key(seen: Sequence[BatchProfile], key: Sequence[str]) -> list[Proposed]:
    if not key or not all(batch.key_unique for batch in seen):
        return []
    why = "The declared key named each row once, in every batch."
    if len(key) == 1:
        return [Proposed("expect_column_values_to_be_unique", {"column": key[0]}, why)]
    return [Proposed("expect_compound_columns_to_be_unique", {"column_list": list(key)}, why)]


def _about_column(name: str, columns: Sequence[ColumnProfile], rows: Sequence[int]) -> list[Proposed]:
    known, total = sum(column.known for column in columns), sum(rows)
    if not known:
        why = "It was empty in every batch; this tells when that ends."
        return [Proposed("expect_column_values_to_be_null", {"column": name}, why, "info")]
    found = [_presence(name, columns, rows)] if total >= ENOUGH else []
    kinds = {column.kind for column in columns if column.known}
    if known < ENOUGH or (len(kinds) > 1 and not kinds <= {"long", "double"}):
        return [one for one in found if one]
    values = _values(name, columns)
    found += [_type(name, kinds), *([values] if values else [_range(name, columns), _text(name, columns)])]
    return [one for one in found if one]


def _presence(name: str, columns: Sequence[ColumnProfile], rows: Sequence[int]) -> Proposed | None:
    worst = max(1 - column.known / count for column, count in zip(columns, rows, strict=True))
    if worst == 0 and sum(rows) >= MANY:
        return Proposed("expect_column_values_to_not_be_null", {"column": name}, "It was never missing.")
    if worst == 0:
        why = "It was never missing; of so few rows that says no more than this."
        return Proposed("expect_column_values_to_not_be_null", {"column": name, "mostly": MOSTLY}, why)
    mostly = math.floor(100 * (1 - 3 * worst - 0.01)) / 100
    if mostly <= 0.1:
        return None
    why = f"At most {worst:.2%} of a batch were missing; three times that, and a percent, may be."
    return Proposed("expect_column_values_to_not_be_null", {"column": name, "mostly": mostly}, why)


def _type(name: str, kinds: set[str | None]) -> Proposed | None:
    kind = "double" if kinds == {"long", "double"} else next(iter(kinds))
    if kind is None or kind not in _TYPES:
        return None
    why = f"It held {_WORDS[kind]}."
    asked = _TYPES[kind]
    named = "in_type_list" if "type_list" in asked else "of_type"
    return Proposed(f"expect_column_values_to_be_{named}", {"column": name, **asked}, why)


_WORDS = {
    "long": "whole numbers (which gaps make floats of)",
    "double": "numbers",
    "boolean": "true or false",
    "string": "text",
    "timestamp": "moments with a zone",
    "timestamp_ntz": "moments without a zone",
}


def _values(name: str, columns: Sequence[ColumnProfile]) -> Proposed | None:
    """Propose a set for text of few values, and for codes: of numbers that follow one another, a range says as much."""
    if any(column.kind not in ("string", "long") or (column.known and column.values is None) for column in columns):
        return None
    if any(column.shape == MOMENT for column in columns):  # the next batch has days of its own
        return None
    values = sorted({value for column in columns for value in column.values or ()})
    known = sum(column.known for column in columns)
    if len(values) > FEW or len(values) * 20 > known or len(values) == 1:
        return None
    if columns[0].kind == "long" and (len(values) > CODES or values[-1] - values[0] < 2 * len(values)):
        return None
    if sum(column.once for column in columns) > NEW_VALUES * known:
        return None
    why = f"It had {len(values)} different values; one in a hundred may be another."
    kwargs = {"column": name, "value_set": values, "mostly": MOSTLY}
    return Proposed("expect_column_values_to_be_in_set", kwargs, why)


def _range(name: str, columns: Sequence[ColumnProfile]) -> Proposed | None:
    there = [column for column in columns if column.known and column.low is not None]
    if not there or any(column.kind not in (*NUMBERS, *TIMES) for column in there):
        return None
    low, high = min(column.low for column in there), max(column.high for column in there)
    if there[0].kind in TIMES:
        first = (pd.Timestamp(low, unit="us") - pd.Timedelta(days=366)).date().isoformat()
        why = "Nothing was older than this by a year; there is no upper end, for time goes on."
        return Proposed(
            "expect_column_values_to_be_between", {"column": name, "min_value": first, "mostly": MOSTLY}, why
        )
    if not (math.isfinite(low) and math.isfinite(high)):
        return None
    kwargs: dict[str, Any] = {"column": name, "min_value": _lower(low, high)}
    if all(column.low == column.high for column in there) or _moves_on(there) or any(column.unique for column in there):
        if low < 0:
            return None
        why = "It was never negative; it is each batch's own, or a running number, and has no upper end."
        return Proposed("expect_column_values_to_be_between", {**kwargs, "min_value": 0, "mostly": MOSTLY}, why)
    twice, ten = _upper(low, high), high + 10
    more = "ten more" if all(column.whole for column in there) and ten > twice else "twice as far"
    why = f"It went from {_said(low)} to {_said(high)}; {more} is allowed, and one value in a hundred beyond."
    kwargs |= {"max_value": ten if more == "ten more" else twice, "mostly": MOSTLY}
    return Proposed("expect_column_values_to_be_between", kwargs, why)


def _moves_on(columns: Sequence[ColumnProfile]) -> bool:
    """Whether each batch begins where the one before ended, as running numbers do."""
    return len(columns) > 1 and all(after.low >= before.high for before, after in pairwise(columns))


def _text(name: str, columns: Sequence[ColumnProfile]) -> Proposed | None:
    there = [column for column in columns if column.known]
    if any(column.kind != "string" for column in there):
        return None
    low, high = min(column.low for column in there), max(column.high for column in there)
    shapes = {str(column.shape) for column in there}
    if shapes <= set(SHAPES) and len(shapes) <= 2:
        shape = next(iter(shapes)) if len(shapes) == 1 else "[A-Z0-9]+"
        if len(shapes) == 2 and not shapes <= {"[0-9]+", "[A-Z]+", "[A-Z0-9]+"}:
            return None
        counted = low == high and shape != MOMENT
        body = f"{shape[:-1]}{{{low}}}" if counted else shape
        why = f"It was always {SHAPES[shape]}" + (f", {low} of them." if counted else ".")
        kwargs = {"column": name, "regex": f"^{body}$", "mostly": MOSTLY}
        return Proposed("expect_column_values_to_match_regex", kwargs, why)
    why = f"Texts had {low} to {high} characters; twice as many are allowed, and one in a hundred may have more."
    kwargs = {"column": name, "min_value": 0 if low == 0 else 1, "max_value": 2 * max(high, 1), "mostly": MOSTLY}
    return Proposed("expect_column_value_lengths_to_be_between", kwargs, why)


def _names_rows(batch: BatchProfile, name: str) -> bool:
    column = batch.columns[name]
    return batch.rows >= ENOUGH and column.known == batch.rows and bool(column.unique)


def _lower(low: float, high: float) -> float | int:
    if low >= 0:
        return 0  # what was never negative is not to become so
    return _rounded(low - (high - low), down=True)


def _upper(low: float, high: float) -> float | int:
    if high <= 0:
        return 0
    return _rounded(high + (high - low), down=False)


def _rounded(value: float, *, down: bool) -> float | int:
    """Return a number of two digits, away from what was seen."""
    if value == 0:
        return 0
    step = 10.0 ** (math.floor(math.log10(abs(value))) - 1)
    found = (math.floor if down else math.ceil)(value / step) * step
    return int(found) if found == int(found) and abs(found) < 2**53 else float(f"{found:.6g}")


def _said(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"
