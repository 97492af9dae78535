"""Models so simple that a candidate must beat them: one that always gives the same answer, and one that is linear."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from loopwright.declaration.metrics import metric as named
from loopwright.evaluation.predicted import Predicted
from loopwright.verdict import Check, Outcome

if TYPE_CHECKING:
    from loopwright.evaluation.asking import Asking
    from loopwright.evaluation.predicted import Array

_CALLED = {"prior": "always giving the same answer", "linear": "a linear model of the same features"}


def prior(task: str, truth: Array, like: Predicted, metric: str) -> Predicted:
    """Return the best constant answer for these rows; it has seen them, which only makes it harder to beat.

    :param task: as declared.
    :param truth: the true classes or values.
    :param like: the candidate's answers, for their classes and shape.
    :param metric: what it is to be good at: the absolute error wants the median, others the mean.
    """
    n = len(truth)
    if task == "regression":
        middle = np.median(truth) if metric == "mean_absolute_error" else np.mean(truth)
        return Predicted(np.full(n, float(middle)))
    known, counts = np.unique(truth, return_counts=True)
    label = np.full(n, known[np.argmax(counts)])
    if like.score is None:
        return Predicted(label, None, like.classes)
    shares = dict(zip(known.tolist(), counts / n, strict=True))
    given = np.array([shares.get(c, 0.0) for c in like.classes])
    score = np.full(n, given[-1]) if like.score.ndim == 1 else np.tile(given, (n, 1))
    return Predicted(label, score, like.classes)


def baseline_checks(asking: Asking, task: str, others: Mapping[str, Predicted]) -> tuple[Check, ...]:
    """Ask whether the candidate beats each declared simple model.

    :param task: as declared.
    :param others: the answers of those that had to be fitted, by name.
    """
    checks = []
    for name in asking.gate.baselines:
        simple = others.get(name)
        if name == "prior":
            simple = prior(task, asking.truth, asking.candidate, asking.gate.primary)
        checks.append(_beats(asking, name, simple))
    return tuple(checks)


def _beats(asking: Asking, name: str, simple: Predicted | None) -> Check:
    check, metric = f"baseline:{name}", asking.gate.primary
    asked = {"more_than": 0.0, "confidence": asking.confidence, "metric": metric}
    if simple is None or (named(metric).needs == "score" and simple.score is None):
        return Check(check, Outcome.INCONCLUSIVE, f"{_CALLED[name]}: it gave no answers to compare with", None, asked)
    gain = asking.gain_over(simple).at(asking.confidence)
    if not gain.known:
        why = f"whether the candidate beats {_CALLED[name]} cannot be told from {gain.n} rows"
        return Check(check, Outcome.INCONCLUSIVE, why, gain.to_dict(), asked, gain.n)
    if gain.low > 0:
        outcome, says = Outcome.PASS, "beats"
    elif gain.high <= 0 or gain.point <= 0:
        outcome, says = Outcome.FAIL, "does not beat"
    else:
        outcome, says = Outcome.INCONCLUSIVE, "may or may not beat"
    why = f"the candidate {says} {_CALLED[name]}: {gain.point:+.4g} in {metric} ({gain.said})"
    return Check(check, outcome, why, gain.to_dict(), asked, gain.n)
