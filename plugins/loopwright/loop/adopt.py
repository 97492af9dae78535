"""Take over a champion that a team already has in MLflow, so that the loop's candidates have to compete with it.

The model's own estimator is wrapped with the declared feature code into an artifact like any other: known by a digest,
rehearsed before it is released, scored with, rolled back to. What must stay true: the wrapped model answers what the
model itself answers; and what nobody knows of it is said, on record, and not made up.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from loopwright.declaration import Project
from loopwright.declaration.code import code_of
from loopwright.errors import DataFault, NotReady, UserCodeFailed, shown_names
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.serving import artifact, features_of, known_labels
from loopwright.serving.card import Card
from loopwright.serving.matured import labelled_rows, labels_complete
from loopwright.serving.measures import own_metrics
from loopwright.serving.served import answered, conformed
from loopwright.stages.release import adopt_version
from loopwright.stages.train.environment import imported_modules
from loopwright.stages.train.keeping import keep_reference, keep_rehearsal
from loopwright.tracking import Tracking
from loopwright.tracking.foreign import Foreign, load_foreign

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.declaration import ModelSpec, Workspace
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
    :raises NotReady: if nothing is published yet, or there is a champion already.
    :raises UserCodeFailed: if it cannot be loaded, or the declared features are not those that it takes.
    :raises ReleaseRefused: if it fails its rehearsal.
    """
    spec, ledger = Project.at(workspace.project).model(model), Ledger.of(workspace)
    key = f"adopted-{hashlib.sha256(source.encode()).hexdigest()[:12]}"
    state = ledger.model(model)
    before = next((e for e in state.under("version").values() if e.get("training_id") == key), None)
    _require_place(state, before)
    if before is None:
        before = _registered(workspace, spec, source, key, actor, reason)
    status = adopt_version(workspace, spec, before["version"], actor=actor, reason=reason)
    return Adopted(model, before["version"], source, tuple(before["missing"]), before["primary"], status)


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
    folder = Project.at(workspace.project).model_folder(spec.name)
    with TemporaryDirectory(prefix="loopwright-") as scratch:
        foreign = load_foreign(tracking.uri, source, Path(scratch) / "theirs")
        with tracking.run(spec.name, key=key, name=key, tags={"loopwright.adopted_from": source}) as run_id:
            evidence = _packed(workspace, spec, foreign, batch, raw, folder, Path(scratch), run_id)
    tags = {"loopwright.adopted_from": source, "loopwright.artifact_digest": evidence["artifact_digest"]}
    version = tracking.register(spec.name, run_id=run_id, source=evidence["source"], tags=tags)
    said = {**evidence, "version": version, "run_id": run_id, "training_id": key, "adopted_from": source,
            "batches": [], "holdout": [batch["batch_id"]], "missing": list(MISSING)}  # fmt: skip

    def decide(state: State) -> Draft | None:
        return None if state.get(f"version/{version}") else Draft(Kind.VERSION_ADOPTED, actor, reason, said)

    ledger = Ledger.of(workspace)
    ledger.decide(f"model/{spec.name}", decide)
    return cast("dict[str, Any]", ledger.model(spec.name).version(version))


def _newest(workspace: Workspace, spec: ModelSpec) -> dict[str, Any]:
    published = Ledger.of(workspace).dataset(spec.dataset).published()
    if not published:
        raise NotReady(
            "There are no rows to ask the model about.",
            where=f"dataset/{spec.dataset}",
            mend=f"`loopwright ingest {spec.dataset}` publishes what has arrived.",
        )
    return published[-1]


def _packed(
    workspace: Workspace,
    spec: ModelSpec,
    foreign: Foreign,
    batch: dict[str, Any],
    raw: pd.DataFrame,
    code: Path,
    scratch: Path,
    run_id: str,
) -> dict[str, Any]:
    """Wrap the model, hold the wrapped against itself, and keep with the run what every version's run holds."""
    tracking = Tracking.of(workspace)
    made = features_of(spec, code, raw)
    features = made[_wanted(spec, foreign, made)]
    card = _card(spec, foreign, features, code)
    folder = scratch / "model"
    with code_of(code):
        answers = answered(foreign.estimator, conformed(features, card.to_dict()), card.to_dict())
        digest = artifact.write(
            folder, estimator=foreign.estimator, card=card, code=code, raw=raw.head(5), answers=answers.head(5),
            requirements=foreign.requirements or ["pandas", "scikit-learn", "cloudpickle"],
        )  # fmt: skip
    predictor = artifact.load(folder, digest)
    _require_same(predictor.predict(raw), answers, spec)
    tracking.log_folder(run_id, folder, "model")
    keep_rehearsal(tracking, run_id, spec, raw, predictor)
    keep_reference(tracking, run_id, spec, predictor.features(raw), answers, empty=card.empty)
    dataset = Project.at(workspace.project).dataset(spec.dataset)
    value = _value(spec, code, raw, predictor) if labels_complete(workspace, dataset, batch) else None
    primary = {"metric": spec.gate.primary, "value": value}
    return {"artifact_digest": digest, "source": f"runs:/{run_id}/model", "primary": primary}


def _wanted(spec: ModelSpec, foreign: Foreign, made: pd.DataFrame) -> list[str]:
    wanted = list(foreign.features) if foreign.features is not None else [str(name) for name in made]
    absent = [name for name in wanted if name not in made]
    if absent:
        raise UserCodeFailed(
            "The declared features are not those that the model takes.",
            where=f"include/models/{spec.name}: features",
            got=f"without {shown_names(absent)}",
            allowed=shown_names(wanted),
            mend="Let the feature code make the columns that this model was trained on, under their names.",
        )
    return wanted


def _card(spec: ModelSpec, foreign: Foreign, features: pd.DataFrame, code: Path) -> Card:
    classes: list[Any] = []
    if spec.task != "regression":
        known = getattr(foreign.estimator, "classes_", None)
        if known is None:
            raise UserCodeFailed(
                "The model does not say its classes, so its answers cannot be read.",
                where=f"model/{spec.name}",
                got=type(foreign.estimator).__name__,
                allowed="an estimator with classes_, as scikit-learn's have",
            )
        classes = np.asarray(known).tolist()
    modules = sorted({*imported_modules(code), *spec.train.types, type(foreign.estimator).__module__.partition(".")[0]})
    return Card.of(model=spec.name, task=spec.task, declared=spec.features, features=features, classes=classes,
                   seed=spec.train.seed, modules=modules)  # fmt: skip


def _require_same(wrapped: pd.DataFrame, own: pd.DataFrame, spec: ModelSpec) -> None:
    if not np.array_equal(wrapped["prediction"].to_numpy(), own["prediction"].to_numpy()):
        raise DataFault("Wrapped, the model answers otherwise than by itself.", where=f"model/{spec.name}")


def _value(spec: ModelSpec, code: Path, raw: pd.DataFrame, predictor: Any) -> float | None:
    from loopwright.evaluation.metrics import metric_value

    truth = known_labels(spec, code, raw)
    if not truth.mask.any():
        return None
    answers = predictor.predicted(raw).take(np.flatnonzero(truth.mask))
    with own_metrics(spec, code):
        value = metric_value(spec.gate.primary, truth.values, answers)
    return None if np.isnan(value) else float(value)
