"""A team's own metric: a cost or a value of each answer, and how far apart such numbers may be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from loopwright.errors import UserCodeFailed
from loopwright.evaluation import sums
from loopwright.evaluation.predicted import Predicted

if TYPE_CHECKING:
    from loopwright.evaluation.predicted import Array

_CLASSES = 20
"""Of many classes so many are tried for what an answer may cost."""


@dataclass(frozen=True)
class Own(sums.Mean):
    """The mean of what a team's own function says of each row: often few numbers, and the dear ones rare.

    :param tried: what it says of the same rows under other answers.
    """

    tried: Callable[[], Iterator[Array]]

    @cached_property
    def span(self) -> tuple[float, float]:
        """The least and the greatest number that a row may have: of these answers, and of each class for every row."""
        seen = [self.values, *self.tried()]
        return min(float(one.min()) for one in seen), max(float(one.max()) for one in seen)


def own(name: str, function: Callable[..., Any], truth: Array, predicted: Predicted) -> Own:
    """Return a team's own metric over fixed rows.

    :param name: as declared.
    :param function: of ``truth``, ``prediction`` and ``score``.
    :param truth: the true classes or values.
    :param predicted: the answers for the same rows.
    :raises UserCodeFailed: if it gives no finite number for each row.
    """

    def tried() -> Iterator[Array]:
        for other in _constant(predicted):
            try:
                with np.errstate(all="ignore"):
                    yield _by_row(name, function, truth, other)
            except UserCodeFailed:  # not an answer that the function knows
                continue

    values = _by_row(name, function, truth, predicted)
    inner = sums.mean(values)
    return Own(inner.contributions, inner.finish, values, tried)


def _constant(predicted: Predicted) -> Iterator[Predicted]:
    """Yield each class as the answer for every row, and surely; nothing of a value."""
    n, classes = len(predicted), predicted.classes[-_CLASSES:]
    for number, one in enumerate(classes):
        label, score = np.full(n, one), predicted.score
        if score is not None and score.ndim == 1:
            score = np.full(n, float(number == len(classes) - 1))
        elif score is not None:
            score = np.tile(np.asarray(predicted.classes) == one, (n, 1)).astype(float)
        yield Predicted(label, score, predicted.classes)


def _by_row(name: str, function: Callable[..., Any], truth: Array, predicted: Predicted) -> Array:
    values = np.asarray(function(truth=truth, prediction=predicted.label, score=predicted.score), dtype=float)
    if values.shape != truth.shape or not np.isfinite(values).all():
        raise UserCodeFailed(
            f"The metric {name!r} did not return a finite number for each row.",
            got=f"shape {values.shape}, {int((~np.isfinite(values)).sum())} not finite",
            allowed=f"an array of {len(truth)} numbers; their mean is the metric",
        )
    return values
