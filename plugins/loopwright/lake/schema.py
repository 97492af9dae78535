"""How a batch's columns come to terms with the table's: the table widens without loss, or the batch is refused.

Delta-rs by itself casts what a batch brings to what the table has, and ``1.5`` into an integer column is ``1``
then, silently. So every type is settled here before anything is written, and nothing is ever rounded or cut.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pyarrow as pa

from loopwright.errors import DataFault, shown_names
from loopwright.lake.columns import ARROW, Columns, known

WIDER = {"long": "double", "date": "timestamp_ntz"}
"""What a type may widen to, because every value of the one is a value of the other (where digits allow)."""


class ColumnConflict(DataFault):
    """A batch's column whose type cannot be reconciled with the table's."""


@dataclass(frozen=True)
class Settled:
    """A batch that fits its table.

    :param own: its columns that hold a value, in the types of the table to be.
    :param widened: columns of the table that must be rewritten first, with their new types.
    """

    own: Mapping[str, pa.Array]
    widened: Mapping[str, str]

    @property
    def types(self) -> dict[str, str]:
        """Delta's names of the types of its columns."""
        return {name: known(values.type) for name, values in self.own.items()}


def settle(columns: Columns, table: Mapping[str, str], *, where: str, as_text: Collection[str] = ()) -> Settled:
    """Return the batch in the table's types, and which of those types have to widen for it.

    :param columns: the batch's.
    :param table: the table's column names and Delta types.
    :param where: the table, for the error.
    :param as_text: columns whose whole numbers become text where a batch brings it: they are compared so.
    :raises ColumnConflict: naming the column, the table's type and the batch's.
    """
    _require_same_spelling(columns, table, where)
    settled: dict[str, pa.Array] = {}
    widened: dict[str, str] = {}
    conflicts: dict[str, str] = {}
    for name, values in columns.typed.items():
        brought = columns.types[name]
        has = table.get(name, brought)
        becomes = _common(values, brought, has)
        if name in as_text and (brought, has) == ("string", "long"):
            becomes = brought
        if becomes is None:
            conflicts[name] = has
            continue
        settled[name] = values.cast(ARROW[becomes])
        if becomes != has:
            widened[name] = becomes
    if conflicts:
        raise _conflict(conflicts, columns.types, where)
    return Settled(settled, widened)


def require_as_is(columns: Columns, table: Mapping[str, str], *, where: str) -> None:
    """Refuse columns that the table does not take in just their types: what may widen is for :func:`settle` to tell.

    :param columns: the batch's; of the values none are looked at.
    :param table: the table's column names and Delta types.
    :param where: the table, for the error.
    :raises ColumnConflict: naming the column, the table's type and the batch's.
    """
    _require_same_spelling(columns, table, where)
    conflicts = {name: table[name] for name, kind in columns.types.items() if table.get(name, kind) != kind}
    if conflicts:
        raise _conflict(conflicts, columns.types, where)


def widen(table: pa.Table, widened: Mapping[str, str], *, where: str) -> pa.Table:
    """Return a table's rows with some columns in wider types.

    :raises ColumnConflict: if that would cost digits.
    """
    for name, becomes in widened.items():
        position = table.schema.get_field_index(name)
        try:
            wider = table[name].cast(ARROW[becomes])
        except pa.ArrowInvalid as error:
            raise _conflict({name: "long, beyond a double's digits"}, widened, where) from error
        table = table.set_column(position, name, wider)
    return table


def _common(values: pa.Array, brought: str, has: str) -> str | None:
    """Return the type that both the values and the table's column can take; ``None`` if there is none."""
    if brought == has:
        return has
    if WIDER.get(brought) == has:
        return has if _keeps(values, ARROW[has]) else None
    if WIDER.get(has) == brought:
        return has if _keeps(values, ARROW[has]) else brought
    return None


def _keeps(values: pa.Array, arrow: pa.DataType) -> bool:
    """Whether a cast there and back gives the same values."""
    try:
        return bool(values.cast(arrow).cast(values.type).equals(values))
    except pa.ArrowInvalid:
        return False


def _conflict(conflicts: Mapping[str, str], brought: Mapping[str, str], where: str) -> ColumnConflict:
    first, *others = conflicts
    more = f" (so do {shown_names(others)})" if others else ""
    return ColumnConflict(
        f"The batch's column {first} does not fit the table's{more}.",
        where=f"{where}: {first}",
        got=brought[first],
        allowed=conflicts[first],
        mend="Make it the table's type in a cleaning step; or, if the source changed for good, give it a new name.",
    )


def _require_same_spelling(columns: Columns, table: Mapping[str, str], where: str) -> None:
    spelled = {name.lower(): name for name in table}
    for name in [*columns.types, *columns.untyped]:
        known = spelled.get(name.lower(), name)
        if known != name:
            raise ColumnConflict(
                f"The batch's column {name} differs from the table's {known} in upper and lower case only.",
                where=f"{where}: {known}",
                got=name,
                allowed=known,
                mend=f"Rename it to {known} in a cleaning step: Delta does not tell the two apart.",
            )
