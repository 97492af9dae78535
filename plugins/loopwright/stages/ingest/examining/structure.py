"""What every batch must be, whatever its suite says: rows, columns, row identity, event time, types.

Pure functions from a frame to checks. They guard what the rest of the loop rests on, so all of them are required;
what is merely worth knowing (a new column, one that fell empty) is advisory.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from pandas.api import types as kinds

from loopwright.declaration.cleaning import DropColumns, Rename
from loopwright.errors import DataFault, shown_names
from loopwright.lake.rows import JOINED, RESERVED
from loopwright.stages.ingest.examining.setting_aside import REASONS
from loopwright.stages.ingest.judging.failing import FailingRows, Numbers
from loopwright.stages.ingest.reading.conversion import to_timestamp
from loopwright.verdict import Check, Outcome

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.declaration.dataset import DatasetSpec


def readable(error: DataFault | None = None) -> Check:
    """Whether the bytes are what the declaration says."""
    return _answer("readable", error is None, "the arrival could be read", error.what if error else "")


def cleanable(error: DataFault | None, steps: int) -> Check:
    """Whether every cleaning step could be done."""
    if error is None:
        return _answer("clean", True, f"{steps} cleaning steps were done", "")
    parts = [error.what.rstrip("."), error.where and f"at {error.where}", error.got, error.mend]
    return _answer("clean", False, "", "; ".join(str(part) for part in parts if part))


def has_rows(read: int, left: int) -> Check:
    """Whether anything is there to publish."""
    why = "the arrival holds no rows" if read == 0 else f"cleaning left none of {read:,} rows"
    return _answer("rows", left > 0, f"{left:,} rows", why, observed=left, asked={"at_least": 1}, n=left)


def columns_kept(
    columns: Sequence[str],
    doubled: Sequence[str],
    known: Collection[str],
    dataset: DatasetSpec,
    let_go: Collection[str] = (),
) -> Check:
    """Whether every column that batches have is there, and every name is one column's own.

    :param columns: of the cleaned batch.
    :param doubled: names that the file has more than once.
    :param known: the columns that it must have; none for the first batch.
    :param dataset: columns that it drops or renames are not missed.
    :param let_go: nor are those that cleaning took from this batch.
    """
    missed = _let_go(dataset) | set(let_go)
    gone = [name for name in known if name not in columns and name not in missed]
    taken = [name for name in columns if name in (*RESERVED, REASONS) or name.startswith(JOINED)]
    wrong = {
        "columns that the batches before had are gone": (gone, "if that is meant, add a drop_columns step for them"),
        "columns come twice": (list(doubled), "ask the source for one of each"),
        "columns have names that the lake uses itself": (taken, "rename them in a cleaning step"),
    }
    said = [f"{what}: {shown_names(names)} ({mend})" for what, (names, mend) in wrong.items() if names]
    if renamed := _perhaps_renamed(gone, [name for name in columns if name not in known]):
        pairs = [f"{old} to {new}" for old, new in renamed.items()]
        said.append(f"perhaps renamed: {shown_names(pairs)} (if so, add a rename step)")
    return _answer("columns", not said, f"{len(columns)} columns, none missing", "; ".join(said), n=len(columns))


def _perhaps_renamed(gone: Sequence[str], new: Sequence[str]) -> dict[str, str]:
    """Return which column that is gone may go by which new name: the nearest, if it is near."""
    found: dict[str, str] = {}
    for name in gone:
        near = get_close_matches(name.lower(), [other.lower() for other in new], n=1, cutoff=0.7)
        if near:
            found[name] = next(other for other in new if other.lower() == near[0])
    return found


def columns_retyped(types: Mapping[str, str], known: Mapping[str, str]) -> list[Check]:
    """Return which columns are of another type than in the batch before, though the table takes both.

    :param types: of the cleaned batch, by the lake's names.
    :param known: columns and types of the published batch before, none for the first.
    """
    changed = {
        name: f"{name} from {known[name]} to {kind}"
        for name, kind in types.items()
        if name in known and kind != known[name] and "null" not in (kind, known[name])
    }
    why = f"columns of another type: {shown_names(list(changed.values()))}"
    return [Check("columns_retyped", Outcome.FAIL, why, list(changed)[:50], required=False)] if changed else []


def sensitive_there(lacking: Sequence[str]) -> Check:
    """Whether all columns came that are declared sensitive: if not, their values may be there under other names.

    :param lacking: those that did not.
    """
    why = f"declared sensitive and not there: {shown_names(list(lacking))}; renamed at the source? nothing is kept"
    return _answer("sensitive", not lacking, "all sensitive columns are there", why, observed=list(lacking))


def unchanged(dataset: DatasetSpec, published: Mapping[str, Any] | None, digest: str) -> list[Check]:
    """Return whether a published batch has come again with other bytes, where a person shall decide about that.

    :param published: the batch of that name, if one is published.
    :param digest: of the bytes that came.
    """
    if dataset.on_changed != "quarantine" or published is None:
        return []
    same = published.get("arrival_digest") in (None, digest)
    why = "it is published with other bytes; a person decides whether these supersede them (on_changed)"
    return [_answer("unchanged", same, "it is what was published before", why)]


def columns_new(
    columns: Sequence[str], empty: Collection[str], known: Mapping[str, str], asked: Collection[str]
) -> list[Check]:
    """Return what is worth knowing of columns: new ones, passing ones, and ones that held values and hold none now.

    :param columns: of the cleaned batch.
    :param empty: those of them without a value.
    :param known: columns and types of the published batch before, none for the first.
    :param asked: those of them that every batch must have.
    """
    passing = [name for name in known if name not in columns and name not in asked]
    new = [name for name in columns if known and name not in known]
    emptied = [name for name in known if name in empty and known[name] != "null"]
    notes = {
        "columns_new": ("new columns", new),
        "columns_passing": ("columns that only the batch before had", passing),
        "columns_empty": ("columns without a value, unlike before", emptied),
    }
    return [
        Check(name, Outcome.FAIL, f"{what}: {shown_names(found)}", observed=found[:50], required=False)
        for name, (what, found) in notes.items()
        if found
    ]


def timed(frame: pd.DataFrame, event_time: str) -> tuple[pd.DataFrame, Check]:
    """Return the frame with its event time as timestamps, and whether that could be done for every value there is.

    :param frame: the cleaned batch.
    :param event_time: the declared column.
    """
    if event_time not in frame:
        return frame, _answer("event_time", False, "", f"the column {event_time!r} is not there")
    column = frame[event_time]
    try:
        times = to_timestamp(column)
    except ValueError:
        why = f"{event_time!r} holds numbers: add a convert step to timestamp, with the unit they count"
        return frame, _answer("event_time", False, "", why)
    lost = int((times.isna() & column.notna()).sum())
    known = int(times.notna().sum())
    return frame.assign(**{event_time: times}), times_read(event_time, known, lost, len(frame))


def times_read(event_time: str, known: int, lost: int, rows: int) -> Check:
    """Whether there are event times, and every value there is could be read as one.

    :param event_time: the declared column.
    :param known: how many timestamps it holds.
    :param lost: how many values are none.
    :param rows: of the cleaned batch.
    """
    why = f"{lost:,} of {rows:,} values of {event_time!r} are no timestamps (a convert step makes them missing)"
    if not lost:
        why = f"{event_time!r} holds no value at all"
    return _answer(
        "event_time", known > 0 and not lost, f"{known:,} timestamps", why, observed={"unread": lost}, n=known
    )


def span(frame: pd.DataFrame, event_time: str | None) -> dict[str, str] | None:
    """Return first, middle and last event time, as ISO 8601; ``None`` if there is none.

    The middle one says when the batch happened; the ends may be a single stray row's.

    :param frame: the cleaned batch, event time as timestamps.
    :param event_time: the declared column, if any.
    """
    if event_time is None or event_time not in frame or not kinds.is_datetime64_any_dtype(frame[event_time]):
        return None
    times = frame[event_time].dropna()
    if times.empty:
        return None
    found = {"min": times.min(), "median": times.quantile(0.5, interpolation="lower"), "max": times.max()}
    return {name: time.isoformat() for name, time in found.items()}


def keyed(frame: pd.DataFrame, key: Sequence[str]) -> Check:
    """Whether the declared key names each row, once.

    :param frame: the cleaned batch.
    :param key: the declared columns.
    """
    lacking = [name for name in key if name not in frame]
    if lacking:
        return _answer("key", False, "", f"key columns are not there: {shown_names(lacking)}", asked=list(key))
    missing = int(frame[list(key)].isna().any(axis=1).sum())
    repeated = int(frame.duplicated(list(key)).sum())
    return key_counted(key, len(frame), missing, repeated)


def key_counted(key: Sequence[str], rows: int, missing: int, repeated: int) -> Check:
    """Whether a key names each row, once, by what was counted.

    :param key: the declared columns.
    :param rows: of the cleaned batch.
    :param missing: how many of them lack a part of their key.
    :param repeated: how many have that of a row before.
    """
    why = f"of {rows:,} rows {missing:,} lack their key and {repeated:,} repeat one (drop_rows, drop_duplicates)"
    observed = {"missing": missing, "repeated": repeated}
    good = missing == repeated == 0
    return _answer("key", good, f"{rows:,} rows, each with a key of its own", why, observed, list(key), rows)


def failing_rows(frame: pd.DataFrame, dataset: DatasetSpec) -> FailingRows:
    """Return which rows lack their key or share it with another, and which have an event time that is none.

    :param frame: the cleaned batch, before its event time was read.
    """
    sources: dict[str, Callable[[], list[Numbers]]] = {}
    key, time = [name for name in dataset.key if name in frame], dataset.event_time
    if key and len(key) == len(dataset.key):
        wrong = frame[key].isna().any(axis=1) | frame.duplicated(key, keep=False)
        if wrong.any():
            sources["key"] = partial(_labels, frame, wrong)
    if time in frame:
        try:
            lost = to_timestamp(frame[time]).isna() & frame[time].notna()
        except ValueError:
            return FailingRows(sources)
        if lost.any() and not lost.all():
            sources["event_time"] = partial(_labels, frame, lost)
    return FailingRows(sources)


def _labels(frame: pd.DataFrame, chosen: pd.Series[bool]) -> list[Numbers]:
    return [np.sort(frame.index[chosen.to_numpy(bool)].to_numpy("int64"))]


def typed(error: DataFault | None = None) -> Check:
    """Whether every column is of a type that the table takes."""
    if error is None:
        return _answer("types", True, "every column fits the table", "")
    column = (error.where or "").rpartition(": ")[2]  # without the table's address
    named = f" ({column})" if column and column not in error.what else ""
    asked = f": got {error.got}, allowed {error.allowed}" if error.allowed else ""
    wrong = f"{error.what.rstrip('.')}{named}{asked}" + (f". {error.mend}" if error.mend else "")
    return _answer("types", False, "", wrong)


def _let_go(dataset: DatasetSpec) -> set[str]:
    """Return the columns that cleaning takes away on purpose."""
    let_go: set[str] = set()
    for step in dataset.clean:
        if isinstance(step, DropColumns | Rename):
            let_go |= set(step.columns)
    return let_go


def _answer(
    name: str, good: bool, fine: str, wrong: str, observed: Any = None, asked: Any = None, n: int | None = None
) -> Check:
    return Check(name, Outcome.PASS if good else Outcome.FAIL, fine if good else wrong, observed, asked, n)
