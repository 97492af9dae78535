"""Which rows a training saw, row by row, so that a later holdout can be shown to hold none of them.

A row is known by its declared key; without one by all that it holds. Eight bytes a row are kept with the run: a
64-bit hash, of which two of a million rows fall together once in thirty-seven million times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loopwright.errors import UnknownName
from loopwright.evaluation import Seen, Unseen
from loopwright.evaluation.unseen import when
from loopwright.serving.kept import TRAINED_ROWS
from loopwright.serving.served import raw_rows
from loopwright.verdict import Check, Outcome

if TYPE_CHECKING:
    from loopwright.evaluation.predicted import Array
    from loopwright.ledger.state import DatasetState
    from loopwright.tracking import Tracking


_MISSING, _MIXED, _EXACT = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xFF51AFD7ED558CCD), 2**53
_NUMBERS = {"integer", "floating", "mixed-integer-float", "boolean"}
_TIMES = {"datetime", "datetime64"}
"""What pandas calls columns of numbers and of times, objects as they may be."""


def identities(frame: pd.DataFrame, key: Sequence[str]) -> Array:
    """Return a number for each row that is the same wherever the row is met again.

    :param frame: rows of the dataset.
    :param key: the columns that name a row; all that it holds when there are none, or one is absent.
    """
    rows = raw_rows(frame)
    named = rows[list(key)] if key and set(key) <= set(rows.columns) else rows
    total: Array = np.full(len(named), _MISSING, dtype=np.uint64)
    for name in named:
        total = total * _MIXED + _hashed(named[name])
    return total


def _hashed(column: pd.Series) -> Array:
    """Return a number for each value, whatever type stands around it: 7 is 7 where another row's gap made it 7.0."""
    missing = column.isna().to_numpy(dtype=bool)
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype if not missing.any() else object)
    inferred = pd.api.types.infer_dtype(column, skipna=True)
    if inferred in _NUMBERS:
        column = pd.to_numeric(column)
    elif inferred in _TIMES and column.dtype == object:
        column = pd.to_datetime(column, utc=True)
    kind = column.dtype
    if pd.api.types.is_datetime64_any_dtype(kind) or pd.api.types.is_timedelta64_dtype(kind):
        plain: Array = column.dt.as_unit("ns").astype("int64").to_numpy()
    elif pd.api.types.is_integer_dtype(kind):
        exact = column.fillna(0).to_numpy()
        floats = exact.astype("float64")
        plain = np.where(np.abs(floats) < _EXACT, floats.view("uint64"), exact.astype("uint64"))
    elif pd.api.types.is_numeric_dtype(kind):
        plain = (column.fillna(0).to_numpy(dtype="float64") + 0.0).view("uint64")  # -0 is 0
    else:
        plain = np.array([str(value) for value in column.astype(object)], dtype=object)
    hashed: Array = pd.util.hash_array(plain if plain.dtype == object else plain.astype("uint64"))
    return np.where(missing, _MISSING, hashed)


def repeated(ids: Array) -> Array:
    """Return which rows come again further down: of each, the newest alone is another row.

    :param ids: identities, oldest first.
    """
    mask: Array = pd.Series(ids).duplicated(keep="last").to_numpy()
    return mask


def repeated_check(ids: Array) -> tuple[Check, ...]:
    """Say that rows come twice by their key, where they do: asked twice, the gate would seem surer than it is.

    :param ids: identities of the holdout's labelled rows, oldest first.
    """
    twice, n = int(repeated(ids).sum()), len(ids)
    if not twice:
        return ()
    why = f"{twice} of {n} held-out rows come again under the same key: the newest of each is asked"
    return (Check("repeated", Outcome.FAIL, why, {"rows": twice}, n=n, required=False),)


def keep_seen(tracking: Tracking, run_id: str, ids: Array) -> None:
    """Keep the identities of the rows that a training saw, with its run."""
    folder, _, name = TRAINED_ROWS.rpartition("/")
    with TemporaryDirectory() as scratch:
        np.save(Path(scratch) / name, np.sort(ids))
        tracking.log_file(run_id, Path(scratch) / name, folder)


def seen_by(tracking: Tracking, entry: Mapping[str, Any] | None) -> Array | None:
    """Return the identities that a version or training was trained on; ``None`` where they were not kept.

    :param entry: what the ledger holds of it.
    """
    if not entry or not entry.get("run_id"):
        return None
    with TemporaryDirectory() as scratch:
        try:
            found: Array = np.load(tracking.download(entry["run_id"], TRAINED_ROWS, Path(scratch)))
        except UnknownName:  # trained before they were kept
            return None
    return found


def rows_seen(held: Array, key: Sequence[str], candidate: Array | None, champion: Array | None) -> tuple[Seen, Array]:
    """Return what was seen of the holdout, and which of its rows anybody saw.

    :param held: identities of the holdout's labelled rows.
    :param key: as declared.
    :param candidate: identities that it was trained on.
    :param champion: identities that the champion was trained on.
    """
    by = [None if ids is None else np.isin(held, ids) for ids in (candidate, champion)]
    known = [mask for mask in by if mask is not None]
    either = np.logical_or.reduce(known) if known else np.zeros(len(held), dtype=bool)
    usual = 0.0
    if candidate is not None and len(candidate) and not key:
        same = np.diff(candidate) == 0
        usual = float((np.append(same, False) | np.append(False, same)).mean())
    counts = [None if mask is None else int(mask.sum()) for mask in by]
    return Seen(tuple(key), len(held), counts[0], counts[1], usual), either


def unseen_of(
    entry: Mapping[str, Any], champion: Mapping[str, Any] | None, rows: Seen | None, dataset: DatasetState
) -> Unseen:
    """Return what the question whether the holdout was unseen is about.

    :param entry: the training as the ledger has it.
    :param champion: the champion as the ledger has it.
    :param rows: what was seen of the holdout, row by row.
    :param dataset: the state of the dataset, for when batches happened.
    """
    happened = {batch["batch_id"]: batch.get("event_time") or {} for batch in dataset.published()}

    def times(batches: Sequence[str], *ends: str) -> list[str]:
        """Return what batches say of themselves, in the order of time, which is not that of the text."""
        known = [happened.get(batch, {}) for batch in batches]
        said = [next((str(span[end]) for end in ends if span.get(end)), "") for span in known]
        read = [(at, time) for time in said for at in (when(time),) if at is not None]
        return [time for _, time in sorted(read)]

    learned, held = entry["batches"], entry["holdout"]
    return Unseen(
        held,
        learned,
        (champion or {}).get("batches") or (),
        rows,
        trained_until=max(times(learned, "median", "max")[-1:], default=None),
        held_from=max(times(held, "median", "max")[:1], default=None),
        trained_last=max(times(learned, "max")[-1:], default=None),
        held_first=max(times(held, "min")[:1], default=None),
    )
