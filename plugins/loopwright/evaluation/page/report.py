"""Puts the verdict into words and charts: what was decided first, then why, then all that was looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from loopwright.evaluation.comparison import CARRIED_BY_FEW
from loopwright.evaluation.page.by_group import rates_by_group
from loopwright.evaluation.page.curves import calibration_chart, ranking_charts, regression_charts
from loopwright.evaluation.page.drawing import Plot, strip
from loopwright.verdict import Check, Outcome, Verdict

if TYPE_CHECKING:
    from loopwright.declaration.model import ModelSpec
    from loopwright.evaluation.predicted import Array, Predicted

_SAID = {
    Outcome.PASS: "The candidate may go on.",
    Outcome.FAIL: "The candidate is refused.",
    Outcome.INCONCLUSIVE: "The data cannot tell, so the candidate does not go on by itself.",
    Outcome.NOT_APPLICABLE: "Nothing was asked.",
}
_ORDER = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.PASS, Outcome.NOT_APPLICABLE)
_SLICES = 40
_NAMES = {"roc_auc": "ROC AUC", "f1": "F1", "f1_macro": "macro F1", "r2": "R²", "brier_score": "Brier score"}


@dataclass(frozen=True)
class Judgement:
    """What a report is about.

    :param spec: the model's declaration.
    :param training_id: the training that was judged.
    :param verdict: with every check.
    :param truth: of the rows judged.
    :param candidate: its answers for them; ``None`` where it gave none.
    :param champion: the champion's answers; ``None`` without.
    :param champion_version: its version.
    :param holdout: the batches held out.
    """

    spec: ModelSpec
    training_id: str
    verdict: Verdict
    truth: Array
    candidate: Predicted | None
    champion: Predicted | None = None
    champion_version: str | None = None
    holdout: tuple[str, ...] = ()


def report(about: Judgement) -> str:
    """Return the report as one HTML page that needs nothing else.

    :param about: what was judged.
    """
    from jinja2 import Environment, FileSystemLoader, select_autoescape

    folder = Path(__file__).parent
    pages = Environment(loader=FileSystemLoader(folder), autoescape=select_autoescape(default=True))
    checks = {check.name: check for check in about.verdict.checks}
    return pages.get_template("report.html").render(
        spec=about.spec,
        about=about,
        verdict=about.verdict,
        said=_SAID[about.verdict.outcome],
        lead=_lead(about, checks),
        comparison=_drawn(_comparison(checks)),
        charts=[_drawn(chart) for chart in _charts(about)],
        slices=_slices(checks.get("slices:non_inferior")),
        fairness=rates_by_group(about.verdict.checks),
        worths=_worths(checks.get("importance")),
        primary=_named(about.spec.gate.primary),
        checks=sorted(about.verdict.checks, key=lambda c: (_ORDER.index(c.outcome), not c.required)),
    )


def _lead(about: Judgement, checks: dict[str, Check]) -> list[str]:
    """Return what happened, in a few sentences of numbers and no jargon."""
    said = [f"It was judged on {len(about.truth):,} rows that it had not learned from."] if len(about.truth) else []
    measured = checks.get("measured")
    if measured and measured.outcome is Outcome.PASS:
        seen = measured.observed
        said.append(
            f"Its {_named(about.spec.gate.primary)} is {seen['point']:.4g} on these rows, which leave open"
            f" {seen['low']:.4g} to {seen['high']:.4g}, {_sure(seen)}."
        )
    against = checks.get("non_inferiority")
    if against and isinstance(against.observed, dict) and against.observed.get("low") is not None:
        said.append(_beside(about, against))
    elif about.champion_version is None:
        said.append("There is no model in production yet to compare it with.")
    return said


def _beside(about: Judgement, against: Check) -> str:
    """Return the comparison with the champion in words, what it may be and what was granted included."""
    seen, margin = against.observed, float(against.asked["margin"])
    turn = "better by" if seen["point"] > 0 else "worse by" if seen["point"] < 0 else "as good:"
    which = f" (version {about.champion_version})" if about.champion_version else ""
    if seen["low"] > 0:
        sure = f"It is surely better, {_sure(seen)}"
    elif seen["high"] < 0:
        sure = f"It is surely worse, {_sure(seen)}"
    else:
        sure = "Whether it is better or worse is not known"
    granted = f"To be worse by up to {margin:g} is granted" if margin else "To be worse is not granted"
    few = int((seen.get("cross_checks") or {}).get("carried_by") or 0)
    what = "groups of rows" if about.spec.gate.groups else "rows"
    makes = "makes" if few == 1 else "make"
    carried = f" Few {what} carry this: {few} {makes} half of its spread." if 0 < few < CARRIED_BY_FEW else ""
    return (
        f"On the same rows it is {turn} {abs(seen['point']):.4g}, compared with the champion{which}; the rows leave"
        f" open {seen['low']:+.4g} to {seen['high']:+.4g}. {sure}. {granted}.{carried}"
    )


def _sure(seen: Mapping[str, Any]) -> str:
    return f"{100 * seen['confidence']:.4g}% sure of each end"


def _named(metric: str) -> str:
    return _NAMES.get(metric, metric.replace("_", " "))


def _comparison(checks: dict[str, Check]) -> tuple[str, str, str] | None:
    check = checks.get("non_inferiority")
    if check is None or not isinstance(check.observed, dict) or check.observed.get("low") is None:
        return None
    low, point, high = (float(check.observed[name]) for name in ("low", "point", "high"))
    margin = float(check.asked["margin"])
    reach = max(abs(low), abs(high), margin) * 1.25 or 1.0
    plot = Plot(
        f"gain in {_named(check.asked['metric'])}",
        "",
        (-reach, reach),
        (0.0, 1.0),
        "Candidate and champion",
        height=130,
    )
    if margin:
        plot.mark(-margin, "still granted", "limit", after=False)
    plot.mark(0.0, "equal", "zero")
    plot.lying(0.35, low, point, high, "ours")
    words = "Right is better. The dot is what these rows show, the bar what they leave open,"
    words += f" {_sure(check.observed)}. "
    words += f"To pass, the bar must not reach left of the {'dashed line' if margin else 'line'}."
    return "Better or worse than the champion?", words, plot.svg()


def _charts(about: Judgement) -> list[tuple[str, str, str]]:
    ours, truth = about.candidate, about.truth
    if ours is None or ours.unusable or len(truth) < 2 or len(np.unique(truth)) < 2:
        return []
    theirs = None if about.champion is None or about.champion.unusable else about.champion
    if about.spec.task == "regression":
        return regression_charts(truth, ours, theirs)
    charts = []
    if about.spec.task == "binary_classification" and ours.score is not None:
        charts += ranking_charts(truth, ours, theirs)
    calibrated = calibration_chart(truth, ours, theirs)
    return [*charts, *([calibrated] if calibrated else [])]


def _drawn(chart: tuple[str, str, str] | None) -> dict[str, Any] | None:
    return None if chart is None else {"title": chart[0], "words": chart[1], "svg": chart[2]}


def _slices(check: Check | None) -> dict[str, Any]:
    """Return the rows of the table of slices, how many there are, and who was left out of it."""
    seen = (check.observed or {}) if check is not None else {}
    rows, asked = seen.get("slices", []), (check.asked or {}) if check is not None else {}
    margin = asked.get("margin")
    known = [row for row in rows if row.get("low") is not None]
    reach = max((max(abs(row["low"]), abs(row["high"])) for row in known), default=1.0) or 1.0
    reach = max(reach, 1.1 * (margin or 0.0))
    drawn = []
    for row in rows[:_SLICES]:
        kind = {"fail": "bad", "pass": "good"}.get(row.get("outcome", ""), "unsure")
        bounds = (row.get("low"), row.get("point"), row.get("high"))
        shown = strip(*bounds, (-reach, reach), kind, limit=-margin if margin else None) if None not in bounds else ""
        drawn.append({**row, "strip": shown})
    left_out = seen.get("left_out", [])
    more = int(seen.get("left_out_slices") or 0) - len(left_out)
    compared = any(row.get("point") is not None for row in rows)
    return {"rows": drawn, "compared": compared, "of": check.n if check else 0, "margin": margin, "left_out": left_out,
            "more": more, "minimum": seen.get("minimum_rows")}  # fmt: skip


def _worths(check: Check | None) -> list[dict[str, Any]]:
    rows = list(check.observed or [])[:30] if check is not None else []
    reach = max((max(abs(row["low"]), abs(row["high"])) for row in rows), default=1.0) or 1.0
    lowest = min((row["low"] for row in rows), default=0.0)
    ends = (min(lowest, 0.0), reach)
    kinds = ["good" if row["low"] > 0 else "unsure" for row in rows]
    strips = [strip(row["low"], row["lost"], row["high"], ends, kind) for row, kind in zip(rows, kinds, strict=True)]
    return [{**row, "strip": drawn} for row, drawn in zip(rows, strips, strict=True)]
