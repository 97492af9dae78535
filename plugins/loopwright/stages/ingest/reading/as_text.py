"""Which columns of an arrival are read as text, though every value in them may look like a number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from loopwright.declaration.cleaning import Apply, Convert, Rename, Spell

if TYPE_CHECKING:
    from loopwright.declaration.dataset import DatasetSpec


def text_columns(dataset: DatasetSpec, known: Mapping[str, str]) -> set[str]:
    """Return the columns, as they are called in the arrival, whose digits are text: ``007`` is no number there.

    They are those that cleaning makes text, and those that were text in the newest published batch: a month in which
    every code happens to be digits must not change the column's type. Where a function of the team's own stands
    between arrival and table, what was text in the table need not have been in the file, and nothing is assumed.

    :param dataset: the dataset.
    :param known: columns and types of the newest published batch.
    """
    called: dict[str, str] = {}  # name now: name in the arrival
    wanted = {name for name, how in dataset.sensitive.items() if how == "hash"}
    for step in dataset.clean:
        if isinstance(step, Rename):
            called |= {new: called.get(old, old) for old, new in step.columns.items()}
        if isinstance(step, Convert):
            as_written = bool(step.formats or step.thousands or step.decimal != ".")
            wanted |= {called.get(name, name) for name, kind in step.columns.items() if as_written or kind == "text"}
        if isinstance(step, Spell):
            wanted |= {called.get(name, name) for name in step.columns}
    if any(isinstance(step, Apply) for step in dataset.clean):
        return wanted
    return wanted | {called.get(name, name) for name, kind in known.items() if kind == "string"}
