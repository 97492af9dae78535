"""What a model answered for some rows, as the arrays that metrics are computed from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
ROUNDING = 1e-3
"""How far probabilities may be off: what half precision and rounded answers lose."""


@dataclass(frozen=True)
class Predicted:
    """Answers, row by row.

    :param label: the predicted class or value, shape ``(n,)``.
    :param score: probabilities: of the positive class, shape ``(n,)``, when the task is binary; of each class, shape
        ``(n, classes)``, when there are more; ``None`` for regression, and for a classifier that gives none.
    :param classes: the classes in the order of the scores; the last of two is the positive one.
    """

    label: Array
    score: Array | None = None
    classes: tuple[Any, ...] = ()

    def __len__(self) -> int:
        return len(self.label)

    def take(self, rows: Array) -> Predicted:
        """Return the answers of some rows.

        :param rows: a mask or row numbers.
        """
        score = None if self.score is None else self.score[rows]
        return Predicted(self.label[rows], score, self.classes)

    @property
    def unusable(self) -> int:
        """How many rows have no finite answer, or scores that are no probabilities."""
        usable = _finite(self.label)
        if self.score is not None:
            usable &= _probable(self.score)
        return int((~usable).sum())

    @property
    def constant(self) -> bool:
        """Whether every row got the same answer (by its score where there is one)."""
        answers = self.label if self.score is None else self.score
        return len(self) > 0 and bool((answers == answers[0]).all())


def _probable(score: Array) -> npt.NDArray[np.bool_]:
    """Tell rows whose scores are probabilities: from 0 to 1 and, of several classes, 1 together."""
    values = np.where(_finite(score), score, np.nan).astype(float)
    within = (values >= -ROUNDING) & (values <= 1 + ROUNDING)
    if values.ndim == 1:
        return within
    together: npt.NDArray[np.bool_] = within.all(axis=1) & (np.abs(values.sum(axis=1) - 1) <= ROUNDING)
    return together


def _finite(values: Array) -> npt.NDArray[np.bool_]:
    """Tell usable values from NaN, infinity and ``None``; text is usable."""
    if values.dtype.kind in "fc":
        return np.isfinite(values)
    if values.dtype.kind == "O":
        return np.array([v is not None and v == v and v not in (np.inf, -np.inf) for v in values.ravel()]).reshape(
            values.shape
        )
    return np.ones(values.shape, dtype=bool)
