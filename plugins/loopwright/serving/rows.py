"""From raw rows to features and labels: the team's own functions, run and then held to their promise.

A feature function must give one row for each row, in the same order; whatever else it gives is refused with a
sentence, because the alternative is a model that learns one row's answer from another row's inputs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loopwright.declaration.code import code_of, load_function, raised_by
from loopwright.declaration.quoting import UNSAID, cause, quotable, said
from loopwright.errors import DeclarationError, LoopwrightError, UserCodeFailed, shown_names
from loopwright.serving.served import JOINED, raw_rows

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec
    from loopwright.evaluation.predicted import Array


@dataclass(frozen=True)
class Known:
    """Which rows have a label, and these labels.

    :param mask: of all rows, shape ``(n,)``.
    :param values: the labels of those, in order: whole numbers, truth values, text or (regression) floats.
    """

    mask: Array
    values: Array

    @property
    def classes(self) -> list[Any]:
        """The labels that occur, sorted, as plain values."""
        return sorted(np.unique(self.values).tolist())


def label_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Return rows as labels are made of them: with what files of labels brought, by its own names, before all else."""
    brought = {name.removeprefix(JOINED): frame[name].to_numpy() for name in brought_by_labels(frame)}
    return raw_rows(frame).assign(**brought)


def brought_by_labels(frame: pd.DataFrame) -> list[str]:
    """Return the columns of joined rows that scoring does not have."""
    return [str(name) for name in frame if str(name).startswith(JOINED)]


