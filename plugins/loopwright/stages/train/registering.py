"""Register the candidate: only what passed the gate, what a person overrode or is to be asked about; once a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, cast

from loopwright.errors import NotReady
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.stages.train.snapshot import decided
from loopwright.tracking import Tracking
from loopwright.verdict import Check, OnInconclusive, Outcome, Verdict

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.ledger.state import ModelState, State

_RELEASED = "another"
"""As the gate calls it when it finds what was released once."""


@dataclass(frozen=True)
class Candidate:
    """A registered version that waits for its release.

    :param model: the model's name.
    :param version: in the registry.
    :param run_id: the MLflow run that made it.
    :param training_id: the training that it came from.
    :param ask: whether the gate could not tell, so that a person must.
    """

    model: str
    version: str
    run_id: str
    training_id: str
    ask: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


def register_candidate(workspace: Workspace, model: ModelSpec, training_id: str) -> Candidate:
    """Register a judged candidate, or return the version it has.

    :param workspace: where everything is.
    :param model: the model's declaration.
    :param training_id: as :func:`decide_training` gave it.
    :raises NotReady: if it was not judged yet, or did not pass, or a newer candidate is registered already.
    """
    entry = decided(workspace, model.name, training_id)
    ask = _require_judged(entry)
    if entry.get("version"):
        return Candidate(model.name, entry["version"], entry["run_id"], training_id, ask)
    tags = {name: str(entry[name]) for name in ("training_id", "artifact_digest", "data_digest", "code_digest")}
    tags["verdict"] = entry["verdict"]["outcome"]
    if entry.get("override"):
        tags["override"] = f"{entry['override']['by']}: {entry['override']['why']}"
    version = Tracking.of(workspace).register(
        model.name,
        run_id=entry["run_id"],
        source=entry["source"],
        tags={f"loopwright.{name}": value for name, value in tags.items()},
        taken=Ledger.of(workspace).model(model.name).taken(entry["run_id"]),
    )
    _record(workspace, model, entry, version, ask)
    return Candidate(model.name, version, entry["run_id"], training_id, ask)


def _require_judged(entry: Mapping[str, Any]) -> bool:
    """Return whether a person is to be asked.

    :raises NotReady: if there is no verdict, or one that lets nothing through.
    """
    where = f"training {entry['training_id']}"
    if not entry.get("verdict"):
        raise NotReady("This candidate was not judged yet.", where=where, mend="Judge it, then register.")
    verdict = Verdict.from_dict(entry["verdict"])
    ask = verdict.outcome is Outcome.INCONCLUSIVE and verdict.on_inconclusive is OnInconclusive.ASK
    if not (verdict.passed or ask or entry.get("override")) or not entry.get("artifact_digest"):
        raise NotReady("This candidate did not pass the gate.", where=where, got=verdict.why())
    return ask


def _record(workspace: Workspace, spec: ModelSpec, entry: Mapping[str, Any], version: str, ask: bool) -> None:
    measured: dict[str, Any] = next((c for c in entry["verdict"]["checks"] if c["name"] == "measured"), {})
    found: dict[str, Any] = measured.get("observed") or {}
    evidence = {
        **{name: entry[name] for name in ("training_id", "run_id", "artifact_digest", "source", "batches", "holdout")},
        "version": version,
        "primary": {
            "metric": spec.gate.primary,
            "value": found.get("point"),
            **{name: found.get(name) for name in ("low", "high", "n", "confidence")},
        },
        "ask": ask,
        **({"override": entry["override"]} if entry.get("override") else {}),
    }

    def decision(state: State) -> list[Draft]:
        now = cast("ModelState", state)
        if (now.training(entry["training_id"]) or {}).get("version"):
            return []
        _require_newest(now, entry)
        if _was_released(now, version):
            return _closing(spec, entry)
        why = f"version {version} of run {entry['run_id']}" + (", for a person to decide" if ask else "")
        return [*_superseding(now, version), Draft(Kind.CANDIDATE_REGISTERED, "train", why, evidence)]

    ledger = Ledger.of(workspace)
    ledger.decide(f"model/{spec.name}", decision)
    _require_never_released(ledger.model(spec.name), entry, version)


def _closing(spec: ModelSpec, entry: Mapping[str, Any]) -> list[Draft]:
    """Take the gate's yes back, once: nothing is left to do for this training, and it must not be resumed for ever."""
    verdict = Verdict.from_dict(entry["verdict"])
    if any(check.name == _RELEASED and check.outcome is Outcome.FAIL for check in verdict.checks):
        return []
    check = Check(_RELEASED, Outcome.FAIL, "the candidate's version was released since the gate said yes")
    verdict = Verdict(
        verdict.stage, f"model/{spec.name}", (*verdict.checks, check), verdict.on_inconclusive, verdict.digests
    )
    kept = ("training_id", "run_id", "artifact_digest", "champion", "evaluation")
    evidence = {name: entry.get(name) for name in kept} | {"verdict": verdict.to_dict(), "refused": False}
    return [Draft(Kind.GATE_DECIDED, "train", verdict.why(), evidence)]


def _superseding(state: ModelState, version: str) -> list[Draft]:
    waiting = state.get("candidate")
    if not waiting or waiting == version:
        return []
    why = f"Version {version}, which is newer, takes its place."
    return [Draft(Kind.CANDIDATE_SUPERSEDED, "train", why, {"version": waiting, "by_version": version})]


def _require_newest(state: ModelState, entry: Mapping[str, Any]) -> None:
    waiting = state.candidate
    newer = (state.training(waiting["training_id"]) or {}).get("sequence", 0) if waiting else 0
    if waiting and newer > entry["sequence"]:
        raise NotReady(
            "A candidate of a newer training is registered already.",
            where=f"model/{state.subject.partition('/')[2]}",
            got=f"training {entry['training_id']}",
            allowed=f"version {waiting['version']} of training {waiting['training_id']}",
        )


def _was_released(state: ModelState, version: str) -> bool:
    """Tell whether a version was champion: an earlier training's run, found again, has that training's version."""
    return "since" in (state.version(version) or {})


def _require_never_released(state: ModelState, entry: Mapping[str, Any], version: str) -> None:
    """Refuse what was champion before this training came to it: its entry is kept as it is."""
    registered = (state.training(entry["training_id"]) or {}).get("version")
    if not registered and _was_released(state, version):
        raise NotReady(
            "This candidate's version was released before.",
            where=state.subject,
            got=f"version {version}, which is {(state.version(version) or {}).get('status')}",
            mend="Roll back to it, or change what it is trained from.",
        )
