"""A training that came to nothing, on record: it counts as judged, so that nothing tries it again unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from loopwright.declaration.code import code_digest
from loopwright.errors import LoopwrightError, UserCodeFailed, shown
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.stages.train.question import declaration_digest
from loopwright.verdict import Check, Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.ledger.state import ModelState, State


class TrainingOutdated(UserCodeFailed):
    """The model's code or declaration is no longer what was decided to be trained."""


def record_failure(
    workspace: Workspace,
    model: str,
    entry: Mapping[str, Any],
    fault: LoopwrightError,
    *,
    run_id: str | None,
) -> None:
    """Record that a training failed for good, as a verdict.

    It is no refused candidate, for there was none: the circuit breaker does not count it, and the same question is not
    asked again unchanged anyway.

    :param entry: the training as the ledger has it.
    :param fault: what failed.
    :param run_id: of the failed MLflow run, if it came to one.
    """
    training_id = entry["training_id"]
    why = fault.what if fault.got is None else f"{fault.what} {fault.got}"
    check = Check("trained", Outcome.FAIL, shown(why), observed=fault.to_dict())
    digests = {"data": entry["data_digest"], "code": entry["code_digest"], "declaration": entry["declaration_digest"]}
    verdict = Verdict("gate", f"model/{model}", (check,), digests=digests)

    def decision(state: State) -> Draft | None:
        now = cast("ModelState", state).training(training_id) or {}
        if now.get("verdict"):
            return None
        evidence = {
            "training_id": training_id,
            "run_id": run_id,
            "artifact_digest": now.get("artifact_digest"),
            "verdict": verdict.to_dict(),
            "refused": False,
            "champion": None,
        }
        return Draft(Kind.GATE_DECIDED, "train", verdict.why(), evidence)

    Ledger.of(workspace).decide(f"model/{model}", decision)


def require_as_decided(
    workspace: Workspace, spec: ModelSpec, entry: Mapping[str, Any], *, code: Path | None = None
) -> None:
    """Refuse to go on with a training when what it was decided for is no longer what is there.

    It is recorded as failed, so that the next decision is free.

    :param code: the model's folder, where its code matters still.
    :raises TrainingOutdated: if the declaration, or the code, is another.
    """
    found = {"declaration_digest": declaration_digest(spec)} | ({"code_digest": code_digest(code)} if code else {})
    changed = [name for name, digest in found.items() if digest != entry[name]]
    if not changed:
        return
    fault = TrainingOutdated(
        f"The model's {' and '.join(name.removesuffix('_digest') for name in changed)} changed after this training"
        " was decided.",
        where=f"model {spec.name}, training {entry['training_id']}",
        got=found[changed[0]],
        allowed=entry[changed[0]],
        mend="Decide again: what changed makes a training of its own.",
    )
    record_failure(workspace, spec.name, entry, fault, run_id=entry.get("run_id"))
    raise fault


def require_open(entry: Mapping[str, Any]) -> None:
    """Refuse a training that already failed.

    :raises UserCodeFailed: saying what it failed of.
    """
    if _failed(entry):
        raise UserCodeFailed(
            "This training failed before, and would again.",
            where=f"training {entry['training_id']}",
            got=entry["verdict"]["why"],
            mend="Correct what it says, then decide again: that makes a training of its own.",
        )


def _failed(entry: Mapping[str, Any]) -> bool:
    checks = (entry.get("verdict") or {}).get("checks") or []
    return any(check["name"] == "trained" and check["outcome"] == Outcome.FAIL.value for check in checks)
