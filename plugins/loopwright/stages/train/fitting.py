"""Fit the candidate: one MLflow run, from the decided rows to an artifact that is known by its digest.

What must stay true: a training fits once. Its finished run is found again by fingerprint; a run that died half way
is marked so and replaced; and what the team's code cannot do is recorded before it is raised.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, cast

from loopwright.declaration import Project
from loopwright.declaration.code import code_of
from loopwright.declaration.sensitive import readable, shy_of
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.serving import Predictor, artifact
from loopwright.serving.measures import own_metrics
from loopwright.serving.predictor import CANNOT_ANSWER, answers_by
from loopwright.serving.served import conformed
from loopwright.stages.train.choosing import Trial, choose
from loopwright.stages.train.environment import requirements_of
from loopwright.stages.train.keeping import keep_provenance
from loopwright.stages.train.learning import learn
from loopwright.stages.train.refusing import record_failure, require_as_decided, require_open
from loopwright.stages.train.samples import keep_reference
from loopwright.stages.train.seen import identities, keep_seen
from loopwright.stages.train.snapshot import Learnable, NothingToLearn, decided, learnable, rows_of
from loopwright.tracking import Tracking

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.ledger.state import ModelState, State

FITTED = "fitted.json"
MODEL = "model"
_FAULTS = (*CANNOT_ANSWER, NothingToLearn)


@dataclass(frozen=True)
class Fitted:
    """A candidate, fitted and kept, not yet judged.

    :param training_id: the training.
    :param run_id: its MLflow run.
    :param artifact_digest: of the model's files.
    :param source: their URI, for the registry.
    :param metrics: ``train_rows``, and ``validation_<primary>`` where something was chosen or tuned.
    :param seconds: what the fitting took.
    :param entrypoint: the one that was chosen.
    :param params: with these parameters.
    :param reused: whether it had been fitted before.
    """

    training_id: str
    run_id: str
    artifact_digest: str
    source: str
    metrics: Mapping[str, float]
    seconds: float
    entrypoint: str
    params: Mapping[str, Any]
    reused: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


def fit_candidate(workspace: Workspace, model: ModelSpec, training_id: str) -> Fitted:
    """Fit the candidate of a decided training, or return it when that was done before.

    :param workspace: where everything is.
    :param model: the model's declaration.
    :param training_id: as :func:`decide_training` gave it.
    :raises UnknownName: if it was never decided.
    :raises UserCodeFailed: if the team's code cannot be trained with; recorded, so that nothing tries it unchanged.
    :raises TrackingUnavailable: if MLflow cannot be reached.
    """
    entry = decided(workspace, model.name, training_id)
    require_open(entry)
    if entry.get("artifact_digest"):
        return _as_recorded(entry)
    tracking = Tracking.of(workspace)
    run_id = tracking.run_of(model.name, entry["fingerprint"])
    if run_id is None:
        fitted = _fit(workspace, model, entry, tracking)
    else:
        kept = tracking.read_json(run_id, FITTED)
        fitted = Fitted(**{**kept, "training_id": training_id, "reused": True})
    _record(workspace, model.name, fitted)
    return fitted


def _fit(workspace: Workspace, spec: ModelSpec, entry: Mapping[str, Any], tracking: Tracking) -> Fitted:
    folder = Project.at(workspace.project).model_folder(spec.name)
    require_as_decided(workspace, spec, entry, code=folder)
    training_id = entry["training_id"]
    tags = {"loopwright.model": spec.name, "loopwright.training_id": training_id}
    with tracking.run(spec.name, key=entry["fingerprint"], name=training_id, tags=tags) as run_id:
        try:
            fitted = _fit_in_run(workspace, spec, entry, tracking, folder, run_id)
        except _FAULTS as fault:
            record_failure(workspace, spec.name, entry, fault, run_id=run_id)
            raise
        tracking.log_json(run_id, FITTED, fitted.to_dict())
    return fitted


def _fit_in_run(
    workspace: Workspace, spec: ModelSpec, entry: Mapping[str, Any], tracking: Tracking, folder: Path, run_id: str
) -> Fitted:
    started = time.monotonic()
    raw = rows_of(workspace, spec, entry, entry["batches"])
    rows = learnable(spec, folder, raw)
    keep_provenance(tracking, workspace, spec, run_id, entry, folder)
    keep_seen(tracking, run_id, identities(raw, Project.at(workspace.project).dataset(spec.dataset).key))
    with TemporaryDirectory() as scratch:
        files = Path(scratch) / MODEL
        way, digest = _write(spec, folder, rows, raw, entry, tracking, run_id, files, workspace.project)
        predictor = artifact.load(files, digest, Path(workspace.project))
        tracking.log_folder(run_id, files, MODEL)
    _keep_reference(workspace, spec, entry, tracking, run_id, rows, predictor)
    metrics = {"train_rows": float(len(rows.labels))}
    if way.value is not None:
        metrics[f"validation_{spec.gate.primary}"] = way.value
    seconds = time.monotonic() - started
    tracking.log_params(run_id, {"entrypoint": way.entrypoint, "seed": spec.train.seed, **way.params})
    tracking.log_metrics(run_id, {**metrics, "fit_seconds": seconds})
    source = f"runs:/{run_id}/{MODEL}"
    return Fitted(entry["training_id"], run_id, digest, source, metrics, seconds, way.entrypoint, dict(way.params))


def _write(
    spec: ModelSpec,
    folder: Path,
    rows: Learnable,
    raw: pd.DataFrame,
    entry: Mapping[str, Any],
    tracking: Tracking,
    run_id: str,
    files: Path,
    project: str,
) -> tuple[Trial, str]:
    """Choose, fit on all training rows, and write the artifact: one ``code_of`` block, for what is pickled in it."""

    def tell(trial: Trial) -> None:
        _keep_trial(tracking, spec, entry, run_id, trial)

    with own_metrics(spec, folder), code_of(folder):
        way = choose(spec, folder, rows, entry["params"], fixed=tuple(entry.get("overrides") or ()), tell=tell)
        learned = learn(spec, folder, rows, way.entrypoint, way.params)
        card = learned.card.to_dict()
        first = conformed(rows.features.head(5), card)
        digest = artifact.write(
            files,
            estimator=learned.estimator,
            card=learned.card,
            code=folder,
            raw=raw,
            answers=answers_by(learned.estimator, first, card, folder, f"model {spec.name}"),
            requirements=requirements_of(folder),
            unshown=shy_of(raw.columns, readable(Project.at(project).dataset(spec.dataset))),
        )
    return way, digest


def _keep_trial(tracking: Tracking, spec: ModelSpec, entry: Mapping[str, Any], run_id: str, trial: Trial) -> None:
    key = f"{entry['fingerprint']}/trial/{trial.number}"
    with tracking.run(spec.name, key=key, name=f"trial {trial.number}", parent=run_id) as nested:
        tracking.log_params(nested, {"entrypoint": trial.entrypoint, **trial.params})
        if trial.value is not None:
            tracking.log_metrics(nested, {f"validation_{spec.gate.primary}": trial.value})


def _keep_reference(
    workspace: Workspace,
    spec: ModelSpec,
    entry: Mapping[str, Any],
    tracking: Tracking,
    run_id: str,
    rows: Learnable,
    predictor: Predictor,
) -> None:
    unseen = predictor.predict(rows_of(workspace, spec, entry, entry["holdout"]))
    seen = conformed(rows.features, predictor.card)
    unshown = readable(Project.at(workspace.project).dataset(spec.dataset))
    keep_reference(tracking, run_id, spec, seen, unseen, empty=predictor.card["empty"], unshown=unshown)


def _as_recorded(entry: Mapping[str, Any]) -> Fitted:
    names = ("training_id", "run_id", "artifact_digest", "source", "metrics", "seconds")
    return Fitted(**{name: entry[name] for name in names}, **entry["chosen"], reused=True)


def _record(workspace: Workspace, model: str, fitted: Fitted) -> None:
    def decision(state: State) -> Draft | None:
        known = cast("ModelState", state).training(fitted.training_id) or {}
        if known.get("artifact_digest"):
            return None
        names = ("training_id", "run_id", "artifact_digest", "source", "metrics", "seconds")
        evidence = {name: getattr(fitted, name) for name in names}
        evidence["chosen"] = {"entrypoint": fitted.entrypoint, "params": dict(fitted.params)}
        again = " (the finished run of the same fingerprint)" if fitted.reused else ""
        why = f"fitted {fitted.entrypoint} on {fitted.metrics.get('train_rows', 0):.0f} rows{again}"
        return Draft(Kind.CANDIDATE_TRAINED, "train", why, evidence)

    Ledger.of(workspace).decide(f"model/{model}", decision)
