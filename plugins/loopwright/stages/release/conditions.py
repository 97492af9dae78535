"""What must be true of a version at the moment it becomes champion: pure questions to the ledger's state.

Asked again inside the transaction that records the intent, so that nothing which changed since can be overlooked. What
was not judged is not released.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from loopwright.errors import DataFault, UnknownName, shown_names
from loopwright.ledger.state import natural
from loopwright.stages.release.consent import is_needed, missing
from loopwright.verdict import Check, Outcome, Verdict

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec
    from loopwright.ledger.state import ModelState


class ReleaseRefused(DataFault):
    """A release that must not be: something it has to rest on is missing, failed, or is no longer true."""


def known_version(state: ModelState, version: str) -> Mapping[str, Any]:
    """Return what the ledger knows of a version.

    :raises UnknownName: if it was never registered by the loop; the nearest is said.
    """
    entry: Mapping[str, Any] | None = state.get(f"version/{version}")
    if entry is None:
        known = sorted(state.under("version"), key=natural)
        near = get_close_matches(version, known, n=1)
        raise UnknownName(
            f"There is no version {version!r}.",
            where=state.subject,
            allowed=shown_names(known) or "none is registered yet",
            mend=f"Did you mean {near[0]!r}?" if near else None,
        )
    return entry


def ready(model: ModelSpec, state: ModelState, version: str, *, now: datetime | None = None) -> Verdict:
    """Ask everything that a promotion rests on.

    :param model: the model's declaration.
    :param state: the model's state now.
    :param version: the version to promote.
    :param now: the present, when it is not now.
    """
    entry = known_version(state, version)
    training = state.training(entry["training_id"]) or {}
    checks = (
        _candidate(state, entry),
        _gate(entry, training),
        _artifact(entry, training),
        compared_with_champion(state, entry),
        _rehearsal(entry),
        _shadow(model, state, entry),
        _approval(model, state, entry, now or datetime.now(UTC)),
    )
    return Verdict("release", state.subject, checks, digests={"artifact": entry["artifact_digest"]})


def compared_with_champion(state: ModelState, entry: Mapping[str, Any]) -> Check:
    """Ask whether the gate compared a version with the champion that is in production now.

    :param state: the model's state now.
    :param entry: the version.
    """
    compared = (state.training(entry["training_id"]) or {}).get("champion")
    champion = (state.champion or {}).get("version")
    same = compared == champion
    why = f"the gate compared it with {_named(compared)}, and production has {_named(champion)}"
    return Check("comparison", _outcome(same), why, compared, champion)


def stale(state: ModelState) -> str | None:
    """Return why the candidate is withdrawn: the gate compared it with another champion. ``None`` when it is not.

    :param state: the model's state.
    """
    if state.release or not state.candidate:
        return None
    check = compared_with_champion(state, state.candidate)
    return None if check.outcome is Outcome.PASS else check.why


def needs_shadow(model: ModelSpec, state: ModelState, entry: Mapping[str, Any]) -> bool:
    """Whether a version has to prove itself beside the champion: declared, and there is another one to be beside.

    :param model: the model's declaration.
    :param state: the model's state now.
    :param entry: the version.
    """
    return model.release.shadow is not None and (state.champion or entry)["version"] != entry["version"]


def is_in_shadow(state: ModelState, entry: Mapping[str, Any]) -> bool:
    """Whether a version's shadow was begun, beside the champion of now; also when it is over.

    :param state: the model's state now.
    :param entry: the version.
    """
    beside = (entry.get("shadow") or {}).get("champion")
    return beside is not None and beside == (state.champion or {}).get("version")


def is_still_to_prove(model: ModelSpec, state: ModelState, entry: Mapping[str, Any]) -> bool:
    """Whether a version has a shadow before it, or is in it: a yes would be about less than it is judged by.

    :param model: the model's declaration.
    :param state: the model's state now.
    :param entry: the version.
    """
    over = (entry.get("shadow") or {}).get("then", "wait") != "wait"
    return needs_shadow(model, state, entry) and not (is_in_shadow(state, entry) and over)


def _named(version: str | None) -> str:
    return f"version {version}" if version else "no champion"


def _outcome(holds: bool) -> Outcome:
    return Outcome.PASS if holds else Outcome.FAIL


def _candidate(state: ModelState, entry: Mapping[str, Any]) -> Check:
    waiting = state.get("candidate")
    why = f"version {entry['version']} is {entry['status']}; waiting for its release is {waiting or 'none'}"
    return Check("candidate", _outcome(waiting == entry["version"]), why, entry["status"], "candidate")


def _gate(entry: Mapping[str, Any], training: Mapping[str, Any]) -> Check:
    if not training.get("verdict"):
        return Check("gate", Outcome.FAIL, "the ledger holds no verdict of the gate about it")
    verdict = Verdict.from_dict(training["verdict"])
    asks = verdict.outcome is Outcome.INCONCLUSIVE and bool(entry.get("ask"))
    why = f"the gate said {verdict.why()}" + ("; a person is asked" if asks else "")
    override = training.get("override") or {}
    why += f"; overridden by {override['by']}: {override['why']}" if override else ""
    return Check("gate", _outcome(verdict.passed or asks or bool(override)), why, verdict.outcome.value, "pass")


def _artifact(entry: Mapping[str, Any], training: Mapping[str, Any]) -> Check:
    same = training.get("artifact_digest") == entry["artifact_digest"]
    why = f"the registered artifact is {'the one' if same else 'not the one'} that was judged"
    return Check("artifact", _outcome(same), why, entry["artifact_digest"], training.get("artifact_digest"))


def _rehearsal(entry: Mapping[str, Any]) -> Check:
    said = entry.get("rehearsal")
    return Check("rehearsal", _outcome(said == "pass"), f"its rehearsal said {said or 'nothing yet'}", said, "pass")


def _shadow(model: ModelSpec, state: ModelState, entry: Mapping[str, Any]) -> Check:
    if not needs_shadow(model, state, entry):
        return Check("shadow", Outcome.NOT_APPLICABLE, "nothing is to be compared in production first")
    said = (entry.get("shadow") or {}) if is_in_shadow(state, entry) else {}
    if not said.get("verdict") or said["then"] == "wait":
        why = "its comparison in production is not over" if said else "it was not compared in production yet"
        return Check("shadow", Outcome.FAIL, why, said.get("then"), "pass")
    verdict = Verdict.from_dict(said["verdict"])
    asks = verdict.outcome is Outcome.INCONCLUSIVE and said["then"] == "ask" and bool(entry.get("ask"))
    why = f"its comparison in production said {verdict.why()}" + ("; a person is asked" if asks else "")
    return Check("shadow", _outcome(verdict.passed or asks), why, verdict.outcome.value, "pass")


def _approval(model: ModelSpec, state: ModelState, entry: Mapping[str, Any], now: datetime) -> Check:
    if not is_needed(model, entry):
        return Check("approval", Outcome.NOT_APPLICABLE, "no person has to be asked")
    said = entry.get("approval") or {}
    why_not = missing(model, state, entry, now)
    return Check(
        "approval", _outcome(why_not is None), why_not or f"{said['by']} approved it", said.get("answer"), "given"
    )
