"""Train a version again from what was recorded, and say whether the same comes out; and if not, why that may be.

Rows come from the recorded versions of the table, code from the artifact's own copy, parameters, entrypoint and seed
from the ledger, the declaration from the run. Nothing is registered and nothing can be released of it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import ValidationError

from loopwright.declaration import ModelSpec, Project
from loopwright.declaration.code import code_of
from loopwright.declaration.quoting import copied
from loopwright.errors import NotReady, shown_names
from loopwright.lake import Lake
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.serving import Predictor, artifact
from loopwright.serving.kept import TRAINED_ROWS
from loopwright.serving.rehearsal_process import difference
from loopwright.serving.served import CARD, CODE, ESTIMATOR, answered, conformed
from loopwright.stages.release import golden_of, golden_sample, judged_files, known_version
from loopwright.stages.train.environment import environment_of, requirements_of
from loopwright.stages.train.learning import learn
from loopwright.stages.train.question import declaration_digest
from loopwright.stages.train.seen import identities
from loopwright.stages.train.snapshot import learnable, rows_of, versions_of
from loopwright.tracking import Tracking

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.declaration import Workspace

Outcome = Literal["identical", "within_tolerance", "different", "erased"]
_ENVIRONMENT = "environment.json"
_UNKNOWN = "rows, code, parameters, seed and environment are as recorded: the training itself is not deterministic"


@dataclass(frozen=True)
class Reproduction:
    """What came of training a version again.

    :param model: the model's name.
    :param version: the version.
    :param outcome: ``identical`` bytes of the estimator, answers ``within_tolerance``, or ``different``;
        ``erased`` where a person's rows were erased on request, so that nobody can train it again.
    :param rows: rows that both were asked about.
    :param differ: rows that got another answer.
    :param largest: the largest difference of a number, within the tolerance or not; ``None`` where none differs.
    :param tolerance: how far an answer may be from the recorded one, relative to it, as declared today.
    :param reasons: what is not as it was, a sentence each.
    :param seconds: how long it took.
    """

    model: str
    version: str
    outcome: Outcome
    rows: int
    differ: int
    largest: float | None
    tolerance: float
    reasons: tuple[str, ...]
    seconds: float

    @property
    def why(self) -> str:
        """One sentence."""
        most = f", by {self.largest:.3g} at most" if self.largest else ""
        said = {
            "identical": "the same estimator came out, byte for byte",
            "within_tolerance": f"other bytes; {self.rows} rows got the same answers within {self.tolerance:g}{most}",
            "erased": "it cannot be trained again",
            "different": f"{self.differ} of {self.rows} rows got another answer, beyond {self.tolerance:g}{most}",
        }[self.outcome]
        known = self.reasons or (() if self.outcome != "different" else (_UNKNOWN,))
        return said + (f" ({'; '.join(known)})" if known else "")

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**asdict(self), "reasons": list(self.reasons), "why": self.why}


def reproduce(workspace: Workspace, model: str, version: str, *, actor: str = "reproduce") -> Reproduction:
    """Train a version again, compare, and record what came of it.

    :param workspace: where everything is.
    :param model: the model's name.
    :param version: a version that the loop trained.
    :param actor: who asks for it.
    :raises UnknownName: if there is no such version, or its run was deleted in MLflow.
    :raises NotReady: if it was not trained by the loop, so that nothing is recorded to train it from.
    :raises ArtifactTampered: if its files are not those that were judged.
    :raises TrackingUnavailable: if MLflow cannot be asked what was recorded; run again.
    """
    started = time.monotonic()
    ledger, tracking = Ledger.of(workspace), Tracking.of(workspace)
    state = ledger.model(model)
    entry = known_version(state, version)
    training = state.training(entry["training_id"])
    if training is None or "chosen" not in training:
        raise NotReady(
            "What this version was trained from is not on record.",
            where=f"{state.subject}, version {version}",
            got=f"a version that is {entry['status']}",
            mend="Only what the loop trained itself can be trained again.",
        )
    today = Project.at(workspace.project).model(model)
    if why := _erased(workspace, today.dataset, entry, training):
        tolerance, seconds = today.release.reproduce_tolerance, time.monotonic() - started
        return _told(ledger, actor, Reproduction(model, version, "erased", 0, 0, None, tolerance, (why,), seconds))
    with TemporaryDirectory(prefix="loopwright-") as scratch:
        files = judged_files(workspace, entry, Path(scratch) / "recorded")
        recorded = _Recorded.of(tracking, entry["run_id"], Path(scratch))  # before hours of training, where it may fail
        spec = _declared(workspace, tracking, entry, model)
        once = _Once(
            workspace, spec, training, files, Path(scratch),
            tolerance=today.release.reproduce_tolerance, golden=golden_of(state, entry),
        )  # fmt: skip
        found = once.again(recorded, entry, version, started)
    return _told(ledger, actor, found)


def _told(ledger: Ledger, actor: str, found: Reproduction) -> Reproduction:
    evidence = {name: value for name, value in found.to_dict().items() if name != "model"}
    draft = Draft(Kind.VERSION_REPRODUCED, actor, f"{found.outcome}: {found.why}", evidence)
    ledger.record(f"model/{found.model}", draft)
    return found


def _erased(workspace: Workspace, dataset: str, entry: Mapping[str, Any], training: Mapping[str, Any]) -> str | None:
    """Return what is gone of a version's training rows since a person's were erased; ``None`` if all can be read.

    Asked only where the ledger says that such rows were: files that are missing for no reason are a fault.
    """
    marks = entry.get("forgotten") or []
    if not marks:
        return None
    lake, labels = Lake.of(workspace), training.get("labels") or {}
    gone = lake.batches(dataset).erased_of(versions_of(training, training["batches"]))
    if labels.get("files"):
        gone += lake.labels(dataset).erased_of(dict.fromkeys(labels["files"], labels["version"]))
    when = shown_names(sorted({mark["at"][:10] for mark in marks}))
    return f"rows of {shown_names(gone)} were erased on request on {when}, and older files with them" if gone else None


@dataclass(frozen=True)
class _Recorded:
    """What the training left beside its artifact; an older one may have left less.

    :param rows: the identities of the rows that it learned from, sorted.
    :param environment: what it ran in.
    """

    rows: np.ndarray | None
    environment: Mapping[str, Any] | None

    @classmethod
    def of(cls, tracking: Tracking, run_id: str, scratch: Path) -> _Recorded:
        """Ask MLflow.

        :raises TrackingUnavailable: if it does not say: that is not that there was nothing.
        """
        rows = (
            np.load(tracking.download(run_id, TRAINED_ROWS, scratch)) if tracking.keeps(run_id, TRAINED_ROWS) else None
        )
        return cls(rows, tracking.read_json(run_id, _ENVIRONMENT) if tracking.keeps(run_id, _ENVIRONMENT) else None)


class _Once:
    """One version, trained once more.

    :param spec: the declaration as it was.
    :param training: as the ledger has it.
    :param files: the recorded artifact.
    :param scratch: a folder to work in.
    :param tolerance: how far an answer may be from the recorded one.
    :param golden: the recorded digest of the rows to ask both about.
    """

    def __init__(
        self,
        workspace: Workspace,
        spec: ModelSpec,
        training: Mapping[str, Any],
        files: Path,
        scratch: Path,
        *,
        tolerance: float,
        golden: str | None,
    ) -> None:
        self.workspace, self.spec, self.training = workspace, spec, training
        self.files, self.scratch = files, scratch
        self.tolerance, self.golden = tolerance, golden
        self.code = files / artifact.MODEL / CODE
        copied(self.code, Project(Path(workspace.project)).model_folder(spec.name))

    def again(self, then: _Recorded, entry: Mapping[str, Any], version: str, started: float) -> Reproduction:
        import pandas as pd

        recorded = artifact.load(self.files, entry["artifact_digest"], Path(self.workspace.project))
        raw = rows_of(self.workspace, self.spec, self.training, self.training["batches"])
        folder, predictor = self._trained(raw)
        asked = pd.read_parquet(golden_sample(self.workspace, entry, self.golden, self.scratch)[0])
        before, now = recorded.predict(asked), predictor.predict(asked)
        differ, _ = difference(before, now, relative=self.tolerance)
        _, largest = difference(before, now, relative=0)
        outcome: Outcome = "different" if differ else "within_tolerance"
        if self._same_bytes(folder):
            outcome = "identical"
        reasons = [*self._rows(then.rows, raw), *self._declaration(), *self._environment(then.environment)]
        return Reproduction(
            self.spec.name, version, outcome, len(asked), differ, largest, self.tolerance, tuple(reasons),
            time.monotonic() - started,
        )  # fmt: skip

    def _trained(self, raw: pd.DataFrame) -> tuple[Path, Predictor]:
        chosen, folder = self.training["chosen"], self.scratch / "again"
        rows = learnable(self.spec, self.code, raw)
        with code_of(self.code):
            learned = learn(self.spec, self.code, rows, chosen["entrypoint"], chosen["params"])
            card = learned.card.to_dict()
            answers = answered(learned.estimator, conformed(rows.features.head(5), card), card)
            digest = artifact.write(
                folder, estimator=learned.estimator, card=learned.card, code=self.code, raw=raw, answers=answers,
                requirements=requirements_of(self.code),
            )  # fmt: skip
        return folder, artifact.load(folder, digest, Path(self.workspace.project))

    def _same_bytes(self, folder: Path) -> bool:
        """Whether estimator and card are the same bytes; MLflow writes the time into those around them."""
        return all(
            (folder / artifact.MODEL / name).read_bytes() == (self.files / artifact.MODEL / name).read_bytes()
            for name in (ESTIMATOR, CARD)
        )

    def _rows(self, before: np.ndarray | None, raw: pd.DataFrame) -> list[str]:
        if before is None:
            return ["which rows it learned from was not recorded"]
        key = Project.at(self.workspace.project).dataset(self.spec.dataset).key
        now = np.sort(identities(raw, key))
        if np.array_equal(before, now):
            return []
        both = len(np.intersect1d(now, before))
        return [f"its rows are not the same: {len(now):,} now, {len(before):,} then, {both:,} in both"]

    def _declaration(self) -> list[str]:
        then = self.training.get("declaration_digest")
        same = then in {None, declaration_digest(self.spec)}
        return [] if same else ["the declaration that is kept with its run is not the one that it was trained by"]

    def _environment(self, then: Mapping[str, Any] | None) -> list[str]:
        if then is None:
            return ["the environment was not recorded"]
        now = json.loads(json.dumps(environment_of(self.code)))
        said = [
            f"{name} is {now[name]} and was {then[name]}" for name in ("python", "machine") if now[name] != then[name]
        ]
        moved = sorted(set(now["requirements"]) - set(then["requirements"]))
        were = sorted(set(then["requirements"]) - set(now["requirements"]))
        return [
            *said,
            *([f"here is {shown_names(moved) or 'nothing'} for {shown_names(were)}"] if moved or were else []),
        ]


def _declared(workspace: Workspace, tracking: Tracking, entry: Mapping[str, Any], model: str) -> ModelSpec:
    """Return the declaration that the version was trained by; today's where that one cannot be read any more."""
    try:
        return ModelSpec.model_validate(tracking.read_json(entry["run_id"], "declaration.json"))
    except ValidationError:
        return Project.at(workspace.project).model(model)
