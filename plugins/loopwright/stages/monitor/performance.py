"""How good the answers were, once the labels are known: against what the gate saw on its holdout."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from loopwright.declaration import Project
from loopwright.declaration.metrics import METRICS
from loopwright.errors import counted
from loopwright.evaluation.estimates import Interval
from loopwright.evaluation.intervals import interval, lacking, surely_lost
from loopwright.evaluation.metrics import gain
from loopwright.serving import load_version
from loopwright.serving.matured import labels_complete, labels_mature_at
from loopwright.serving.measures import own_metrics
from loopwright.stages.monitor.answered import answered, untold
from loopwright.stages.monitor.watched import Watched, watched
from loopwright.verdict import Outcome

LOOK_AGAIN = timedelta(hours=1)
"""When a batch is looked at again whose labels are in files that have not all come."""

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.declaration.model import Performance

CONFIDENCE = 0.95
"""One-sided: a drop counts only where the batch is so surely below the gate, neither value taken for exact."""


@dataclass(frozen=True)
class PerformanceReport:
    """How good a batch's predictions were.

    :param model: the model's name.
    :param batch_id: the batch.
    :param version: the version that scored it.
    :param outcome: ``fail`` is a drop; ``not_applicable`` when nothing was asked.
    :param why: one sentence.
    :param metric: the metric that the gate decided by.
    :param value: its value on this batch, with bounds; ``None`` when there is none.
    :param reference: its value on the gate's holdout.
    :param drop: how much was lost, in the metric's own direction.
    :param n: labelled rows.
    :param matures_at: when the labels are final, if they are not yet (ISO 8601).
    """

    model: str
    batch_id: str
    version: str
    outcome: Outcome
    why: str
    metric: str | None = None
    value: Mapping[str, Any] | None = None
    reference: float | None = None
    drop: float | None = None
    n: int = 0
    matures_at: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**asdict(self), "outcome": self.outcome.value}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> PerformanceReport:
        """Rebuild what :meth:`to_dict` gave."""
        return cls(**{**raw, "outcome": Outcome(raw["outcome"])})


def measure_performance(
    workspace: Workspace, model: ModelSpec, batch_id: str, *, now: datetime | None = None
) -> PerformanceReport:
    """Compare a scored batch's answers with its labels. Reads only.

    :param batch_id: a scored batch.
    :param now: the present, when it is not now.
    :raises UnknownName: if there is no such batch.
    :raises NotReady: if it was not scored, or changed since.
    """
    one = watched(workspace, model, batch_id)
    about = (model.name, batch_id, one.version["version"])
    asked = model.monitor.performance if model.monitor else None
    why = _not_asked(asked, one)
    if asked is None or why:
        return PerformanceReport(*about, Outcome.NOT_APPLICABLE, why or "")
    dataset = Project.at(workspace.project).dataset(model.dataset)
    matures = labels_mature_at(dataset, one.batch)
    if matures > (now or datetime.now(UTC)):
        why = f"its labels are final on {matures:%Y-%m-%d %H:%M} UTC"
        return PerformanceReport(*about, Outcome.INCONCLUSIVE, why, matures_at=matures.isoformat())
    if not labels_complete(workspace, dataset, one.batch):
        later = (now or datetime.now(UTC)) + LOOK_AGAIN
        why = f"fewer than {dataset.labels.complete_at:.0%} of its rows have a label yet"
        return PerformanceReport(*about, Outcome.INCONCLUSIVE, why, matures_at=later.isoformat())
    metric, reference = one.version["primary"]["metric"], gate_saw(one.version["primary"])
    if metric not in METRICS and metric not in model.gate.metrics:
        why = f"the gate decided by {metric}, which is not declared any more"
        return PerformanceReport(*about, Outcome.INCONCLUSIVE, why, metric)
    rows = one.labelled_rows(workspace, model)
    if model.gate.groups and model.gate.groups not in rows:
        why = f"it has no column {model.gate.groups!r}, whose equal values are declared to make rows one group"
        return PerformanceReport(*about, Outcome.INCONCLUSIVE, why, metric)
    with own_metrics(model, Project.at(workspace.project).model_folder(model.name)):
        measured, lacks, lost = _measured(workspace, model, one, rows, metric)
        outcome, why, drop = judge(metric, measured, reference, asked.drop, lacks)
    point = None if reference is None else reference.point
    return PerformanceReport(*about, outcome, why + lost, metric, measured.to_dict(), point, drop, measured.n)


def gate_saw(primary: Mapping[str, Any]) -> Interval | None:
    """Return what the gate measured on its holdout, without bounds where it was recorded before they were kept.

    :param primary: as it was recorded when the version was registered.
    """
    if primary.get("value") is None:
        return None
    low, high = (math.nan if primary.get(name) is None else float(primary[name]) for name in ("low", "high"))
    n, confidence = int(primary.get("n") or 0), float(primary.get("confidence") or CONFIDENCE)
    return Interval(float(primary["value"]), low, high, n, confidence)


def judge(
    metric: str, measured: Interval, reference: Interval | None, allowed: float, lacks: str | None = None
) -> tuple[Outcome, str, float | None]:
    """Decide whether a metric dropped: by as much as was declared, and surely.

    :param metric: its name.
    :param measured: its value on the batch, with bounds.
    :param reference: its value on the gate's holdout, if that has one, with bounds if they are known.
    :param allowed: the drop from which it counts.
    :param lacks: why the batch has no bounds, where it has none.
    :return: the outcome, one sentence, and the drop (``None`` where the rows do not define it).
    """
    if not math.isfinite(measured.point):
        return Outcome.INCONCLUSIVE, f"{measured.n} labelled rows do not define {metric}", None
    if reference is None:
        return Outcome.INCONCLUSIVE, f"the gate has no value of {metric} to compare with", None
    drop = float(gain(metric, reference.point) - gain(metric, measured.point))
    said = f"{metric} is {measured.point:.4g} on {measured.n} labelled rows, the gate saw {reference.point:.4g}"
    if not measured.known:
        return Outcome.INCONCLUSIVE, f"{said}; {lacks or 'so few rows cannot tell'}", drop
    if drop <= 0:
        return Outcome.PASS, f"{said}: {f'a gain of {-drop:.3g}' if drop else 'no loss'}", drop
    if drop < allowed:
        return Outcome.PASS, f"{said}: a loss of {drop:.3g}, below the {allowed:.3g} that counts", drop
    if surely_lost(metric, reference, measured) <= 0:
        return Outcome.INCONCLUSIVE, f"{said}: a loss of {drop:.3g}, which chance could explain", drop
    return Outcome.FAIL, f"{said}: a loss of {drop:.3g}, at least the {allowed:.3g} that counts", drop


def _not_asked(asked: Performance | None, one: Watched) -> str | None:
    if asked is None:
        return "the model declares no performance"
    version = one.version["version"]
    if one.learnt_from:
        return f"version {version} was trained on it"
    return f"the gate judged version {version} on it" if one.judged_on else None


def _measured(
    workspace: Workspace, model: ModelSpec, one: Watched, rows: pd.DataFrame, metric: str
) -> tuple[Interval, str | None, str]:
    """Return the metric over the rows that have both a label and an answer.

    :param rows: of the batch, with their labels.
    :return: its value, drawn in groups where the gate draws so; why it has no bounds, where it has none; and a word on
        the labelled rows that lack an answer, and on earlier batches that it was measured with.
    """
    predictor = load_version(workspace, one.version)
    found = answered(workspace, model, one, predictor, rows)
    assert found is not None  # noqa: S101 - whether it has the column was asked before
    together = 0
    if lacking(metric, found.truth, found.groups):
        pooled = found
        for earlier in untold(workspace, model, one):
            more = answered(workspace, model, earlier, predictor)
            if more is None:
                continue
            pooled, together = pooled.after(more), together + 1
            if not lacking(metric, pooled.truth, pooled.groups):
                found = pooled
                break
        else:
            together = 0
    lacks = lacking(metric, found.truth, found.groups)
    measured = interval(
        metric,
        found.truth,
        found.predicted,
        confidence=CONFIDENCE,
        resamples=model.gate.resamples,
        groups=found.groups,
    )
    said = f"; with {counted(together, 'batch')} before it, too small to tell" if together else ""
    return measured, lacks, said + (f"; {found.lost} labelled rows have no answer" if found.lost else "")
