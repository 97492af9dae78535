"""Judge the candidate: it and the champion answer for the same frozen rows, and the gate decides on record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from loopwright.errors import LedgerConflict, NotReady
from loopwright.evaluation import speaks_against
from loopwright.evaluation.page import Judgement, report
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.serving.kept import EVALUATION, GOLDEN
from loopwright.serving.predictor import CANNOT_ANSWER
from loopwright.stages.train.holdout import Holdout
from loopwright.stages.train.looks import asked_before
from loopwright.stages.train.refusing import require_as_decided, require_open
from loopwright.stages.train.snapshot import decided
from loopwright.tracking import Tracking
from loopwright.verdict import Check, Outcome, Verdict

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.ledger.state import ModelState, State


@dataclass(frozen=True)
class Judged:
    """A candidate with its verdict.

    :param training_id: the training.
    :param run_id: its MLflow run.
    :param verdict: every question that was asked.
    :param champion: the version it was compared with; ``None`` when there was none.
    :param report: the page about it, as ``runs:/<run>/<path>``; ``None`` where none was made.
    """

    training_id: str
    run_id: str | None
    verdict: Verdict
    champion: str | None = None
    report: str | None = None

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
    :raises LedgerConflict: if another champion was released meanwhile, or this holdout asked; a retry compares with
        that champion, and at the confidence that is left.
    """
    entry = decided(workspace, model.name, training_id)
    if entry.get("verdict"):
        return _as_recorded(entry)
    _require_fitted(entry)
    require_as_decided(workspace, model, entry)
    champion = Ledger.of(workspace).model(model.name).champion
    found = _judged(workspace, model, entry, champion)
    tracking = Tracking.of(workspace)
    tracking.log_metrics(entry["run_id"], found.metrics)
    tracking.log_json(entry["run_id"], "verdict.json", found.verdict.to_dict())
    tracking.log_text(entry["run_id"], EVALUATION, found.page)
    _record(workspace, model.name, entry, found, champion)
    return _as_recorded(decided(workspace, model.name, training_id))


@dataclass(frozen=True)
class _Found:
    """A verdict that is not on record yet.

    :param metrics: for MLflow.
    :param page: the report for people.
    :param rows: what the ledger keeps of the holdout; ``None`` where nothing was asked of it.
    :param before: the confidences that it was asked with before, as the verdict has it.
    """

    verdict: Verdict
    metrics: Mapping[str, float]
    page: str
    rows: Mapping[str, Any] | None = None
    before: Sequence[float] = ()


def _judged(
    workspace: Workspace, spec: ModelSpec, entry: Mapping[str, Any], champion: Mapping[str, Any] | None
) -> _Found:
    digests = {"artifact": entry["artifact_digest"], "data": entry["data_digest"], "code": entry["code_digest"]}
    digests["declaration"] = entry["declaration_digest"]
    judgement = partial(
        Judgement,
        spec=spec,
        training_id=entry["training_id"],
        champion_version=(champion or {}).get("version"),
        holdout=tuple(entry["holdout"]),
    )
    try:
        holdout = Holdout.of(workspace, spec, entry, champion)
        asked, metrics = holdout.checks(), holdout.metrics()
    except CANNOT_ANSWER as fault:
        check = Check("answers", Outcome.FAIL, f"the candidate cannot answer: {fault.what}", observed=fault.to_dict())
        verdict = Verdict("gate", f"model/{spec.name}", (check,), spec.gate.on_inconclusive, digests)
        return _Found(verdict, {}, report(judgement(verdict=verdict, truth=np.empty(0), candidate=None)))
    digests[GOLDEN] = holdout.golden
    same = _released_before(Ledger.of(workspace).model(spec.name), entry)
    verdict = Verdict("gate", f"model/{spec.name}", (*asked, *same), spec.gate.on_inconclusive, digests)
    about = judgement(verdict=verdict, truth=holdout.truth, candidate=holdout.ours, champion=holdout.theirs)
    return _Found(verdict, metrics, report(about), holdout.rows, holdout.beside.before)


def _released_before(state: ModelState, entry: Mapping[str, Any]) -> tuple[Check, ...]:
    """Refuse what was released once: registering its run again would overwrite what the lineage rests on."""
    same = [known for known in state.released if known["artifact_digest"] == entry["artifact_digest"]]
    if not same:
        return ()
    last = max(same, key=lambda known: str(known["since"]))
    why = f"the candidate is version {last['version']} ({last['status']}), byte for byte"
    back = "" if last["status"] == "champion" else "; a roll back returns to it"
    return (Check("another", Outcome.FAIL, why + back, observed={"version": last["version"]}),)


def _require_fitted(entry: Mapping[str, Any]) -> None:
    require_open(entry)
    if not entry.get("artifact_digest"):
        raise NotReady(
            "This training was not fitted yet.", where=f"training {entry['training_id']}", mend="Fit it, then judge."
        )


def _as_recorded(entry: Mapping[str, Any]) -> Judged:
    verdict = Verdict.from_dict(entry["verdict"])
    return Judged(entry["training_id"], entry["run_id"], verdict, entry.get("champion"), entry.get("evaluation"))


def _record(
    workspace: Workspace, model: str, entry: Mapping[str, Any], found: _Found, champion: Mapping[str, Any] | None
) -> None:
    version, verdict = champion["version"] if champion else None, found.verdict
    evidence = {
        "training_id": entry["training_id"],
        "run_id": entry["run_id"],
        "artifact_digest": entry["artifact_digest"],
        "verdict": verdict.to_dict(),
        "refused": verdict.refused,
        "counts": speaks_against(verdict),
        "champion": version,
        "evaluation": f"runs:/{entry['run_id']}/{EVALUATION}",
        "held_rows": found.rows,
    }

    def decision(state: State) -> Draft | None:
        now = cast("ModelState", state)
        if (now.training(entry["training_id"]) or {}).get("verdict"):
            return None
        _require_same_champion(now, version)
        if found.rows is not None:
            _require_same_looks(now, entry, version, found.rows, found.before)
        return Draft(Kind.GATE_DECIDED, "gate", verdict.why(), evidence)

    Ledger.of(workspace).decide(f"model/{model}", decision)


def _require_same_champion(now: ModelState, version: str | None) -> None:
    if (now.champion or {}).get("version") != version:
        raise LedgerConflict(
            "Another champion was released while this candidate was judged.",
            where=now.subject,
            got=(now.champion or {}).get("version"),
            allowed=version,
            mend="Run again: it is compared with the new one.",
        )


def _require_same_looks(
    now: ModelState, entry: Mapping[str, Any], version: str | None, rows: Mapping[str, Any], before: Sequence[float]
) -> None:
    """Refuse a verdict whose confidence another verdict on the same holdout spent meanwhile."""
    found = asked_before(now, entry, version, rows)
    if sorted(found) != sorted(before):
        raise LedgerConflict(
            "Another candidate was judged on the same holdout meanwhile.",
            where=now.subject,
            got=f"asked {len(found)} times before",
            allowed=f"asked {len(before)} times before",
            mend="Run again: it is asked at the confidence that is left.",
        )
