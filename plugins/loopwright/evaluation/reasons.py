"""Why a row got its answer: each feature's Shapley value, by sampling, for any model and any kind of feature.

A row is turned, one feature after the other in a random order, from a row of the background into itself; what the
answer moves at each step is that feature's, averaged over orders and backgrounds. The values of a row add up to its
answer less the background's mean, which is the same for every row: all are turned from the same few rows, evenly spaced
in the order of their answers. Orders go forth and back, which halves the noise. Sources: Štrumbelj & Kononenko
(2014); Lundberg & Lee (2017); Mitchell et al. (2022) for the antithetic orders.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.evaluation.predicted import Array

CELLS = 4_000_000
"""Cells of turned rows answered at once."""


def shapley_values(
    features: pd.DataFrame,
    background: pd.DataFrame,
    answer: Callable[[pd.DataFrame], Array],
    *,
    samples: int = 16,
    seed: int = 0,
) -> Array:
    """Return what each feature did to each row's answer.

    :param features: the rows, ``(n, d)``.
    :param background: rows to compare with, of the same columns and types.
    :param answer: from rows to a number each.
    :param samples: orders for each row; rounded up to an even number.
    :param seed: of the orders.
    :return: shape ``(n, d)``.
    """
    import pandas as pd

    n, d = features.shape
    pairs = max(1, (samples + 1) // 2)
    rng = np.random.default_rng(seed)
    every = pd.concat([features, background], ignore_index=True)
    ranked = np.argsort(np.asarray(answer(background), dtype=float), kind="stable")
    bases = n + ranked[((np.arange(pairs) + 0.5) / pairs * len(background)).astype(int)]
    values = np.zeros((n, d))
    block = max(1, CELLS // (2 * pairs * (d + 1) * d))
    for start in range(0, n, block):
        rows = np.arange(start, min(start + block, n))
        place = np.stack([rng.permuted(np.arange(d)) for _ in range(len(rows) * pairs)])
        place = np.concatenate([place, d - 1 - place])  # each order, and the same one backwards
        row = np.tile(np.repeat(rows, pairs), 2)
        other = np.tile(bases, 2 * len(rows))
        moved = _moved(every, row, other, place, answer)
        for number in range(d):
            values[rows, number] = np.bincount(row - start, moved[:, number], minlength=len(rows)) / (2 * pairs)
    return values


def told(features: pd.DataFrame, values: Array, top: int, unshown: Collection[str] = ()) -> list[list[dict[str, Any]]]:
    """Return the features that did most, a row's after the other's: ``feature``, ``value`` and ``effect``.

    :param features: the rows.
    :param values: as :func:`shapley_values` gave them.
    :param top: how many for each row.
    :param unshown: features about people, of which no value is told.
    """
    names = [str(name) for name in features.columns]
    order = np.argsort(-np.abs(values), axis=1, kind="stable")[:, :top]
    plain = {
        name: ["(sensitive)"] * len(features) if str(name) in unshown else features[name].tolist() for name in features
    }
    columns: Sequence[list[Any]] = [plain[name] for name in features]
    return [
        [
            {"feature": names[k], "value": _plain(columns[k][row]), "effect": float(f"{values[row, k]:.6g}")}
            for k in order[row]
        ]
        for row in range(len(features))
    ]


def _moved(
    every: pd.DataFrame, row: Array, other: Array, place: Array, answer: Callable[[pd.DataFrame], Array]
) -> Array:
    """Return how far each feature's step moved the answer, shape ``(orders, d)``."""
    orders, d = place.shape
    steps = np.arange(d + 1)
    turned = {}
    for number, name in enumerate(every.columns):
        own = steps[None, :] > place[:, [number]]  # from the step after its place on, it is the row's own
        chosen = np.where(own, row[:, None], other[:, None]).ravel()
        turned[name] = every[name].array.take(chosen)
    said = np.asarray(answer(type(every)(turned)), dtype=float).reshape(orders, d + 1)
    gained = np.diff(said, axis=1)
    found: Array = np.take_along_axis(gained, place, axis=1)
    return found


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; text where it has none."""
    if value is None or value != value:
        return None
    return value if isinstance(value, (bool, int, float, str)) else str(value)
