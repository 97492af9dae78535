"""Which versions may go: never one that was champion, nor one that waits or that an alias names, nor a young one.

A version is taken out of the ledger's reach first and out of the registry then, so that whoever was killed in between
leaves something that the next clean-up still finds.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any

from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.state import natural
from loopwright.ledger.store import Ledger

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.ledger.state import ModelState, State


def removable(model: ModelSpec, state: ModelState, now: datetime, aliased: Collection[str] = frozenset()) -> list[str]:
    """Return the versions that the declared retention has no more use for, oldest first.

    :param model: the model's declaration.
    :param state: the model's state.
    :param now: the present.
    :param aliased: versions that an alias of the registry's names, whosever it is: somebody may serve by it.
    """
    keep = model.release.keep
    versions = state.under("version").items()
    idle = [version for version, entry in versions if version not in aliased and _is_idle(state, version, entry)]
    beyond = sorted(idle, key=natural)[: max(len(idle) - keep.versions, 0)]
    return [v for v in beyond if now - datetime.fromisoformat(_registered_at(state, v)) >= keep.age]


def remove_version(workspace: Workspace, model: ModelSpec, version: str, *, actor: str, now: datetime) -> bool:
    """Remove one version, if it still may go.

    :param actor: who removes it.
    :param now: the present.
    :return: whether it is gone; not where an alias names it.
    :raises TrackingUnavailable: if the registry cannot be reached; the next clean-up goes on from there.
    """
    from loopwright.tracking import Tracking

    ledger, subject = Ledger.of(workspace), f"model/{model.name}"
    aliased = set(Tracking.of(workspace).aliases_of(model.name).values())
    if version in aliased:
        return False

    def decide(state: State) -> Draft | None:
        if version not in removable(model, state, now, aliased):  # type: ignore[arg-type]
            return None
        why = f"It was never champion, and {model.release.keep.versions} newer ones are kept."
        return Draft(Kind.VERSION_REMOVED, actor, why, {"version": version})

    ledger.decide(subject, decide)
    state = ledger.model(model.name)
    entry = state.version(version) or {}
    if entry.get("status") != "removed":
        return False
    others = [e for v, e in state.under("version").items() if v != version and e["status"] != "removed"]
    run = entry.get("run_id")
    Tracking.of(workspace).delete_version(
        model.name, version, run_id=None if any(e.get("run_id") == run for e in others) else run
    )
    return True


def half_removed(workspace: Workspace, model: ModelSpec) -> list[str]:
    """Return the versions that are gone by the ledger and not by the registry, as a killed clean-up leaves them."""
    from loopwright.tracking import Tracking

    state = Ledger.of(workspace).model(model.name)
    removed = [version for version, entry in state.under("version").items() if entry["status"] == "removed"]
    there = set(Tracking.of(workspace).versions_of(model.name)) if removed else set()
    return [version for version in sorted(removed, key=natural) if version in there]


def _is_idle(state: ModelState, version: str, entry: dict[str, Any]) -> bool:
    named = {*state.lineage, state.get("candidate"), (state.release or {}).get("version")}
    return "since" not in entry and version not in named and entry["status"] not in {"removed", "adopted"}


def _registered_at(state: ModelState, version: str) -> str:
    return str((state.version(version) or {})["registered_at"])
