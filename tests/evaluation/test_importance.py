"""What features are worth: nothing where there is nothing, and as much as the model would lose."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression

from loopwright.evaluation import Predicted
from loopwright.evaluation.importance import importance, importance_check
from loopwright.verdict import Outcome


@pytest.fixture(scope="module")
def fitted() -> tuple[pd.DataFrame, np.ndarray, LinearRegression]:
    rng = np.random.default_rng(0)
    features = pd.DataFrame(rng.normal(0, 1, (800, 3)), columns=["much", "little", "none"])
    truth = 3 * features["much"].to_numpy() + 0.6 * features["little"].to_numpy() + rng.normal(0, 1, 800)
    return features, truth, LinearRegression().fit(features, truth)


def test_it_is_scikit_learns_permutation_importance(fitted) -> None:
    features, truth, model = fitted
    found = {
        w.feature: w.lost
        for w in importance(
            "mean_absolute_error", truth, features, lambda f: Predicted(model.predict(f)), repeats=30, seed=1
        )
    }
    theirs = permutation_importance(
        model, features, truth, scoring="neg_mean_absolute_error", n_repeats=30, random_state=2
    ).importances_mean
    assert [found[name] for name in features] == pytest.approx(list(theirs), abs=0.04)


def test_a_feature_that_brings_nothing_is_named(fitted) -> None:
    features, truth, model = fitted
    found = importance("mean_absolute_error", truth, features, lambda f: Predicted(model.predict(f)))
    assert [w.feature for w in found][:2] == ["much", "little"]
    assert [w.helps for w in found] == [True, True, False]
    check = importance_check(found, "mean_absolute_error", 800)
    assert check.outcome is Outcome.INCONCLUSIVE
    assert not check.required
    assert "1 of 3 features bring nothing that shows on 800 rows: none" in check.why


def test_copies_are_answered_in_blocks_of_bounded_size(fitted, monkeypatch) -> None:
    features, truth, model = fitted
    asked: list[int] = []

    def answer(frame: pd.DataFrame) -> Predicted:
        asked.append(len(frame))
        return Predicted(model.predict(frame))

    whole = importance("mean_absolute_error", truth, features, answer)
    monkeypatch.setattr("loopwright.evaluation.importance.CELLS", 1)
    asked.clear()
    assert importance("mean_absolute_error", truth, features, answer) == whole
    assert max(asked) == 3 * 800
