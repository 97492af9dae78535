"""What :func:`reconcile` would do, and a roll back after it: said, and not done.

What must stay true: nothing is recorded, no alias moves, nobody is told; and what is asked is what is asked when it is
done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.supposing import supposed
from loopwright.stages.release.approval import overdue, unanswered
from loopwright.stages.release.conditions import stale
from loopwright.stages.release.moving import DONE, Moving, named
from loopwright.stages.release.shadowing import put_challenger, strayed_challenger

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.ledger.state import ModelState


@dataclass(frozen=True)
class Foreseen:
    """What would be mended.

    :param would: what would be done, a phrase each: ``finish the promotion of version 3``.
    :param state: the model's state afterwards, where that is known without a rehearsal.
    """

    would: tuple[str, ...]
    state: ModelState

    def then(self, would: str, *drafts: Draft) -> Foreseen:
        """Return this, and one thing more.

        :param would: what would be done.
        :param drafts: what would be recorded of it.
        """
        return Foreseen((*self.would, would), cast("ModelState", supposed(self.state, *drafts)))


def reconciliation(workspace: Workspace, model: ModelSpec) -> list[str]:
    """Return what :func:`reconcile` would do, a phrase each; none when all is in order.

    :param workspace: where everything is.
    :param model: the model.
    :raises ReleaseRefused: if the model's record is not what was recorded.
    """
    found = mending(Moving(workspace, model))
    declared = {target.name for target in model.release.tell}
    letters = [letter for _, letter in sorted(found.state.under("outbox").items())]
    return [
        *found.would,
        *(
            f"tell {letter['target']} that version {letter['version']} is champion"
            if letter["target"] in declared
            else f"drop the letter about version {letter['version']} to {letter['target']}, which is not declared"
            for letter in letters
        ),
    ]


def mending(moving: Moving) -> Foreseen:
    """Return what :func:`mend` would do, in its order.

    :param moving: the model's releases.
    """
    moving.require_sound()
    found = _released(moving, Foreseen((), moving.state))
    if not found.would:
        found = _alias(moving, found)
    if (whom := would_withdraw(found.state)) and found.state.candidate:
        evidence = {"version": found.state.candidate["version"]}
        found = found.then(f"withdraw {whom}", Draft(Kind.CANDIDATE_SUPERSEDED, "release", whom, evidence))
    if version := overdue(moving.spec, found.state):
        why = unanswered(moving.spec)
        found = found.then(
            f"let version {version} go: {why[0].lower()}{why[1:].rstrip('.')}",
            Draft(Kind.APPROVAL_EXPIRED, "release", why, {"version": version}),
        )
    return _challenger(moving, found)


def would_withdraw(state: ModelState) -> str | None:
    """Return which candidate would be withdrawn, and why, a phrase; ``None`` when none would.

    :param state: the model's state, as it would be then.
    """
    why = stale(state)
    return f"version {state.candidate['version']}: {why}" if why and state.candidate else None


def _released(moving: Moving, found: Foreseen) -> Foreseen:
    """Finish the release that is under way, or give it up where the registry has its version no more."""
    release = found.state.release
    if release is None:
        return found
    version, what = release["version"], f"the {DONE[release['action']]} of version {release['version']}"
    if unapproved := moving.unapproved(found.state):
        given_up = Draft(Kind.RELEASE_ABANDONED, "release", unapproved, {"version": version})
        return found.then(f"give up {what}: {unapproved}", given_up)
    if version not in moving.tracking.versions_of(moving.model):
        moving.tracking.require_known(moving.model)
        given_up = Draft(Kind.RELEASE_ABANDONED, "release", "", {"version": version})
        return found.then(f"give up {what}: MLflow has it no more", _lost(version), given_up)
    told = {"tell": [target.name for target in moving.spec.release.tell]}
    evidence = {key: release[key] for key in ("version", "previous", "action")} | told
    return found.then(f"finish {what}", Draft(Kind.RELEASE_CONFIRMED, "release", "", evidence))


def _alias(moving: Moving, found: Foreseen) -> Foreseen:
    awry = moving.alias_awry()
    if awry is None:
        return found
    if awry.adoptable:
        instead = f"take it for champion instead of {named(awry.expected)}"
        return found.then(f"rehearse {named(awry.found)}, which a hand moved the alias to, and if it passes {instead}")
    if awry.lost and awry.expected:
        return _missing(moving, found, awry.expected)
    return found.then(f"put the alias back from {named(awry.found)} to {named(awry.expected)}{awry.why_not}")


def _challenger(moving: Moving, found: Foreseen) -> Foreseen:
    strayed = strayed_challenger(moving.tracking, moving.spec, found.state)
    if strayed is None:
        return found
    is_at, wanted = strayed
    if wanted and wanted not in moving.tracking.versions_of(moving.model):
        return _missing(moving, found, wanted)
    return found.then(put_challenger(is_at, wanted))


def _missing(moving: Moving, found: Foreseen, version: str) -> Foreseen:
    """Record that the registry has a version no more, unless it is recorded already."""
    if (found.state.version(version) or {}).get("lost"):
        return found
    why = f"record that MLflow has no {named(version)} of {moving.model} any more: somebody deleted it there"
    return found.then(why, _lost(version))


def _lost(version: str) -> Draft:
    return Draft(Kind.VERSION_LOST, "release", "", {"version": version})
