"""What the report's charts show: curves of a few hundred points, whatever the number of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopwright.evaluation.calibration import Curve, curve
from loopwright.evaluation.metrics import positive_class
from loopwright.evaluation.page.drawing import Plot

if TYPE_CHECKING:
    from loopwright.evaluation.predicted import Array, Predicted

POINTS = 200
_UNIT = (0.0, 1.0)


def ranking_charts(truth: Array, ours: Predicted, theirs: Predicted | None) -> list[tuple[str, str, str]]:
    """Return the ROC and the precision-recall chart of two classes, each as title, words and SVG.

    :param truth: the true classes.
    :param ours: the candidate's answers, with probabilities.
    :param theirs: the champion's, if there are any.
    """
    roc = Plot("false alarms: share of the negatives", "found: share of the positives", _UNIT, _UNIT, "ROC curve")
    recall = Plot("found: share of the positives", "right: share of those picked", _UNIT, _UNIT, "Precision and recall")
    roc.line(_UNIT, _UNIT, "guess")
    share = float((truth == positive_class(truth, ours)).mean())
    recall.line(_UNIT, (share, share), "guess")
    for predicted, kind in ((theirs, "theirs"), (ours, "ours")):
        if predicted is None or predicted.score is None:
            continue
        alarms, found, right = _swept(truth == positive_class(truth, predicted), predicted.score)
        roc.line(alarms, found, kind)
        recall.line(found[1:], right[1:], kind)
    return [
        (
            "Finding the positives",
            "The more a curve bows to the upper left, the more positives are found for the same false alarms; the"
            " dotted line is guessing.",
            roc.svg(),
        ),
        (
            "Being right about them",
            "How many of those picked are right, the more of all are to be found; the dotted line is picking by lot.",
            recall.svg(),
        ),
    ]


def calibration_chart(truth: Array, ours: Predicted, theirs: Predicted | None) -> tuple[str, str, str] | None:
    """Return the calibration chart; ``None`` where there are no probabilities."""
    found = curve(truth, ours)
    if found is None:
        return None
    plot = Plot("probability said", "share that came true", _UNIT, _UNIT, "Calibration: said and seen")
    plot.line(_UNIT, _UNIT, "guess")
    other = curve(truth, theirs) if theirs is not None else None
    for points, kind in ((other, "theirs"), (found, "ours")):
        if points is not None:
            _calibrated(plot, points, kind)
    words = "Of all that were given 30%, three in ten should come true: points on the dotted line keep their word."
    return "Do the probabilities keep their word?", words, plot.svg()


def regression_charts(truth: Array, ours: Predicted, theirs: Predicted | None) -> list[tuple[str, str, str]]:
    """Return what was said beside what came, and how the errors are spread."""
    ends = tuple(float(v) for v in np.quantile(np.concatenate([truth, ours.label]), [0.005, 0.995]))
    beside = Plot("value said", "value that came, on average", ends, ends, "Said and came")  # type: ignore[arg-type]
    beside.line(ends, ends, "guess")
    errors = {"ours": ours.label - truth} | ({"theirs": theirs.label - truth} if theirs is not None else {})
    reach = float(max(np.quantile(np.abs(error), 0.99) for error in errors.values())) or 1.0
    edges = np.linspace(-reach, reach, 31)
    counts = {kind: np.histogram(error, edges)[0] / len(truth) for kind, error in errors.items()}
    top = float(max(c.max() for c in counts.values())) or 1.0
    spread = Plot("error: said less came", "share of rows", (-reach, reach), (0.0, top), "How errors are spread")
    for predicted, kind in ((theirs, "theirs"), (ours, "ours")):
        if predicted is None:
            continue
        parts = np.array_split(np.argsort(predicted.label, kind="stable"), min(20, max(1, len(truth) // 30)))
        said, came = [predicted.label[p].mean() for p in parts], [truth[p].mean() for p in parts]
        beside.line(said, came, kind)
        beside.dots(said, came, kind)
        if kind == "ours":
            spread.columns(edges.tolist(), counts[kind].tolist(), kind)
        else:
            spread.line((edges[:-1] + edges[1:]) / 2, counts[kind], kind)
    return [
        (
            "What was said, and what came",
            "Rows with like answers together; on the dotted line they are right.",
            beside.svg(),
        ),
        (
            "How errors are spread",
            "The narrower about zero, the better; the hundredth that errs most is cut off.",
            spread.svg(),
        ),
    ]


def _calibrated(plot: Plot, points: Curve, kind: str) -> None:
    plot.line(points.said, points.seen, kind)
    plot.dots(points.said, points.seen, kind)
    reach = 1.645 * points.errors
    plot.upright(points.said, points.seen - reach, points.seen + reach, f"whisker {kind}")


def _swept(positive: Array, score: Array) -> tuple[Array, Array, Array]:
    """Return false positive rate, recall and precision as the line between the classes is swept down."""
    order = np.argsort(-score, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    hits, picked = np.cumsum(positive[order])[ends], ends + 1.0
    some = np.unique(np.linspace(0, len(ends) - 1, min(len(ends), POINTS)).astype(int))
    hits, picked = hits[some], picked[some]
    found = hits / max(positive.sum(), 1)
    alarms = (picked - hits) / max((~positive).sum(), 1)
    return np.append(0.0, alarms), np.append(0.0, found), np.append(1.0, hits / picked)
