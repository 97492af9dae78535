"""What was found of cleaned rows before any suite is asked: the same whether they are in memory or in pieces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loopwright.verdict import Check


@dataclass(frozen=True)
class Seen:
    """What was found of cleaned rows, in memory or in pieces.

    :param columns: their names.
    :param empty: those without a value.
    :param rows_read: of the arrival.
    :param rows: left after cleaning.
    :param span: their event time.
    :param checks: of event time, key and types.
    :param found: what else the report tells.
    :param let_go: columns that cleaning took away.
    :param doubled: names that the file has more than once.
    """

    columns: Sequence[str]
    empty: Sequence[str]
    rows_read: int
    rows: int
    span: dict[str, str] | None
    checks: Sequence[Check]
    found: dict[str, Any]
    let_go: frozenset[str] = frozenset()
    doubled: tuple[str, ...] = ()
