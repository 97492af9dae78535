"""Models so simple that a candidate must beat them: one that always gives the same answer, and one that is linear."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from loopwright.declaration.metrics import metric as named
from loopwright.errors import UserCodeFailed
from loopwright.evaluation.metrics import gain, metric_value
from loopwright.evaluation.predicted import Predicted
from loopwright.verdict import Check, Outcome

if TYPE_CHECKING:
    from loopwright.evaluation.asking import Asking
    from loopwright.evaluation.predicted import Array

_CALLED = {"prior": "always giving the same answer", "linear": "a linear model of the same features"}
_STANDS_IN = {"recall": "balanced_accuracy"}
"""What is asked instead where always saying yes is perfect: no candidate could beat that, however good."""
_BY_LOT = ("f1_macro",)
"""Where drawing lots does better than any one class: a mean over classes that harmonic means make up."""
_CLASSES = 20
"""Of many classes the commonest that are tried as the one answer."""
_LEVELS = (0.05, 0.25, 0.75, 0.95)
"""Quantiles tried beside mean and median: what a lopsided cost of the team's own may want."""


def prior(task: str, truth: Array, like: Predicted, metric: str) -> Predicted:
    """Return the best answer that does not look at the row: a constant one, or lots where these do better.

    It has seen the labels, which only makes it harder to beat.

    :param task: as declared.
    :param truth: the true classes or values.
    :param like: the candidate's answers, for their classes and shape.
    :param metric: what it is to be good at: every class is tried (mean, median and some quantiles of a value).
    """
    tried = list(_values(truth) if task == "regression" else _classes(truth, like))
    if metric in _BY_LOT:
        tried += _drawn(truth, tried[0])
    worth = [_worth(metric, truth, one) for one in tried]
    return tried[int(np.argmax(np.nan_to_num(worth, nan=-np.inf)))]


def _worth(metric: str, truth: Array, one: Predicted) -> float:
    try:
        return float(gain(metric, metric_value(metric, truth, one)))
    except UserCodeFailed:  # a metric of the team's own that this answer is no argument of
        return float("nan")


def _values(truth: Array) -> Iterator[Predicted]:
    for value in (np.mean(truth), np.median(truth), *np.quantile(truth, _LEVELS)):
        yield Predicted(np.full(len(truth), float(value)))


def _classes(truth: Array, like: Predicted) -> Iterator[Predicted]:
    """Yield one class for every row, with the shares of all as its probabilities, and with certainty."""
    n = len(truth)
    known, counts = np.unique(truth, return_counts=True)
    for number in np.argsort(-counts, kind="stable")[:_CLASSES]:
        label = np.full(n, known[number])
        if like.score is None:
            yield Predicted(label, None, like.classes)
            continue
        for shares in (counts / n, np.eye(len(known))[number]):
            by_class = dict(zip(known.tolist(), shares.tolist(), strict=True))
            given = np.array([by_class.get(c, 0.0) for c in like.classes])
            score = np.full(n, given[-1]) if like.score.ndim == 1 else np.tile(given, (n, 1))
            yield Predicted(label, score, like.classes)


def _drawn(truth: Array, like: Predicted) -> Iterator[Predicted]:
    """Yield lots: every class as likely as it is, and all alike."""
    rng = np.random.default_rng(0)
    known = np.unique(truth)
    for label in (rng.permutation(truth), rng.choice(known, len(truth))):
        yield Predicted(label, like.score, like.classes)


def baseline_checks(asking: Asking, task: str, others: Mapping[str, Predicted]) -> tuple[Check, ...]:
    """Ask whether the candidate beats each declared simple model.

    :param task: as declared.
    :param others: the answers of those that had to be fitted, by name.
    """
    checks = []
    for name in asking.gate.baselines:
        simple, metric = others.get(name), asking.gate.primary
        if name == "prior":
            metric = _STANDS_IN.get(metric, metric)
            simple = prior(task, asking.truth, asking.candidate, metric)
        checks.append(_beats(asking, name, simple, metric))
    return tuple(checks)


def _beats(asking: Asking, name: str, simple: Predicted | None, metric: str) -> Check:
    check, called = f"baseline:{name}", _CALLED[name]
    if name == "prior" and simple is not None and len(np.unique(simple.label)) > 1:
        called = "answering by lot"
    asked = {"more_than": 0.0, "confidence": asking.confidence, "metric": metric}
    if simple is None or (named(metric).needs == "score" and simple.score is None):
        return Check(check, Outcome.INCONCLUSIVE, f"{called}: it gave no answers to compare with", None, asked)
    found = asking.gain_over(simple, metric=metric).at(asking.confidence)
    if not found.known:
        why = f"whether the candidate beats {called} cannot be told from {found.n} rows"
        return Check(check, Outcome.INCONCLUSIVE, why, found.to_dict(), asked, found.n)
    if found.low > 0:
        outcome, says = Outcome.PASS, "beats"
    elif found.high <= 0 or found.point <= 0:
        outcome, says = Outcome.FAIL, "does not beat"
    else:
        outcome, says = Outcome.INCONCLUSIVE, "may or may not beat"
    why = f"the candidate {says} {called}: {found.point:+.4g} in {metric} ({found.said})"
    if metric != asking.gate.primary:
        why += f"; in {asking.gate.primary} always saying yes would be perfect"
    return Check(check, outcome, why, found.to_dict(), asked, found.n)
