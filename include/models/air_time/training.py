"""The estimator: a regularised line over distance and places. What it cannot know is the jet stream."""

from __future__ import annotations

from sklearn.compose import make_column_transformer
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

CODES = ["carrier", "origin", "dest"]
NUMBERS = ["distance", "departs"]


def build(alpha: float = 1.0) -> Pipeline:
    """Return an unfitted estimator.

    :param alpha: how strongly the coefficients are held back.
    """
    codes = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=20)
    return make_pipeline(make_column_transformer((codes, CODES), (StandardScaler(), NUMBERS)), Ridge(alpha=alpha))
