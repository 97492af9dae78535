"""The frozen holdout: its rows, what candidate and champion say of them, and all that the gate looks at besides."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from loopwright.declaration import Project
from loopwright.declaration.metrics import fitting
from loopwright.declaration.metrics import metric as named
from loopwright.declaration.sensitive import readable
from loopwright.evaluation import Beside, Predicted, Unseen, judge, metric_value
from loopwright.ledger.store import Ledger
from loopwright.serving import load_version
from loopwright.serving.measures import own_metrics
from loopwright.serving.predictor import CANNOT_ANSWER
from loopwright.serving.rows import Known, known_labels
from loopwright.stages.train.examining import absent_check, looked_at, named_of, stable_check, timed, worth_check
from loopwright.stages.train.looks import asked_before, sketch_of
from loopwright.stages.train.samples import keep_rehearsal
from loopwright.stages.train.seen import identities, repeated, repeated_check, rows_seen, seen_by, unseen_of
from loopwright.stages.train.snapshot import learnable, rows_of
from loopwright.tracking import Tracking

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.evaluation.predicted import Array
    from loopwright.serving import Predictor
    from loopwright.verdict import Check


@dataclass(frozen=True)
class Holdout:
    """The rows that both models are judged on, their answers, and everything the gate looks at besides.

    ``rows`` is what the ledger keeps of them, to know them again under whatever name.
    """

    spec: ModelSpec
    truth: Array
    ours: Predicted
    theirs: Predicted | None
    fault: str | None
    unseen: Unseen
    beside: Beside
    more: tuple[Check, ...]
    code: Path
    rows: Mapping[str, Any]
    golden: str

    @classmethod
    def of(
        cls, workspace: Workspace, spec: ModelSpec, entry: Mapping[str, Any], champion: Mapping[str, Any] | None
    ) -> Holdout:
        """Read the holdout, and let both models answer for it.

        :raises LoopwrightError: if the candidate cannot.
        """
        tracking, ledger = Tracking.of(workspace), Ledger.of(workspace)
        raw = rows_of(workspace, spec, entry, entry["holdout"])
        candidate = load_version(workspace, entry, anew=True)
        known = known_labels(spec, candidate.code, raw)
        features = candidate.features(raw)
        answers = candidate.answers(features)
        project = Project.at(workspace.project)
        dataset, folder = project.dataset(spec.dataset), project.model_folder(spec.name)
        run, unshown, key = entry["run_id"], readable(dataset), dataset.key
        chosen, alone, golden = keep_rehearsal(tracking, run, spec, raw, candidate, unshown=unshown)
        more = [*absent_check(spec, candidate.features, raw), stable_check(answers.iloc[chosen], alone)]
        held = identities(raw[known.mask], key)
        seen, again = rows_seen(held, key, seen_by(tracking, entry), seen_by(tracking, champion))
        sketch = sketch_of(held, keyed=bool(key))
        kept = _kept(known, again | repeated(held) if key else np.zeros_like(again))
        more += repeated_check(held) if key else ()
        truth, rows = known.values[kept[known.mask]], raw[kept]
        with own_metrics(spec, folder):
            more += worth_check(spec, candidate, features[kept], truth)
        theirs, predictor, fault = _champions(workspace, champion, raw, kept)
        before = asked_before(ledger.model(spec.name), entry, (champion or {}).get("version"), sketch)
        looked = looked_at(spec, rows)
        beside = Beside(
            looked,
            {str(name): np.asarray(column[kept]) for name, column in features.items()},
            _simple(workspace, spec, entry, candidate, features[kept]),
            timed(candidate, predictor, raw) if spec.gate.latency else None,
            before,
            named_of(looked, dataset),
        )
        unseen = unseen_of(entry, champion, seen, ledger.dataset(spec.dataset))
        ours = candidate.as_arrays(answers[kept])
        return cls(spec, truth, ours, theirs, fault, unseen, beside, tuple(more), folder, sketch, golden)

    def checks(self) -> tuple[Check, ...]:
        """Ask everything."""
        with own_metrics(self.spec, self.code):
            asked = judge(
                self.spec,
                self.ours,
                self.theirs,
                self.truth,
                unseen=self.unseen,
                champion_fault=self.fault,
                beside=self.beside,
                seed=self.spec.train.seed,
            )
        return (*asked, *self.more)

    def metrics(self) -> dict[str, float]:
        """Return every metric that fits, of both models, for MLflow."""
        with own_metrics(self.spec, self.code):
            both = {**self._metrics(self.ours, "holdout"), **self._metrics(self.theirs, "champion_holdout")}
        return {**both, "holdout_rows": float(len(self.truth))}

    def _metrics(self, predicted: Predicted | None, name: str) -> dict[str, float]:
        if predicted is None or predicted.unusable or not len(self.truth):
            return {}
        scored = predicted.score is not None
        known = [*fitting(self.spec.task), *self.spec.gate.metrics]
        asked = [metric for metric in known if scored or named(metric).needs == "label"]
        values = {f"{name}_{metric}": metric_value(metric, self.truth, predicted) for metric in asked}
        return {metric: value for metric, value in values.items() if math.isfinite(value)}


def _kept(known: Known, not_asked: Array) -> Array:
    """Return which of all rows are judged: those with a label, but some of these."""
    kept = known.mask.copy()
    kept[np.flatnonzero(known.mask)[not_asked]] = False
    return kept


def _champions(
    workspace: Workspace, champion: Mapping[str, Any] | None, raw: pd.DataFrame, kept: Array
) -> tuple[Predicted | None, Predictor | None, str | None]:
    """Return the champion's answers; all rows are asked about, as in production."""
    if champion is None:
        return None, None, None
    try:
        predictor = load_version(workspace, champion, anew=True)
        return predictor.predicted(raw).take(kept), predictor, None
    except CANNOT_ANSWER as fault:
        return None, None, f"{fault.what} ({fault.got})"


def _simple(
    workspace: Workspace, spec: ModelSpec, entry: Mapping[str, Any], candidate: Predictor, features: pd.DataFrame
) -> dict[str, Predicted]:
    """Fit the declared simple models, on the rows that the candidate learned from."""
    if "linear" not in spec.gate.baselines or features.empty:
        return {}
    from loopwright.stages.train.simple import linear

    rows = learnable(spec, candidate.code, rows_of(workspace, spec, entry, entry["batches"]))
    return {"linear": linear(spec.task, rows, features, spec.train.seed)}
