"""Which answers count as usable."""

from __future__ import annotations

import numpy as np
import pytest

from loopwright.evaluation import Predicted


@pytest.mark.parametrize(
    ("score", "unusable"),
    [
        ([0.0, 0.4, 1.0], 0),
        ([-0.2, 0.4, 1.7], 2),
        ([np.nan, 0.4, np.inf], 2),
        ([[0.2, 0.3, 0.5], [0.2, 0.3, 0.6], [-0.5, 0.5, 1.0]], 2),
        (np.float32([[1 / 3, 1 / 3, 1 / 3]] * 3), 0),
    ],
)
def test_scores_that_are_no_probabilities_are_unusable(score, unusable) -> None:
    assert Predicted(np.array([0, 1, 1]), np.asarray(score)).unusable == unusable
