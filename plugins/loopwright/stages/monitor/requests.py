"""What a verdict asks for, as declared: a training, or a roll back; and what is still asked for.

Whether to train, train decides. A request stays open until it is answered, however many events about it are lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.verdict import Outcome

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.ledger.state import ModelState
    from loopwright.stages.monitor.judging import Seen
    from loopwright.verdict import Verdict

ASKS = {Kind.RETRAIN_REQUESTED: "retrain", Kind.ROLLBACK_REQUESTED: "rollback"}


@dataclass(frozen=True)
class OpenRequest:
    """A request that nobody has answered yet.

    :param request: ``retrain`` or ``rollback``.
    :param because: ``drift``, ``performance`` or ``person``.
    :param reason: one sentence.
    :param version: the version that it is about.
    :param batch_id: the batch that showed it, if one did.
    """

    request: str
    because: str
    reason: str
    version: str | None
    batch_id: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


def open_request(workspace: Workspace, model: ModelSpec, what: Literal["retrain", "rollback"]) -> OpenRequest | None:
    """Return a request that is still open.

    :param workspace: where the ledger is.
    :param model: the model's declaration.
    :param what: asked for.
    """
    found = Ledger.of(workspace).model(model.name).request(what)
    if found is None:
        return None
    return OpenRequest(what, found["because"], found["reason"], found.get("version"), found.get("batch_id"))


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
