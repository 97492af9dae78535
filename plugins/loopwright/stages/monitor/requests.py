"""What a verdict asks for, as declared: a training, or a roll back. Pure; whether to train, train decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from loopwright.ledger.events import Draft, Kind
from loopwright.verdict import Outcome

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec
    from loopwright.ledger.state import ModelState
    from loopwright.stages.monitor.judging import Seen
    from loopwright.verdict import Verdict

ASKS = {Kind.RETRAIN_REQUESTED: "retrain", Kind.ROLLBACK_REQUESTED: "rollback"}


def requests(
    model: ModelSpec, state: ModelState, seen: Seen, verdict: Verdict, before: Mapping[str, Any], actor: str
) -> list[Draft]:
    """Return a request for each check that newly failed; of a version that is champion no more nothing is asked.

    :param model: the model's declaration.
    :param state: the model's state.
    :param seen: what was seen of the batch.
    :param verdict: what it came to.
    :param before: the record of the same batch and version, if it was concluded before.
    :param actor: who asks.
    """
    if (state.champion or {}).get("version") != seen.version:
        return []
    checks = (before.get("verdict") or {}).get("checks", [])
    known = {check["name"] for check in checks if check["outcome"] == Outcome.FAIL.value}
    failed = [c for c in verdict.checks if c.required and c.outcome is Outcome.FAIL and c.name not in known]
    asked = [(check, kind) for check in failed if (kind := _kind(model, state, check.name))]
    return [
        Draft(kind, actor, check.why, {"because": check.name, "batch_id": seen.batch_id, "version": seen.version})
        for check, kind in asked
        if not _is_open(state, ASKS[kind], check.name, seen.version)
    ]


def _kind(model: ModelSpec, state: ModelState, name: str) -> Kind | None:
    performance = model.monitor.performance if model.monitor else None
    wants_back = name == "performance" and performance is not None and performance.request == "rollback"
    if wants_back and state.previous:
        return Kind.ROLLBACK_REQUESTED
    return Kind.RETRAIN_REQUESTED if name in model.retrain.on else None


def _is_open(state: ModelState, what: str, because: str, version: str) -> bool:
    asked = state.request(what) or {}
    return (asked.get("because"), asked.get("version")) == (because, version)
