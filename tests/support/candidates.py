"""Candidates made by hand, for the tests of release, score and monitor: what training leaves, without training.

It leaves what the stage *train* leaves (run, artifact, samples, events), of a model fitted in a hundredth of a second.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from loopwright.declaration import ModelSpec, Project, Workspace
from loopwright.evaluation.metrics import metric_value
from loopwright.lake import Lake
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.serving import artifact, features_of, known_labels
from loopwright.serving.card import Card
from loopwright.serving.kept import GOLDEN, golden_digest
from loopwright.tracking import Tracking
from loopwright.verdict import Check, Outcome, Verdict


def candidate(
    workspace: Workspace,
    model: ModelSpec,
    batches: list[str],
    holdout: list[str],
    *,
    estimator: Any = None,
    gate: Outcome = Outcome.PASS,
    ask: bool = False,
    kept_rows: int = 50,
    expected_shift: float = 0.0,
    against: str | bool | None = True,
) -> str:
    """Train, judge and register a version as the stage *train* would.

    :param estimator: to fit; a logistic regression when left out.
    :param gate: what the gate said.
    :param kept_rows: rows kept for the rehearsal.
    :param expected_shift: makes the answers kept for the rehearsal wrong by so much.
    :param against: the champion it was compared with; the present one when left out.
    :return: the version.
    """
    ledger, tracking = Ledger.of(workspace), Tracking.of(workspace)
    subject = f"model/{model.name}"
    state = ledger.model(model.name)
    champion = (state.champion or {}).get("version") if against is True else against
    training = f"t{state.sequence:04d}"
    code = Project.at(workspace.project).model_folder(model.name)
    table = Lake.of(workspace).batches(model.dataset)
    rows, held = table.read(batches), table.read(holdout)
    features, known = features_of(model, code, rows), known_labels(model, code, rows)
    fitted = (estimator or make_pipeline(StandardScaler(), LogisticRegression())).fit(
        features[known.mask], known.values
    )
    card = Card.of(model=model.name, task=model.task, declared=model.features, features=features, classes=known.classes)
    with tempfile.TemporaryDirectory() as scratch, tracking.run(model.name, key=training, name=training) as run:
        folder = Path(scratch) / "artifact"
        asked = held.head(max(kept_rows, 2))
        digest = artifact.write(
            folder, estimator=fitted, card=card, code=code, raw=asked, answers=_zeros(asked), requirements=["pandas"]
        )
        predictor = artifact.load(folder, digest)
        tracking.log_folder(run, folder, "model")
        golden = held.head(kept_rows)
        answers = predictor.predict(golden)
        if expected_shift:
            answers["score"] += expected_shift
        kept = [
            _keep(tracking, run, Path(scratch), "rehearsal", "rows", golden),
            _keep(tracking, run, Path(scratch), "rehearsal", "expected", answers),
        ]
        digests = {GOLDEN: golden_digest(*kept)}
        reference = pd.concat([features, predictor.predict(rows)], axis=1)
        _keep(tracking, run, Path(scratch), "reference", "features", reference)
        truth = known_labels(model, code, held)
        value = metric_value(
            model.gate.primary, truth.values, predictor.predicted(held).take(np.flatnonzero(truth.mask))
        )
    source = f"runs:/{run}/model"
    checks = (Check("threshold", gate, f"it is {gate.value}"),)
    verdict = Verdict("gate", subject, checks, digests=digests).to_dict()
    decided = {
        "train": True, "training_id": training, "reasons": ["person"], "brakes": [], "fingerprint": training,
        "batches": batches, "holdout": holdout, "data_version": table.version(), "data_digest": "0", "code_digest": "0",
        "declaration_digest": "0", "params": {}, "seen": [*batches, *holdout],
    }  # fmt: skip
    judged = {"training_id": training, "run_id": run, "artifact_digest": digest}
    record = lambda kind, evidence: ledger.record(subject, Draft(kind, "train", kind.value, evidence))  # noqa: E731
    record(Kind.TRAINING_DECIDED, decided)
    record(Kind.CANDIDATE_TRAINED, {**judged, "source": source, "metrics": {model.gate.primary: value}, "seconds": 0.1})
    record(Kind.GATE_DECIDED, {**judged, "verdict": verdict, "refused": gate is Outcome.FAIL, "champion": champion})
    version = tracking.register(model.name, run_id=run, source=source, tags={})
    primary = {"metric": model.gate.primary, "value": value}
    registered = {**judged, "version": version, "source": source, "primary": primary, "ask": ask}
    record(Kind.CANDIDATE_REGISTERED, {**registered, "batches": batches, "holdout": holdout})
    return version


def _zeros(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"prediction": [True] * len(rows), "score": [0.5] * len(rows)})


def _keep(tracking: Tracking, run: str, scratch: Path, folder: str, name: str, frame: pd.DataFrame) -> Path:
    path = scratch / f"{name}.parquet"
    frame.to_parquet(path)
    tracking.log_file(run, path, folder)
    return path
