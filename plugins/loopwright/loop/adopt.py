"""Take over a champion that a team already has in MLflow, so that the loop's candidates have to compete with it.

The model's own estimator is wrapped with the declared feature code into an artifact like any other: known by a digest,
rehearsed before it is released, scored with, rolled back to. What must stay true: its digest is on record before
anything of it is loaded, and that happens in a process of its own; the wrapped model answers what the model itself
answers; and what nobody knows of it is said, on record, and not made up.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from loopwright.declaration import Project
from loopwright.declaration.sensitive import readable, shy_of
from loopwright.errors import ArtifactTampered, DataFault, NotReady, UserCodeFailed, shown
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.serving import adoption_process, artifact_digest, known_labels
from loopwright.serving.artifact import strip_uncovered
from loopwright.serving.kept import GOLDEN
from loopwright.serving.matured import labelled_rows, labels_complete
from loopwright.serving.measures import own_metrics
from loopwright.serving.predictor import arrays_of
from loopwright.stages.release import FreshProcess, adopt_version
from loopwright.stages.train.environment import imported_modules
from loopwright.stages.train.samples import draw_rehearsal, keep_golden, keep_reference
from loopwright.tracking import Tracking

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.evaluation.predicted import Predicted
    from loopwright.ledger.state import ModelState, State

MISSING = (
    "which rows it learned from, so that it may know the rows it is compared on",
    "which code, parameters and seed it was trained with",
    "what a gate would have said of it",
)
"""What the loop knows of every version of its own, and of none that it took over."""


@dataclass(frozen=True)
class Adopted:
    """A champion that was taken over.

    :param model: the model's name.
    :param version: the version that is champion now.
    :param source: where it came from.
    :param missing: what is not known of it.
    :param primary: metric and value on the newest batch.
    :param status: ``adopted``, or ``unchanged`` when it had been.
    """

    model: str
    version: str
    source: str
    missing: tuple[str, ...]
    primary: dict[str, Any]
    status: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**asdict(self), "missing": list(self.missing)}


def adopt(workspace: Workspace, model: str, source: str, *, actor: str, reason: str) -> Adopted:
    """Make a model of the team's own the champion.

    :param workspace: where everything is; a batch must be published, to ask the model about.
    :param model: the declared model's name.
    :param source: ``models:/name/3``, ``models:/name@alias`` or ``runs:/id/path``.
    :param actor: who takes it over, as an actor.
    :param reason: why.
    :raises DataFault: if the source is none of these.
    :raises NotReady: if nothing is published yet, or there is a champion already.
    :raises UserCodeFailed: if it cannot be loaded, or the declared features are not those that it takes.
    :raises ReleaseRefused: if it fails its rehearsal.
    """
    _require_source(source)
    spec, ledger = Project.at(workspace.project).model(model), Ledger.of(workspace)
    key = f"adopted-{hashlib.sha256(source.encode()).hexdigest()[:12]}"
    state = ledger.model(model)
    before = next((e for e in state.under("version").values() if e.get("training_id") == key), None)
    _require_place(state, before)
    if before is None:
        before = _registered(workspace, spec, source, key, actor, reason)
    status = adopt_version(workspace, spec, before["version"], actor=actor, reason=reason)
    return Adopted(model, before["version"], source, tuple(before["missing"]), before["primary"], status)


_SOURCE = re.compile(r"models:/[^/@]+(/\d+|@[^/@]+)|models:/m-[0-9a-f]+|runs:/[^/]+/.+")


def _require_source(source: str) -> None:
    if not _SOURCE.fullmatch(source):
        raise DataFault(
            "This does not say which model of MLflow's is taken over.",
            where="--from",
            got=shown(source),
            allowed="models:/NAME/3, models:/NAME@champion, runs:/ID/model",
        )


def _require_place(state: ModelState, before: dict[str, Any] | None) -> None:
    champion = state.champion
    if champion and (before is None or champion["version"] != before["version"]):
        raise NotReady(
            "There is a champion already; what is taken over takes nobody's place.",
            where=state.subject,
            got=f"version {champion['version']}",
            mend="Let candidates compete with it, or roll back to an earlier champion.",
        )


def _registered(
    workspace: Workspace, spec: ModelSpec, source: str, key: str, actor: str, reason: str
) -> dict[str, Any]:
    tracking, batch = Tracking.of(workspace), _newest(workspace, spec)
    raw = labelled_rows(workspace, spec, batch)
    with TemporaryDirectory(prefix="loopwright-") as scratch:
        files = tracking.download_source(source, Path(scratch) / "theirs" / "model")
        digest = artifact_digest(files)
        strip_uncovered(files)
        _begin(workspace, spec, key, actor, reason, {"source": source, "digest": digest})
        into = Path(scratch) / "ours"
        into.mkdir()
        wrapped = _wrapped(workspace, spec, files, digest, raw, into)
        with tracking.run(spec.name, key=key, name=key, tags={"loopwright.adopted_from": source}) as run_id:
            evidence = _kept(workspace, spec, batch, raw, into, wrapped, run_id)
    tags = {"loopwright.adopted_from": source, "loopwright.artifact_digest": evidence["artifact_digest"]}
    taken = Ledger.of(workspace).model(spec.name).taken(run_id)
    version = tracking.register(spec.name, run_id=run_id, source=evidence["source"], tags=tags, taken=taken)
    said = {**evidence, "version": version, "run_id": run_id, "training_id": key, "adopted_from": source,
            "source_digest": digest, "batches": [], "holdout": [batch["batch_id"]],
            "missing": list(MISSING)}  # fmt: skip

    def decide(state: State) -> Draft | None:
        return None if state.get(f"version/{version}") else Draft(Kind.VERSION_ADOPTED, actor, reason, said)

    ledger = Ledger.of(workspace)
    ledger.decide(f"model/{spec.name}", decide)
    return cast("dict[str, Any]", ledger.model(spec.name).version(version))


def _begin(workspace: Workspace, spec: ModelSpec, key: str, actor: str, reason: str, what: dict[str, str]) -> None:
    """Record which bytes are taken over before anything of them is loaded; the same again is nothing new."""

    def decide(state: State) -> Draft | None:
        same = (state.get(f"adoption/{key}") or {}).get("digest") == what["digest"]
        return None if same else Draft(Kind.ADOPTION_BEGUN, actor, reason, {"key": key, **what})

    Ledger.of(workspace).decide(f"model/{spec.name}", decide)


def _newest(workspace: Workspace, spec: ModelSpec) -> dict[str, Any]:
    published = Ledger.of(workspace).dataset(spec.dataset).published()
    if not published:
        raise NotReady(
            "There are no rows to ask the model about.",
            where=f"dataset/{spec.dataset}",
            mend=f"`loopwright ingest {spec.dataset}` publishes what has arrived.",
        )
    return published[-1]


def _wrapped(
    workspace: Workspace, spec: ModelSpec, files: Path, digest: str, raw: pd.DataFrame, into: Path
) -> dict[str, Any]:
    """Have the model loaded, wrapped and asked in a process of its own; files are left in ``into``."""
    project = Project.at(workspace.project)
    code, unshown = project.model_folder(spec.name), readable(project.dataset(spec.dataset))
    raw.to_parquet(into / adoption_process.RAW)
    draw_rehearsal(spec, raw, into / adoption_process.GOLDEN_ROWS, unshown=unshown)
    question = {
        "files": str(files), "digest": digest, "into": str(into), "code": str(code.resolve()),
        "spec": spec.model_dump(mode="json", exclude={"release"}),
        "modules": sorted({*imported_modules(code), *spec.train.types}), "unshown": shy_of(raw.columns, unshown),
    }  # fmt: skip
    where = f"model/{spec.name}"
    with FreshProcess(workspace, where, module=adoption_process.MODULE) as process:
        answer = process.answer(question, spec.release.rehearsal_timeout.total_seconds())
    fault = answer.get("fault")
    if fault:
        parts = {name: fault.get(name) for name in ("where", "got", "allowed", "mend")}
        known = {"ArtifactTampered": ArtifactTampered, "DataFault": DataFault}
        raise known.get(fault["type"], UserCodeFailed)(fault["what"], **{"where": where, **_said(parts)})
    figures: dict[str, Any] = answer["figures"]
    return figures


def _said(parts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parts.items() if value is not None}


def _kept(
    workspace: Workspace,
    spec: ModelSpec,
    batch: dict[str, Any],
    raw: pd.DataFrame,
    into: Path,
    wrapped: dict[str, Any],
    run_id: str,
) -> dict[str, Any]:
    """Keep with the run what every version's run holds."""
    import pandas as pd

    tracking, folder = Tracking.of(workspace), into / adoption_process.WRAPPED
    digest = artifact_digest(folder)
    answers, features, expected = (
        pd.read_parquet(into / name)
        for name in (adoption_process.ANSWERS, adoption_process.FEATURES, adoption_process.EXPECTED)
    )
    tracking.log_folder(run_id, folder, "model")
    golden = keep_golden(tracking, run_id, into / adoption_process.GOLDEN_ROWS, expected)
    project = Project.at(workspace.project)
    code, dataset = project.model_folder(spec.name), project.dataset(spec.dataset)
    keep_reference(tracking, run_id, spec, features, answers, empty=wrapped["empty"], unshown=readable(dataset))
    known = labels_complete(workspace, dataset, batch)
    value = _value(spec, code, raw, arrays_of(answers, wrapped["classes"])) if known else None
    primary = {"metric": spec.gate.primary, "value": value}
    return {"artifact_digest": digest, "source": f"runs:/{run_id}/model", "primary": primary, GOLDEN: golden}


def _value(spec: ModelSpec, code: Path, raw: pd.DataFrame, predicted: Predicted) -> float | None:
    from loopwright.evaluation.metrics import metric_value

    truth = known_labels(spec, code, raw)
    if not truth.mask.any():
        return None
    answers = predicted.take(np.flatnonzero(truth.mask))
    with own_metrics(spec, code):
        value = metric_value(spec.gate.primary, truth.values, answers)
    return None if np.isnan(value) else float(value)
