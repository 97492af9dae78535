"""Judge the candidate: it and the champion answer for the same frozen rows, and the gate decides on record."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from loopwright.declaration import Project
from loopwright.declaration.metrics import METRICS, fitting
from loopwright.errors import DeclarationError, LedgerConflict, NotReady, UserCodeFailed
from loopwright.evaluation import Beside, Predicted, Unseen, judge, metric_value
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.serving import load_version
from loopwright.serving.rows import Known, known_labels
from loopwright.stages.train.examining import absent_check, looked_at, stable_check, timed, worth_check
from loopwright.stages.train.keeping import keep_rehearsal
from loopwright.stages.train.refusing import require_as_decided, require_open
from loopwright.stages.train.seen import identities, looks_at, rows_seen, seen_by, unseen_of
from loopwright.stages.train.snapshot import decided, learnable, rows_of
from loopwright.tracking import Tracking
from loopwright.verdict import Check, Outcome, Verdict

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.evaluation.predicted import Array
    from loopwright.ledger.state import ModelState, State
    from loopwright.serving import Predictor

_CANNOT_ANSWER = (UserCodeFailed, DeclarationError)


@dataclass(frozen=True)
class Judged:
    """A candidate with its verdict.

    :param training_id: the training.
    :param run_id: its MLflow run.
    :param verdict: every question that was asked.
    :param champion: the version it was compared with; ``None`` when there was none.
    """

    training_id: str
    run_id: str | None
    verdict: Verdict
    champion: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**vars(self), "verdict": self.verdict.to_dict()}


def judge_candidate(workspace: Workspace, model: ModelSpec, training_id: str) -> Judged:
    """Judge a fitted candidate on the frozen holdout, or return the verdict it got before.

    :param workspace: where everything is.
    :param model: the model's declaration.
    :param training_id: as :func:`decide_training` gave it.
    :raises NotReady: if it was not fitted yet.
    :raises ArtifactTampered: if the candidate's or the champion's bytes are not those that were recorded.
    :raises LedgerConflict: if another champion was released meanwhile; a retry compares with that one.
    """
    entry = decided(workspace, model.name, training_id)
    if entry.get("verdict"):
        return _as_recorded(entry)
    _require_fitted(entry)
    require_as_decided(workspace, model, entry)
    champion = Ledger.of(workspace).model(model.name).champion
    verdict, metrics = _judged(workspace, model, entry, champion)
    tracking = Tracking.of(workspace)
    tracking.log_metrics(entry["run_id"], metrics)
    tracking.log_json(entry["run_id"], "verdict.json", verdict.to_dict())
    _record(workspace, model.name, entry, verdict, champion)
    return _as_recorded(decided(workspace, model.name, training_id))


def _judged(
    workspace: Workspace, spec: ModelSpec, entry: Mapping[str, Any], champion: Mapping[str, Any] | None
) -> tuple[Verdict, dict[str, float]]:
    digests = {"artifact": entry["artifact_digest"], "data": entry["data_digest"], "code": entry["code_digest"]}
    digests["declaration"] = entry["declaration_digest"]
    try:
        holdout = _Holdout.of(workspace, spec, entry, champion)
    except _CANNOT_ANSWER as fault:
        check = Check("answers", Outcome.FAIL, f"the candidate cannot answer: {fault.what}", observed=fault.to_dict())
        return Verdict("gate", f"model/{spec.name}", (check,), spec.gate.on_inconclusive, digests), {}
    same = _released_before(Ledger.of(workspace).model(spec.name), entry)
    checks = (*holdout.checks(), *same)
    verdict = Verdict("gate", f"model/{spec.name}", checks, spec.gate.on_inconclusive, digests)
    metrics = {**holdout.metrics(holdout.ours, "holdout"), **holdout.metrics(holdout.theirs, "champion_holdout")}
    return verdict, {**metrics, "holdout_rows": float(len(holdout.truth))}


@dataclass(frozen=True)
class _Holdout:
    """The rows that both models are judged on, their answers, and everything the gate looks at besides."""

    spec: ModelSpec
    truth: Array
    ours: Predicted
    theirs: Predicted | None
    fault: str | None
    unseen: Unseen
    beside: Beside
    more: tuple[Check, ...]

    @classmethod
    def of(
        cls, workspace: Workspace, spec: ModelSpec, entry: Mapping[str, Any], champion: Mapping[str, Any] | None
    ) -> _Holdout:
        """Read the holdout, and let both models answer for it.

        :raises LoopwrightError: if the candidate cannot.
        """
        tracking, ledger = Tracking.of(workspace), Ledger.of(workspace)
        raw = rows_of(workspace, spec, entry, entry["holdout"])
        candidate = load_version(workspace, entry, anew=True)
        known = known_labels(spec, candidate.code, raw)
        features = candidate.features(raw)
        answers = candidate.answers(features)
        chosen, alone = keep_rehearsal(tracking, entry["run_id"], spec, raw, candidate)
        more = [*absent_check(spec, candidate, raw), stable_check(answers.iloc[chosen], alone)]
        key = Project.at(workspace.project).dataset(spec.dataset).key
        seen, again = rows_seen(
            identities(raw[known.mask], key), key, seen_by(tracking, entry), seen_by(tracking, champion)
        )
        kept = _kept(known, again if key else np.zeros_like(again))
        truth, rows = known.values[kept[known.mask]], raw[kept]
        more += worth_check(spec, candidate, features[kept], truth)
        theirs, predictor, fault = _champions(workspace, champion, raw, kept)
        beside = Beside(
            looked_at(spec, rows),
            {str(name): np.asarray(column[kept]) for name, column in features.items()},
            _simple(workspace, spec, entry, candidate, features[kept]),
            looks_at(ledger.model(spec.name), entry),
            timed(candidate, predictor, raw) if spec.gate.latency else None,
        )
        unseen = unseen_of(entry, champion, seen, ledger.dataset(spec.dataset))
        ours = candidate.as_arrays(answers[kept])
        return cls(spec, truth, ours, theirs, fault, unseen, beside, tuple(more))

    def checks(self) -> tuple[Check, ...]:
        """Ask everything."""
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

    def metrics(self, predicted: Predicted | None, name: str) -> dict[str, float]:
        """Return every metric that fits, for MLflow."""
        if predicted is None or predicted.unusable or not len(self.truth):
            return {}
        scored = predicted.score is not None
        asked = [metric for metric in fitting(self.spec.task) if scored or METRICS[metric].needs == "label"]
        values = {f"{name}_{metric}": metric_value(metric, self.truth, predicted) for metric in asked}
        return {metric: value for metric, value in values.items() if math.isfinite(value)}


def _kept(known: Known, again: Array) -> Array:
    """Return which of all rows are judged: those with a label that nobody was trained on."""
    kept = known.mask.copy()
    kept[np.flatnonzero(known.mask)[again]] = False
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
    except _CANNOT_ANSWER as fault:
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


def _released_before(state: ModelState, entry: Mapping[str, Any]) -> tuple[Check, ...]:
    """Refuse what was released once: registering its run again would overwrite what the lineage rests on."""
    same = [known for known in state.released if known["artifact_digest"] == entry["artifact_digest"]]
    if not same:
        return ()
    last = max(same, key=lambda known: str(known["since"]))
    why = f"the candidate is version {last['version']} ({last['status']}), byte for byte"
    back = "" if last["status"] == "champion" else "; a roll back returns to it"
    return (Check("another", Outcome.FAIL, why + back, observed={"version": last["version"]}),)


def _speaks_against(verdict: Verdict) -> bool:
    """Tell whether a refusal counts for the circuit breaker: in a calm world most candidates are just no better."""
    failed = {check.name for check in verdict.checks if check.required and check.outcome is Outcome.FAIL}
    return verdict.refused and failed != {"improvement"}


def _require_fitted(entry: Mapping[str, Any]) -> None:
    require_open(entry)
    if not entry.get("artifact_digest"):
        raise NotReady(
            "This training was not fitted yet.", where=f"training {entry['training_id']}", mend="Fit it, then judge."
        )


def _as_recorded(entry: Mapping[str, Any]) -> Judged:
    return Judged(entry["training_id"], entry["run_id"], Verdict.from_dict(entry["verdict"]), entry.get("champion"))


def _record(
    workspace: Workspace, model: str, entry: Mapping[str, Any], verdict: Verdict, champion: Mapping[str, Any] | None
) -> None:
    version = champion["version"] if champion else None
    evidence = {
        "training_id": entry["training_id"],
        "run_id": entry["run_id"],
        "artifact_digest": entry["artifact_digest"],
        "verdict": verdict.to_dict(),
        "refused": verdict.refused,
        "counts": _speaks_against(verdict),
        "champion": version,
    }

    def decision(state: State) -> Draft | None:
        now = cast("ModelState", state)
        if (now.training(entry["training_id"]) or {}).get("verdict"):
            return None
        if (now.champion or {}).get("version") != version:
            raise LedgerConflict(
                "Another champion was released while this candidate was judged.",
                where=f"model/{model}",
                got=(now.champion or {}).get("version"),
                allowed=version,
                mend="Run again: it is compared with the new one.",
            )
        return Draft(Kind.GATE_DECIDED, "gate", verdict.why(), evidence)

    Ledger.of(workspace).decide(f"model/{model}", decision)
