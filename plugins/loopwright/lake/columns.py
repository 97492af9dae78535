"""A frame's columns as the lake keeps them: few types, named as Delta names them.

Every width of integer is a ``long`` and every width of float a ``double``, so that a batch whose file happened to hold
``int32`` is no surprise to the next. A column without a single value has no type: what its dtype seems to say is
kept as a hint only, for the batch that brings its first value decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.types as kinds

from loopwright.errors import DataFault, shown_names

if TYPE_CHECKING:
    import pandas as pd

ARROW = {
    "long": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "string": pa.string(),
    "binary": pa.binary(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "timestamp_ntz": pa.timestamp("us"),
}
"""Delta's name of each type that the lake keeps, and Arrow's type for it."""

TYPELESS_SEEMS = "double"
"""What a column without values looks like where nothing says more: pandas reads such a column as NaN."""


class ColumnUnfit(DataFault):
    """A column that no table can hold: of mixed types, of lists, beyond 64 bits, or of a doubled name."""


@dataclass(frozen=True)
class Columns:
    """A frame, ready for the lake.

    :param typed: the columns that hold a value, each in the lake's Arrow type.
    :param types: Delta's names of their types.
    :param untyped: the columns that hold none, with the type that each seems to have.
    """

    typed: Mapping[str, pa.Array]
    types: Mapping[str, str]
    untyped: Mapping[str, str] = field(default_factory=dict)


def columns_of(frame: pd.DataFrame) -> Columns:
    """Return a frame's columns in the lake's types; its index is left out.

    :param frame: any frame whose columns are named by text.
    :raises ColumnUnfit: naming the column and what is wrong with it.
    """
    _require_names(frame)
    typed: dict[str, pa.Array] = {}
    untyped: dict[str, str] = {}
    for name in frame.columns:
        array = _array(name, frame[name])
        seems = _type_of(array.type)
        if seems is None and not kinds.is_null(array.type):
            raise _unkept(name, str(array.type))
        if len(array) == array.null_count:
            untyped[name] = seems or TYPELESS_SEEMS
        else:
            typed[name] = _cast(name, array, ARROW[seems or TYPELESS_SEEMS])
    return Columns(typed, {name: known(array.type) for name, array in typed.items()}, untyped)


def _array(name: str, column: pd.Series[Any]) -> pa.Array:
    try:
        array = pa.array(column, from_pandas=True)
    except (pa.ArrowException, OverflowError) as error:
        raise _mixed(name, column) from error
    if column.dtype == object and _cuts_silently(array.type, column):
        raise _mixed(name, column)
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    return array.dictionary_decode() if kinds.is_dictionary(array.type) else array


def _cuts_silently(arrow: pa.DataType, column: pd.Series[Any]) -> bool:
    """Whether Arrow has taken values of two types for one: a moment for its date, text for bytes, any zone for UTC."""
    values = column.dropna()
    if kinds.is_timestamp(arrow):
        return len({value.tzinfo is None for value in values}) > 1
    return (kinds.is_date(arrow) or kinds.is_binary(arrow)) and len(set(map(type, values))) > 1


def _mixed(name: str, column: pd.Series[Any]) -> ColumnUnfit:
    found = Counter(type(value).__name__ for value in column.dropna())
    return ColumnUnfit(
        "A column's values cannot be given one type.",
        where=f"column {name}",
        got=", ".join(f"{kind} × {count}" for kind, count in found.most_common(5)),
        allowed="values of one type, or none; whole numbers within 64 bits; moments all with a zone, or all without",
        mend="Make them of one type in a cleaning step, or leave the column out.",
    )


def _type_of(arrow: pa.DataType) -> str | None:
    """Return Delta's name of the type that the lake keeps such values in; ``None`` if it keeps none such."""
    if kinds.is_timestamp(arrow):
        return "timestamp" if arrow.tz else "timestamp_ntz"
    for name, is_one in _FAMILIES.items():
        if any(test(arrow) for test in is_one):
            return name
    return None


_FAMILIES = {
    "boolean": (kinds.is_boolean,),
    "long": (kinds.is_integer,),
    "double": (kinds.is_floating, kinds.is_decimal),
    "string": (kinds.is_string, kinds.is_large_string, kinds.is_string_view),
    "binary": (kinds.is_binary, kinds.is_large_binary, kinds.is_fixed_size_binary, kinds.is_binary_view),
    "date": (kinds.is_date,),
}


def known(arrow: pa.DataType) -> str:
    """Return Delta's name of a type that the lake keeps."""
    return next(name for name, kept in ARROW.items() if kept == arrow)


def _cast(name: str, array: pa.Array, arrow: pa.DataType) -> pa.Array:
    # Finer than a microsecond is cut; decimals become the nearest double. Integers must fit exactly.
    exact = kinds.is_integer(arrow)
    try:
        return array.cast(arrow, safe=exact)
    except pa.ArrowInvalid as error:
        raise ColumnUnfit(
            "A column holds whole numbers beyond 64 signed bits.",
            where=f"column {name}",
            got=str(array.type),
            allowed="-2**63 to 2**63 - 1",
            mend="Make it text in a cleaning step if it is an identifier, else a float.",
        ) from error


def _unkept(name: str, arrow: str) -> ColumnUnfit:
    return ColumnUnfit(
        "A column is of a type that the lake does not keep.",
        where=f"column {name}",
        got=arrow,
        allowed=f"{', '.join(ARROW)}",
        mend="Flatten lists and records, and give durations as numbers, in a cleaning step; or leave the column out.",
    )


def _require_names(frame: pd.DataFrame) -> None:
    unnamed = [name for name in frame.columns if not isinstance(name, str)]
    if unnamed:
        raise _misnamed("Columns must be named by text.", unnamed)
    # Delta's names do not tell upper from lower case.
    doubled = [name for name, count in Counter(map(str.lower, frame.columns)).items() if count > 1]
    if doubled:
        raise _misnamed("Column names must differ, in more than upper and lower case.", doubled)


def _misnamed(what: str, names: Sequence[Hashable]) -> ColumnUnfit:
    return ColumnUnfit(what, got=shown_names([str(name) for name in names]), mend="Rename them in a cleaning step.")
