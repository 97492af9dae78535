"""The simple model that a candidate is asked to beat: linear, on the same features, fitted without a choice to make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from loopwright.evaluation.predicted import Predicted

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.stages.train.snapshot import Learnable

ROWS = 50_000
"""Rows learned from at the most: a linear model learns little from more."""
_CATEGORIES = 50


def linear(task: str, rows: Learnable, features: pd.DataFrame, seed: int) -> Predicted:
    """Return a linear model's answers: ridge or logistic regression, missing values filled, categories one-hot.

    :param task: as declared.
    :param rows: to learn from.
    :param features: of the rows to answer for.
    :param seed: of the sample.
    """
    import pandas as pd
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    n = len(rows.labels)
    chosen = np.sort(np.random.default_rng(seed).choice(n, min(n, ROWS), replace=False))
    learned, asked = _plain(rows.features.iloc[chosen]), _plain(features)
    usable = [name for name in learned if learned[name].notna().any()]
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    names = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=_CATEGORIES)
    parts = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")), (names, make_column_selector(dtype_include=object))
    )
    model: Any = make_pipeline(parts, Ridge() if task == "regression" else LogisticRegression(max_iter=300))
    model.fit(learned[usable], rows.labels[chosen])
    answered = asked.reindex(columns=usable)
    if task == "regression":
        return Predicted(np.asarray(model.predict(answered), dtype=float))
    score = model.predict_proba(answered)
    classes = tuple(model.classes_.tolist())
    label = np.asarray(pd.Series(classes, dtype=object).iloc[score.argmax(axis=1)].infer_objects())
    return Predicted(label, score[:, 1] if len(classes) == 2 else score, classes)


def _plain(features: pd.DataFrame) -> pd.DataFrame:
    """Return features as floats and text: what a linear model of any team's features can be made of."""
    import pandas as pd

    plain = {}
    for name in features:
        column = features[name]
        if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
            plain[name] = column.astype("float64").replace([np.inf, -np.inf], np.nan)
        elif pd.api.types.is_datetime64_any_dtype(column):
            plain[name] = pd.to_numeric(column).astype("float64")
        else:
            plain[name] = column.astype(object).where(column.notna(), "missing").astype(str).astype(object)
    return pd.DataFrame(plain, index=features.index)
