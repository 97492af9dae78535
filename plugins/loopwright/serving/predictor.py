"""A loaded model, ready to answer: features by its own copy of the code, answers by its estimator."""

from __future__ import annotations

import weakref
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from loopwright.declaration.code import code_of, raised_by
from loopwright.declaration.quoting import UNSAID, cause, copied, forgotten, quotable
from loopwright.errors import DeclarationError, LoopwrightError, UserCodeFailed
from loopwright.evaluation.predicted import Predicted
from loopwright.serving.rows import features_by
from loopwright.serving.served import CODE, MissingFeatures, answered, conformed

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from loopwright.evaluation.predicted import Array

CANNOT_ANSWER = (UserCodeFailed, DeclarationError)
"""What a model's own code may raise: a finding about the model, and no accident."""


class Predictor:
    """A model that answers for raw rows.

    ``code`` is its private copy of the model's folder: what was trained with, whatever the project holds now.

    :param estimator: the unpickled estimator.
    :param card: what the training saw.
    :param folder: the private copy of the artifact's ``data/model``.
    :param digest: of the artifact.
    :param keep: what holds the copy; it goes when the predictor does.
    :param original: the model's folder in the project, whose dataset says whether its code's words may be repeated.
    """

    def __init__(
        self,
        estimator: Any,
        card: Mapping[str, Any],
        folder: Path,
        digest: str,
        keep: TemporaryDirectory[str],
        original: Path | None = None,
    ) -> None:
        self.estimator = estimator
        self.card = dict(card)
        self.digest = digest
        self.code = folder / CODE
        self._where = f"model {self.card['model']}, artifact {digest[:12]}"
        self._gone = weakref.finalize(self, keep.cleanup)
        if original is not None:
            copied(self.code, original)
            weakref.finalize(self, forgotten, self.code.resolve())

    def features(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return what the estimator sees of raw rows, indexed as these are.

        :param frame: rows of the dataset.
        :raises UserCodeFailed: if the feature code raises, or makes fewer columns than in the training.
        """
        try:
            return conformed(self.made(frame), self.card)
        except MissingFeatures as error:
            raise UserCodeFailed(
                "The feature code made fewer columns than it did for the training.",
                where=self._where,
                got=f"without {error}" if quotable(self.code) else UNSAID,
                mend="Make the same columns of any rows: encode categories in the estimator, not by get_dummies.",
            ) from cause(error, self.code)

    def made(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return what the feature code makes of raw rows, not yet brought to the training's columns and types.

        What the estimator never sees is still there: a column that was empty in the training and is not now.

        :param frame: rows of the dataset.
        :raises UserCodeFailed: if the feature code raises.
        """
        return features_by(self.card["features"], self.code, frame, self._where)

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the answers for raw rows, indexed as these are.

        :param frame: rows of the dataset.
        :return: ``prediction``; for two classes also ``score``, the probability of the positive one; for more,
            ``score_<class>`` of each.
        :raises UserCodeFailed: if the feature code or the estimator raises.
        """
        return self.answers(self.features(frame))

    def answers(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return the answers for features as :meth:`features` gives them; else as :meth:`predict`.

        :param features: conformed features.
        """
        with code_of(self.code):
            return answers_by(self.estimator, features, self.card, self.code, self._where)

    def predicted(self, frame: pd.DataFrame) -> Predicted:
        """Return the answers for raw rows as arrays, for metrics.

        :param frame: rows of the dataset.
        """
        return self.as_arrays(self.predict(frame))

    def as_arrays(self, answers: pd.DataFrame) -> Predicted:
        """Return answers that :meth:`predict` gave as arrays.

        :param answers: also as read back from the lake.
        """
        return arrays_of(answers, self.card["classes"])


def answers_by(
    estimator: Any, features: pd.DataFrame, card: Mapping[str, Any], folder: Path, where: str
) -> pd.DataFrame:
    """Return an estimator's answers for conformed features. Call it inside :func:`code_of`.

    :param card: what the training saw.
    :param folder: the folder of its code.
    :param where: for errors.
    :raises UserCodeFailed: if the estimator raises.
    """
    try:
        return answered(estimator, features, card)
    except LoopwrightError:
        raise
    except Exception as error:  # noqa: BLE001 - raised again, in words that may be repeated
        mend = "Does it take missing values and categories it has not met?"
        asked = f"{where} ({len(features)} rows)"
        raise raised_by("The estimator", asked, folder, error, mend=mend) from cause(error, folder)


def arrays_of(answers: pd.DataFrame, classes: list[Any]) -> Predicted:
    """Return answers as arrays.

    :param answers: ``prediction`` and scores.
    :param classes: in the order of the scores; none for regression.
    """
    label = np.asarray(answers["prediction"])
    score: Array | None = None
    if "score" in answers:
        score = answers["score"].to_numpy(dtype=float)
    elif classes and all(f"score_{name}" in answers for name in classes):
        score = answers[[f"score_{name}" for name in classes]].to_numpy(dtype=float)
    return Predicted(label, score, tuple(classes))
