"""What each feature is worth to a model: what it loses when the feature's values are shuffled, with bounds.

Source: Breiman (2001); Fisher, Rudin & Dominici (2019). The loss is a paired difference on the same rows, averaged over
shuffles, so its error follows from the influence of each row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from loopwright.evaluation.metrics import gain, prepared
from loopwright.verdict import Check, Outcome

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.evaluation.predicted import Array, Predicted

CELLS = 2_000_000
"""Cells of shuffled copies answered at once."""


@dataclass(frozen=True)
class Worth:
    """What a feature is worth.

    :param feature: its name.
    :param lost: of the primary metric when it is shuffled; positive where it helps.
    :param low: at least so much is lost, at the confidence asked for.
    :param high: at the most.
    """

    feature: str
    lost: float
    low: float
    high: float

    @property
    def helps(self) -> bool:
        """Whether it surely brings anything."""
        return self.low > 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


def importance(
    metric: str,
    truth: Array,
    features: pd.DataFrame,
    answer: Callable[[pd.DataFrame], Predicted],
    *,
    repeats: int = 3,
    confidence: float = 0.95,
    seed: int = 0,
) -> list[Worth]:
    """Return what each feature is worth, the most valuable first.

    :param metric: the primary metric's name.
    :param truth: the labels.
    :param features: of the same rows.
    :param answer: the model, from features to answers.
    :param repeats: shuffles of each feature.
    :param confidence: one-sided, of each bound.
    :param seed: of the shuffling.
    """
    n, names = len(features), [str(name) for name in features.columns]
    whole = prepared(metric, truth, answer(features))
    point, pushes = float(whole(np.ones((1, n)))[0]), whole.influence()
    block = max(1, CELLS // max(n * len(names) * repeats, 1))
    found: list[Worth] = []
    rng = np.random.default_rng(seed)
    for start in range(0, len(names), block):
        some = names[start : start + block]
        shuffled = _shuffled(features, some, repeats, rng)
        answers = answer(shuffled)
        for number, name in enumerate(some):
            copies = [answers.take(_rows(n, number * repeats + turn)) for turn in range(repeats)]
            found.append(_worth(metric, name, truth, copies, point, pushes, confidence))
    return sorted(found, key=lambda worth: -worth.lost)


def importance_check(found: Sequence[Worth], metric: str, n: int) -> Check:
    """Name the features that bring nothing; nobody is refused for them.

    :param found: as :func:`importance` gave it.
    :param metric: the primary metric's name.
    :param n: rows it was measured on.
    """
    idle = [worth.feature for worth in found if not worth.helps]
    best = ", ".join(f"{w.feature} ({w.lost:.3g})" for w in found[:3])
    observed = [worth.to_dict() for worth in found[:100]]
    if not idle:
        why = f"every feature brings something; most do {best}, in {metric}"
        return Check("importance", Outcome.PASS, why, observed, n=n, required=False)
    more = f" and {len(idle) - 8} more" if len(idle) > 8 else ""
    why = f"{len(idle)} of {len(found)} features bring nothing that shows on {n} rows: {', '.join(idle[:8])}{more}"
    return Check("importance", Outcome.INCONCLUSIVE, f"{why}; most do {best}", observed, n=n, required=False)


def _worth(
    metric: str, name: str, truth: Array, copies: Sequence[Predicted], point: float, pushes: Array, confidence: float
) -> Worth:
    n = len(truth)
    measured = [prepared(metric, truth, copy) for copy in copies]
    values = np.array([float(m(np.ones((1, n)))[0]) for m in measured])
    lost = float(gain(metric, point - values.mean()))
    paired = gain(metric, pushes - np.mean([m.influence() for m in measured], axis=0))
    turns = float(values.var(ddof=1)) / len(values) if len(values) > 1 else 0.0
    error = math.sqrt(float((paired**2).sum()) / n**2 + turns)
    reach = NormalDist().inv_cdf(confidence) * error
    return Worth(name, lost, lost - reach, lost + reach)


def _shuffled(features: pd.DataFrame, names: Sequence[str], repeats: int, rng: np.random.Generator) -> pd.DataFrame:
    import pandas as pd

    copies = []
    for name in names:
        for _ in range(repeats):
            order = rng.permutation(len(features))
            copies.append(features.assign(**{name: features[name].array[order]}))
    return pd.concat(copies, ignore_index=True)


def _rows(n: int, number: int) -> Array:
    return np.arange(number * n, (number + 1) * n)
