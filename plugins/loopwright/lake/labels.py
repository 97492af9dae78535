"""Labels that came in files of their own, joined to the rows that they are about.

What must stay true: rows, their order, their numbers and their own columns are as before; of two labels for one key the
one from the later file counts; a row without a label has none. What the files bring stands in columns of its own names
(:data:`loopwright.lake.rows.JOINED`), which only labels are made of: rows that are scored do not have it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from loopwright.lake.rows import JOINED, RESERVED

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.lake.lake import Lake


def with_labels(
    lake: Lake, dataset: str, key: Sequence[str], taken: Mapping[str, Any] | None, rows: pd.DataFrame
) -> pd.DataFrame:
    """Return rows with their labels, in columns named ``JOINED`` and as in the files; missing where none is known.

    :param key: the columns to join on.
    :param taken: what of the labels counts: the table's ``version``, and its ``files`` in the order in which they do;
        ``None`` for none.
    :param rows: of the dataset.
    """
    if not taken or not taken["files"]:
        return rows
    labels = lake.labels(dataset).read(taken["files"], version=taken["version"])
    labels = labels.drop(columns=list(RESERVED), errors="ignore")
    own = [name for name in labels if name not in key]
    marked = keys_of(labels, key)
    labels = labels[own].set_axis(marked)[~marked.duplicated(keep="last")]
    wanted = keys_of(rows, key)
    return rows.assign(**{f"{JOINED}{name}": labels[name].reindex(wanted).set_axis(rows.index) for name in own})


def labelled(
    lake: Lake, dataset: str, key: Sequence[str], taken: Mapping[str, Any], rows: pd.DataFrame
) -> pd.DataFrame:
    """Return the label columns of rows alone, named as in the files, indexed as the rows."""
    joined = with_labels(lake, dataset, key, taken, rows[list(key)]).drop(columns=list(key))
    return joined.rename(columns=lambda name: str(name).removeprefix(JOINED))


def keys_of(frame: pd.DataFrame, key: Sequence[str]) -> pd.Index[Any]:
    """Return each row's key as text, so that a number in one file finds the same number as text in another.

    :param frame: rows with the key's columns.
    :param key: their names.
    """
    import pandas as pd

    parts = [_text(frame[name]) for name in key]
    return pd.Index(["\x1f".join(values) for values in zip(*parts, strict=True)], dtype=object)


def _text(column: pd.Series[Any]) -> list[str]:
    if column.dtype.kind == "f" and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")
    return [str(value) for value in column]