def features_of(spec: ModelSpec, folder: Path, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the features of raw rows, indexed as these are.

    :param spec: the model's declaration.
    :param folder: where its code is.
    :param frame: rows of the dataset; the lake's own columns may be among them, and are not shown to user code.
    :raises UserCodeFailed: if the function raises, or gives anything but a frame with a row for each row.
    :raises DeclarationError: if a declared column is not there.
    """
    try:
        return features_by(spec.features, folder, frame, f"model {spec.name}, features")
    except (UserCodeFailed, DeclarationError) as fault:
        brought = [name.removeprefix(JOINED) for name in brought_by_labels(frame)]
        if not brought:
            raise
        lack = f"Features are made of rows as they are scored, without what label files bring: {shown_names(brought)}."
        parts = {**fault.to_dict(), "mend": f"{lack} {fault.mend or ''}".strip()}
        raise type(fault)(str(parts.pop("what")), **parts) from fault.__cause__


def features_by(declared: str | list[str], folder: Path, frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return the features that a declaration's ``features`` makes; as :func:`features_of`.

    :param declared: ``module:function``, or columns.
    :param where: for errors.
    """
    rows = raw_rows(frame)
    if isinstance(declared, list):
        _require_columns(declared, rows, where)
        return rows[declared].set_axis(frame.index)
    made = _called(declared, folder, rows, where)
    if not isinstance(made, pd.DataFrame):
        raise UserCodeFailed(
            f"{declared} did not return a frame.", where=where, got=type(made).__name__, allowed="a pandas DataFrame"
        )
    _require_rows(made, len(frame), declared, where)
    names = [str(name) for name in made.columns]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled or not names:
        raise UserCodeFailed(
            f"{declared} returned {'columns of the same name' if doubled else 'no columns'}.",
            where=where,
            got=(shown_names(doubled) or None) if quotable(folder) else UNSAID,
        )
    return made.set_axis(names, axis=1).set_axis(frame.index)


def labels_of(spec: ModelSpec, folder: Path, frame: pd.DataFrame) -> pd.Series:
    """Return the labels of raw rows, indexed as these are; missing where the truth is not known.

    :param spec: the model's declaration.
    :param folder: where its code is.
    :param frame: rows of the dataset.
    :raises UserCodeFailed: if the function raises, or gives anything but a column with a value for each row.
    :raises DeclarationError: if the declared column is not there.
    """
    where = f"model {spec.name}, label"
    rows = label_rows(frame)
    if not spec.label_is_function:
        _require_columns([spec.label], rows, where)
        return rows[spec.label].set_axis(frame.index)
    made = _called(spec.label, folder, rows, where)
    if isinstance(made, np.ndarray) and made.ndim == 1:
        made = pd.Series(made)
    if not isinstance(made, pd.Series):
        raise UserCodeFailed(
            f"{spec.label} did not return a column.", where=where, got=type(made).__name__, allowed="a pandas Series"
        )
    _require_rows(made, len(frame), spec.label, where)
    return made.set_axis(frame.index)


def known_labels(spec: ModelSpec, folder: Path, frame: pd.DataFrame) -> Known:
    """Return the labels that are known, in the one type that their task has.

    Whole numbers that came as floats (because other rows lack a label) are whole numbers again, so that a model's
    classes do not depend on whether a label was missing.

    :param spec: the model's declaration.
    :param folder: where its code is.
    :param frame: rows of the dataset.
    :raises UserCodeFailed: if the labels are not of one usable kind; and as :func:`labels_of`.
    """
    labels = labels_of(spec, folder, frame)
    mask = labels.notna().to_numpy(dtype=bool)
    known = labels[mask]
    try:
        if spec.task == "regression":
            values = known.to_numpy(dtype="float64")
        else:
            values = _classes(known)
            np.unique(values)
    except (TypeError, ValueError) as error:
        raise UserCodeFailed(
            "The labels are not of one kind.",
            where=f"model {spec.name}, label {spec.label}",
            got=said(error, folder),
            allowed="numbers" if spec.task == "regression" else "numbers, text or truth values, not mixed",
        ) from cause(error, folder)
    return Known(mask, values)


def _classes(known: pd.Series) -> Array:
    plain = known.infer_objects()
    if pd.api.types.is_bool_dtype(plain):
        return plain.to_numpy(dtype=bool)
    if pd.api.types.is_integer_dtype(plain):
        return plain.to_numpy(dtype="int64")
    if pd.api.types.is_numeric_dtype(plain):
        numbers = plain.to_numpy(dtype="float64")
        whole = numbers.astype("int64")
        return whole if (whole == numbers).all() else numbers
    return np.asarray(plain.astype(object))


def _called(entrypoint: str, folder: Path, rows: pd.DataFrame, where: str) -> Any:
    with code_of(folder):
        function: Callable[[pd.DataFrame], Any] = load_function(entrypoint, folder)
        try:
            return function(rows)
        except LoopwrightError:
            raise
        except Exception as error:  # noqa: BLE001 - raised again, in words that may be repeated
            raise raised_by(entrypoint, f"{where} ({len(rows)} rows)", folder, error) from cause(error, folder)


def _require_columns(wanted: list[str], rows: pd.DataFrame, where: str) -> None:
    missing = [name for name in wanted if name not in rows]
    if missing:
        raise DeclarationError(
            "The rows do not have a declared column.",
            where=where,
            got=shown_names(missing),
            allowed=shown_names([str(name) for name in rows.columns]),
            mend="Correct the name, or see whether the source still sends it.",
        )


def _require_rows(made: pd.DataFrame | pd.Series, n: int, entrypoint: str, where: str) -> None:
    """Refuse what has another length, or an index that says the rows were sorted, filtered or merged."""
    if len(made) != n:
        raise UserCodeFailed(
            f"{entrypoint} returned another number of rows than it was given.",
            where=where,
            got=f"{len(made)} rows",
            allowed=f"{n} rows",
            mend="Give a row for each row: leave rows out in the dataset's cleaning, and labels out as missing.",
        )
    if not made.index.equals(pd.RangeIndex(n)):
        raise UserCodeFailed(
            f"{entrypoint} returned the rows in another order, or under another index.",
            where=where,
            mend="Keep the index you are given: .sort_index() undoes a sort; merge with how='left' and then "
            "set_index to the one before.",
        )
