"""The estimator: boosted trees, which take the codes as codes and a new airport as missing."""

from __future__ import annotations

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OrdinalEncoder

CODES = ["carrier", "origin", "dest"]


def build(random_state: int = 0, **params: float) -> Pipeline:
    """Return an unfitted estimator.

    :param random_state: Loopwright passes the declared seed.
    :param params: as declared under ``train.params``, for the boosted trees.
    """
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    trees = HistGradientBoostingClassifier(
        categorical_features=list(range(len(CODES))), random_state=random_state, **params
    )
    return make_pipeline(make_column_transformer((codes, CODES), remainder="passthrough"), trees)
