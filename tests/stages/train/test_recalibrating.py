"""Recalibration: bold probabilities keep their word afterwards, and the order of the rows stays."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from loopwright.errors import UserCodeFailed
from loopwright.serving import load_version
from support.toy import rides

BOLD = """
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression


class Bold(ClassifierMixin, BaseEstimator):
    def fit(self, features, labels):
        self.inner_ = LogisticRegression(max_iter=500).fit(features, labels)
        self.classes_ = self.inner_.classes_
        return self

    def predict_proba(self, features):
        score = 1 / (1 + np.exp(-6 * self.inner_.decision_function(features)))
        return np.column_stack([1 - score, score])

    def predict(self, features):
        return self.classes_[self.predict_proba(features).argmax(axis=1)]


def build():
    return Bold()
"""


def fitted(trained):
    training_id = trained.decide(force=True).training_id
    trained.fit(training_id)
    return load_version(trained.workspace, trained.state.training(training_id))


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_a_bold_model_keeps_its_word_afterwards_and_its_order(tips, method) -> None:
    (tips.folder / "training.py").write_text(BOLD)
    tips.publish(1, 2)
    before = fitted(tips)
    tips.edit("model.yaml", "seed: 7", f"seed: 7, recalibrate: {{method: {method}}}")
    after = fitted(tips)
    holdout = rides(2)
    truth = holdout["tip"] > 0.2 * holdout["fare"]
    bold, mended = (model.predict(holdout)["score"] for model in (before, after))
    assert log_loss(truth, mended) < log_loss(truth, bold) - 0.1
    assert roc_auc_score(truth, mended) == pytest.approx(roc_auc_score(truth, bold), abs=0.02)
    assert np.isfinite(mended).all()


def test_too_little_to_calibrate_on_says_so(tips) -> None:
    tips.edit("model.yaml", "seed: 7", "seed: 7, recalibrate: {share: 0.0004}")
    tips.publish(1, 2)
    with pytest.raises(UserCodeFailed, match="cannot be recalibrated"):
        fitted(tips)
