"""Laws of two models that answer for the same rows, of which the truth is known; what `gate.py` draws from.

As candidate, the weaker one is worse by exactly the margin. With ``near`` at 0 they are two models of one quality.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import integrate, special, stats

from loopwright.evaluation import Predicted

GROUP = 10
"""Rows of a group, where rows come in groups."""

Drawn = tuple[np.ndarray, Predicted, Predicted]


@dataclass(frozen=True)
class Law:
    """Rows with a weaker and a stronger model, and what is true of them.

    :param metric: what is measured.
    :param draw: from a generator and ``n`` to truth, weaker and stronger answers.
    :param weaker: the weaker model's true value.
    :param stronger: the stronger model's.
    :param grouped: whether the rows come in groups of :data:`GROUP` that depend on each other.
    """

    metric: str
    draw: Callable[[np.random.Generator, int], Drawn]
    weaker: float
    stronger: float
    grouped: bool = False

    @property
    def margin(self) -> float:
        return abs(self.stronger - self.weaker)


def _binary(score: np.ndarray) -> Predicted:
    return Predicted((score > 0.5).astype(int), score, (0, 1))


def _accuracy(near: float) -> Law:
    right_of = 0.85 - 0.01 * near, 0.85

    def draw(rng: np.random.Generator, n: int) -> Drawn:
        truth, luck, both = rng.integers(0, 2, n), rng.random(n), rng.random(n)
        right = luck < 0.85
        weaker = np.where(both < 0.7, right & (rng.random(n) < right_of[0] / 0.85), rng.random(n) < right_of[0])
        return truth, *(Predicted(np.where(r, truth, 1 - truth), None, (0, 1)) for r in (weaker, right))

    return Law("accuracy", draw, *right_of)


def _roc_auc(near: float, share: float = 0.3) -> Law:
    strengths = 1.2 - 0.09 * near, 1.2

    def draw(rng: np.random.Generator, n: int) -> Drawn:
        truth = (rng.random(n) < share).astype(int)
        shared = rng.normal(0, math.sqrt(0.8), n)
        noisy = (s * truth + shared + rng.normal(0, math.sqrt(0.2), n) for s in strengths)
        return truth, *(_binary(special.expit(score)) for score in noisy)

    return Law("roc_auc", draw, *(float(stats.norm.cdf(s / math.sqrt(2))) for s in strengths))


def _log_loss(near: float) -> Law:
    """Logits known up to noise, and answered too boldly by the weaker model: a heavy tail."""
    noise, boldness = 0.5, (1.0 + 0.13 * near, 1.0)

    def draw(rng: np.random.Generator, n: int) -> Drawn:
        logit = rng.normal(0, 1.5, n)
        truth = (rng.random(n) < special.expit(logit)).astype(int)
        known = [logit + rng.normal(0, noise, n)] * 2
        if not near:  # of one quality, and not one model
            known[0] = logit + rng.normal(0, noise, n)
        return truth, *(_binary(special.expit(bold * k)) for bold, k in zip(boldness, known, strict=True))

    def true_loss(bold: float) -> float:
        at, weight = np.polynomial.hermite_e.hermegauss(120)
        logit, known = 1.5 * at[:, None], 1.5 * at[:, None] + noise * at[None, :]
        share = special.expit(logit)
        loss = share * np.logaddexp(0, -bold * known) + (1 - share) * np.logaddexp(0, bold * known)
        both = np.outer(weight, weight)
        return float((both * loss).sum() / both.sum())

    return Law("log_loss", draw, *(true_loss(bold) for bold in boldness))


def _absolute_error(near: float) -> Law:
    scales = 1.0 + 0.045 * near, 1.0

    def draw(rng: np.random.Generator, n: int) -> Drawn:
        truth = rng.normal(0, 3, n)
        shared = rng.laplace(0, 1, n)
        other = np.where(rng.random(n) < 0.8, shared, rng.laplace(0, 1, n))
        return truth, Predicted(truth + scales[0] * other), Predicted(truth + shared)

    return Law("mean_absolute_error", draw, *scales)


def _f1(near: float) -> Law:
    """A third positive, of which so many are found; of the others one in ten is taken for one."""
    share, found, alarms = 0.3, (0.8 - 0.04 * near, 0.8), 0.1

    def draw(rng: np.random.Generator, n: int) -> Drawn:
        truth, luck = rng.random(n) < share, rng.random(n)
        other = np.where(rng.random(n) < 0.8, luck, rng.random(n))
        said = (np.where(truth, at < f, at < alarms).astype(int) for at, f in zip((other, luck), found, strict=True))
        return truth.astype(int), *(Predicted(label, None, (0, 1)) for label in said)

    return Law("f1", draw, *(2 * share * f / (share * f + (1 - share) * alarms + share) for f in found))


def _average_precision(near: float) -> Law:
    law, share = _roc_auc(near), 0.3

    def area(strength: float) -> float:
        def at(t: float) -> float:
            found, alarms = share * stats.norm.sf(t - strength), (1 - share) * stats.norm.sf(t)
            return float(found / (found + alarms) * stats.norm.pdf(t - strength))

        return float(integrate.quad(at, -12, 12, limit=200)[0])

    strengths = 1.2 - 0.09 * near, 1.2
    return Law("average_precision", law.draw, *(area(s) for s in strengths))


def _root_squared_error(near: float) -> Law:
    law = _absolute_error(near)
    return Law("root_mean_squared_error", law.draw, *(math.sqrt(2) * s for s in (law.weaker, law.stronger)))


def _r2(near: float) -> Law:
    law = _absolute_error(near)
    return Law("r2", law.draw, *(1 - 2 * s**2 / 9 for s in (law.weaker, law.stronger)))


def _grouped_accuracy(near: float) -> Law:
    """Rows of a group are lucky together, and a third of the groups is where the weaker model fails."""
    lost = 0.1 * near

    def draw(rng: np.random.Generator, n: int) -> Drawn:
        truth, group = rng.integers(0, 2, n), np.arange(n) // GROUP
        share = 0.8 + rng.uniform(-0.15, 0.15, group[-1] + 1)
        bad = rng.random(group[-1] + 1) < 1 / 3
        luck = rng.random(n)
        other = np.where(rng.random(n) < 0.7, luck, rng.random(n))
        right = other < (share - lost * bad)[group], luck < share[group]
        return truth, *(Predicted(np.where(r, truth, 1 - truth), None, (0, 1)) for r in right)

    return Law("accuracy", draw, 0.8 - lost / 3, 0.8, grouped=True)


def _grouped_error(near: float) -> Law:
    """Rows of a group are hard together."""
    scales = 1.0 + 0.045 * near, 1.0

    def draw(rng: np.random.Generator, n: int) -> Drawn:
        truth, group = rng.normal(0, 3, n), np.arange(n) // GROUP
        hard = rng.gamma(4, 1 / 4, group[-1] + 1)[group]
        shared = rng.laplace(0, 1, n)
        other = np.where(rng.random(n) < 0.8, shared, rng.laplace(0, 1, n))
        return truth, Predicted(truth + scales[0] * hard * other), Predicted(truth + hard * shared)

    return Law("mean_absolute_error", draw, *scales, grouped=True)


def _grouped_roc_auc(near: float) -> Law:
    """Scores of a group are high or low together; pairs within a group are too few to count."""
    share, strengths, within = 0.3, (1.2 - 0.12 * near, 1.2), 0.3

    def draw(rng: np.random.Generator, n: int) -> Drawn:
        truth, group = (rng.random(n) < share).astype(int), np.arange(n) // GROUP
        shared = rng.normal(0, math.sqrt(within), group[-1] + 1)[group] + rng.normal(0, math.sqrt(0.6 - within), n)
        noisy = (
            s * truth + shared + rng.normal(0, math.sqrt(0.2), group[-1] + 1)[group] + rng.normal(0, math.sqrt(0.2), n)
            for s in strengths
        )
        return truth, *(_binary(special.expit(score)) for score in noisy)

    return Law("roc_auc", draw, *(float(stats.norm.cdf(s / math.sqrt(2))) for s in strengths), grouped=True)


CLOSED = {"accuracy": _accuracy, "roc_auc": _roc_auc, "log_loss": _log_loss, "mean_absolute_error": _absolute_error}
"""What has an interval in closed form."""
DRAWN = {
    "f1": _f1,
    "average_precision": _average_precision,
    "root_mean_squared_error": _root_squared_error,
    "r2": _r2,
    "accuracy, in groups": _grouped_accuracy,
    "roc_auc, in groups": _grouped_roc_auc,
    "mean_absolute_error, in groups": _grouped_error,
}
"""What the paired bootstrap answers for."""
LAWS = {**CLOSED, **DRAWN}
