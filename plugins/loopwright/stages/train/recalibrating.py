"""Recalibration: what a classifier says, brought to what happens, on the newest rows, which it did not learn from.

Sources: Platt (1999) for the sigmoid, Zadrozny & Elkan (2002) for isotonic regression; scikit-learn's own are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from loopwright.errors import UserCodeFailed

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.declaration.model import Recalibrate
    from loopwright.evaluation.predicted import Array


def older_rows(declared: Recalibrate | None, labels: Array) -> Array:
    """Return which rows the estimator itself learns from, as a mask: all, but for the newest where it is recalibrated.

    :param declared: the step, if there is one.
    :param labels: of the training rows, oldest first.
    """
    older = np.ones(len(labels), dtype=bool)
    if declared is not None:
        older[int(len(labels) * (1 - declared.share)) :] = False
    return older


def recalibrated(declared: Recalibrate, estimator: Any, features: pd.DataFrame, labels: Array, where: str) -> Any:
    """Return a fitted estimator whose probabilities keep their word better; its ranking stays all but the same.

    :param declared: the step.
    :param estimator: fitted, with ``predict_proba``.
    :param features: of the newest rows.
    :param labels: of these rows.
    :param where: for errors.
    :raises UserCodeFailed: if the rows hold too little to calibrate on, or the estimator gives no probabilities.
    """
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator

    known = set(np.unique(labels).tolist())
    if not hasattr(estimator, "predict_proba") or set(np.asarray(estimator.classes_).tolist()) != known:
        raise UserCodeFailed(
            "The estimator cannot be recalibrated.",
            where=f"{where}, train.recalibrate",
            got=f"{type(estimator).__name__}, {len(labels)} newest rows with {len(known)} classes",
            allowed="an estimator with predict_proba, and newest rows that hold every class",
            mend="Raise train.recalibrate.share, or leave the step out.",
        )
    return CalibratedClassifierCV(FrozenEstimator(estimator), method=declared.method).fit(features, labels)
