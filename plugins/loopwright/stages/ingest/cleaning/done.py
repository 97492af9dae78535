"""What a cleaning step hands back, and what every step asks of a frame first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from loopwright.errors import DataFault, shown_names

if TYPE_CHECKING:
    import pandas as pd

Step = Any  # one of loopwright.declaration.cleaning.CleanStep


class CleaningFailed(DataFault):
    """A cleaning step cannot be done on this batch."""


@dataclass(frozen=True)
class Done:
    """What one step did.

    :param frame: the rows that go on, under the index labels they came with.
    :param changed: values, rows or columns that it changed.
    :param aside: rows that do not go on and are kept, with the reason why; as they were before the step.
    :param reason: why they are set aside; empty where none are.
    :param traced: whether the labels are still those that the rows came with.
    """

    frame: pd.DataFrame
    changed: int
    aside: pd.DataFrame | None = None
    reason: str = ""
    traced: bool = True


def require(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    """Refuse a frame that lacks a column which a step needs.

    :raises CleaningFailed: naming it, and the nearest that is there.
    """
    lacking = [name for name in columns if name not in frame.columns]
    if not lacking:
        return
    near = get_close_matches(lacking[0], list(frame.columns), n=1)
    raise CleaningFailed(
        f"A cleaning step needs the column {lacking[0]!r}, which the batch lacks.",
        got=shown_names([str(name) for name in frame.columns]),
        mend=f"Did you mean {near[0]!r}?" if near else "Has the source renamed it, or does a step before drop it?",
    )


def require_numbers(column: pd.Series[Any], doing: str) -> None:
    """Refuse a column that holds no numbers.

    :param doing: what would be done to them, such as ``clipped``.
    :raises CleaningFailed: naming it and its type.
    """
    from pandas.api import types as kinds

    if not kinds.is_numeric_dtype(column) or kinds.is_bool_dtype(column):
        raise CleaningFailed(
            f"Only numbers can be {doing}, and {column.name!r} holds none.",
            got=str(column.dtype),
            mend="Convert it to a number in a step before this one.",
        )
