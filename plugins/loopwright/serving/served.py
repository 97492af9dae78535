"""What every artifact carries: how to turn raw rows into answers with no more than pandas and the model's own files.

This file is copied into each artifact, so it imports nothing of this package. ``mlflow.pyfunc.load_model`` calls
``_load_pyfunc``; the loop itself uses the same functions behind its own checks, so both give the same answers.
"""

from __future__ import annotations

import importlib
import json
import pickle
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

RESERVED = ("_batch_id", "_row", "_role", "_untyped")
JOINED = "_label/"
"""The lake's own columns: no model sees them."""
CARD, ESTIMATOR, CODE = "card.json", "estimator.pkl", "code"

Card = Mapping[str, Any]
"""What ``card.json`` says: ``task``, ``features``, ``columns``, ``categories``, ``empty``, ``classes``."""

_TEXT = ("str", "string", "category")


class MissingFeatures(ValueError):
    """The feature code made fewer columns for these rows than for those the model was trained on."""


def raw_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Return rows as they are scored: without the lake's own columns and labels, indexed from 0, anyone's to change."""
    ours = [name for name in frame if name in RESERVED or str(name).startswith(JOINED)]
    return frame.drop(columns=ours).reset_index(drop=True)


def conformed(features: pd.DataFrame, card: Card) -> pd.DataFrame:
    """Bring features to the columns, order and types of the training.

    A column that was empty in the training is one constant then and now, whatever it brings: the model learned
    nothing about it, and many estimators refuse a column of nothing but missing values. A column that is empty only
    now gets the training's type, since an empty column has none of its own. Categories are
    those of the training; a new one is missing. Columns that the training did not have are left out.

    :param features: what the feature code made.
    :param card: what the training saw.
    :raises MissingFeatures: if a column is absent.
    """
    missing = [name for name in card["columns"] if name not in features]
    if missing:
        raise MissingFeatures(", ".join(missing))
    return pd.DataFrame(
        {name: _conformed_column(features[name], name, card) for name in card["columns"]}, index=features.index
    )


def _conformed_column(column: pd.Series, name: str, card: Card) -> pd.Series:
    if name in card["empty"]:
        kind = card["columns"][name]
        constant = pd.Series("" if kind in _TEXT else 0.0, index=column.index)
        return constant.astype("category") if kind == "category" else constant
    if name in card["categories"]:
        kind = pd.CategoricalDtype(card["categories"][name])
        return pd.Series(pd.Categorical(column, dtype=kind), index=column.index)
    trained = card["columns"][name]
    if trained != str(column.dtype) and column.isna().all():
        whole = trained.startswith(("int", "uint", "bool"))
        return pd.Series(None, index=column.index, dtype="float64" if whole else trained)
    return column


def answered(estimator: Any, features: pd.DataFrame, card: Card) -> pd.DataFrame:
    """Ask the estimator.

    :param estimator: anything with ``predict``, and for probabilities ``predict_proba``.
    :param features: conformed features.
    :param card: what the training saw.
    :return: ``prediction``, truth values as 0 and 1; for two classes also ``score``, the probability of the second;
        for more, ``score_<class>`` of each.
    """
    classes = card["classes"]
    if features.empty:
        prediction = np.asarray(classes)[:0] if classes else np.empty(0)
        scores: np.ndarray | None = np.empty((0, len(classes))) if classes else None
    else:
        prediction = np.asarray(estimator.predict(features)).reshape(len(features))
        scores = _scores(estimator, features, classes)
    answers = pd.DataFrame({"prediction": _plain(prediction, classes)}, index=features.index)
    if scores is not None and len(classes) == 2:
        answers["score"] = scores[:, 1]
    elif scores is not None:
        answers[[f"score_{name}" for name in classes]] = scores
    return answers


def _plain(prediction: np.ndarray, classes: list[Any]) -> np.ndarray:
    """Return predictions in the one type of their kind, whatever the width or the class that the labels came in.

    Labels of 0 and 1 may become truth values and back, from one version to the next: all versions' predictions are
    kept in one table, and compared with each other.
    """
    kind = prediction.dtype.kind
    if kind == "b" or (kind == "O" and pd.api.types.infer_dtype(prediction, skipna=False) == "boolean"):
        return prediction.astype("int64")
    if kind in "iuf":
        return prediction.astype("int64" if classes and kind != "f" else "float64")
    return prediction


def _scores(estimator: Any, features: pd.DataFrame, classes: list[Any]) -> np.ndarray | None:
    """Return probabilities in the order of ``classes``; a class that the estimator never met has none."""
    if not classes or not hasattr(estimator, "predict_proba"):
        return None
    given = np.asarray(estimator.predict_proba(features), dtype=float)
    if given.ndim == 1:
        return np.column_stack([1 - given, given])
    known = np.asarray(getattr(estimator, "classes_", classes)).tolist()
    scores = np.zeros((len(features), len(classes)))
    for position, name in enumerate(known):
        scores[:, classes.index(name)] = given[:, position]
    return scores


class Served:
    """A model as MLflow serves it: raw rows in, answers out.

    :param folder: the artifact's ``data/model``.
    """

    def __init__(self, folder: Path) -> None:
        self._code = folder / CODE
        self._card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        with _importable(self._code):
            self._estimator = pickle.loads((folder / ESTIMATOR).read_bytes())  # noqa: S301 - it is what MLflow asks for

    def predict(self, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:  # noqa: ARG002 - MLflow's signature
        """Return the answers for raw rows.

        :param model_input: rows of the dataset.
        :param params: not used.
        """
        with _importable(self._code):
            features = self._features(raw_rows(model_input))
            answers = answered(self._estimator, conformed(features, self._card), self._card)
        return answers.set_axis(model_input.index)

    def _features(self, rows: pd.DataFrame) -> pd.DataFrame:
        declared = self._card["features"]
        if not isinstance(declared, str):
            chosen: pd.DataFrame = rows[declared]
            return chosen
        module, _, function = declared.partition(":")
        made: pd.DataFrame = getattr(importlib.import_module(module), function)(rows)
        return made


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Make the model's own modules importable for a while, so that two models' ``features`` never meet."""
    own = {path.stem for path in folder.glob("*.py")} | {path.parent.name for path in folder.glob("*/__init__.py")}
    shadowed = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] in own}
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] in own]:
            del sys.modules[name]
        sys.modules.update(shadowed)


def _load_pyfunc(path: str) -> Served:
    """Return the model of an artifact; MLflow's entry."""
    return Served(Path(path))
