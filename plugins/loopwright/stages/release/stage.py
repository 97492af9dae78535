"""Promote and roll back: who may become champion, recorded as intended, moved and confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal, cast

from loopwright.errors import NotReady, UnknownName, shown_names
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.state import natural
from loopwright.ledger.supposing import supposed
from loopwright.stages.release.conditions import ReleaseRefused, known_version, ready
from loopwright.stages.release.foreseeing import mending, would_withdraw
from loopwright.stages.release.judged_files import judged_files
from loopwright.stages.release.let_through import override_of, why_promoted
from loopwright.stages.release.moving import Moving, mend
from loopwright.stages.release.outbox import deliver
from loopwright.stages.release.rehearsal import rehearse, tried
from loopwright.stages.release.shadowing import project_challenger
from loopwright.verdict import Outcome

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.ledger.state import ModelState
    from loopwright.verdict import Verdict


@dataclass(frozen=True)
class Released:
    """Who is champion now.

    :param model: the model's name.
    :param version: the champion.
    :param previous: the champion before, if there was one.
    :param action: ``promote``, ``roll_back`` or ``adopt``.
    :param status: ``promoted``, ``rolled_back``, ``adopted``, or ``unchanged`` when it had been done before.
    :param override: who let the champion through that the gate did not, and why, where somebody did.
    :param withdrew: which candidate it ended, compared with another champion, and why: a phrase; ``None`` for none.
    """

    model: str
    version: str
    previous: str | None
    action: str
    status: str
    override: Mapping[str, Any] | None = None
    withdrew: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


def promote(workspace: Workspace, model: ModelSpec, version: str, *, actor: str = "release") -> Released:
    """Make the candidate the champion.

    :param version: the candidate's version.
    :param actor: who does it.
    :raises UnknownName: if there is no such version.
    :raises ReleaseRefused: if the gate's verdict, the rehearsal, the approval or anything else it rests on is missing.
    :raises ArtifactTampered: if the registry's files are not those that were judged, rehearsed and approved.
    :raises LedgerConflict: if another release is under way.
    :raises TrackingUnavailable: if the registry cannot be reached; the next call finishes what this one began.
    """
    moving = Moving(workspace, model)
    mend(moving)
    if _is_champion(moving.state, version):
        return _released(moving.state, version, "promote", "unchanged")
    _require_no_stranger(moving)
    entry = known_version(moving.state, version)
    try:
        with TemporaryDirectory(prefix="loopwright-") as scratch:
            judged_files(workspace, entry, Path(scratch))
    except UnknownName:
        moving.lose(version)
        raise

    def intent(state: ModelState) -> Draft | None:
        if _is_champion(state, version):
            return None
        verdict = ready(model, state, version)
        if not verdict.passed:
            raise _refused(verdict, version)
        return _intent(state, version, "promote", actor, why_promoted(state, version))

    return _carried_out(moving, moving.intend(intent), version, "promote", "promoted")


def roll_back(
    workspace: Workspace,
    model: ModelSpec,
    *,
    to_version: str | None = None,
    reason: str,
    actor: str,
    from_version: str | None = None,
    dry_run: bool = False,
) -> Released:
    """Make an earlier champion the champion again, rehearsed first.

    :param to_version: any that was champion; else the one in whose place the present one came. So roll backs one
        after another go further back, to the very first, and none undoes another: that is what naming the version does.
    :param reason: why, for the record.
    :param actor: who asks for it.
    :param from_version: the champion to leave; when another is champion by now nothing is done, so that a retry does
        not go back twice. An open request to roll back says it by itself.
    :param dry_run: return what would come of it, rehearsal included, and record and move nothing.
    :raises NotReady: if there is no earlier champion.
    :raises ReleaseRefused: if the version was never champion, or fails its rehearsal.
    :raises LedgerConflict: if another release is under way.
    """
    moving = Moving(workspace, model)
    if not dry_run:
        mend(moving)
    before = mending(moving).state if dry_run else moving.state
    leaving = _champion(before)
    if _left_already(before, leaving, from_version, to_version):
        return _released(before, leaving, "roll_back", "unchanged")
    target = _earlier(before, to_version)
    rehearsal = (tried if dry_run else rehearse)(workspace, model, target)
    if not rehearsal.verdict.passed:
        raise _refused(rehearsal.verdict, target)
    if dry_run:
        moving.require_sound()
        done = _intent(before, target, "roll_back", actor, reason)
        after = supposed(before, replace(done, kind=Kind.RELEASE_CONFIRMED))
        foreseen = _released(cast("ModelState", after), target, "roll_back", "rolled_back")
        return replace(foreseen, withdrew=would_withdraw(cast("ModelState", after)))

    def intent(state: ModelState) -> Draft | None:
        if _champion(state) != leaving:
            raise ReleaseRefused(
                "Another version became champion in the meantime.",
                where=state.subject,
                got=f"version {_champion(state)}",
                allowed=f"version {leaving}",
                mend="Look at it, then roll back again if it is still wanted.",
            )
        return _intent(state, target, "roll_back", actor, reason)

    return _carried_out(moving, moving.intend(intent), target, "roll_back", "rolled_back")


def adopt_version(workspace: Workspace, model: ModelSpec, version: str, *, actor: str, reason: str) -> str:
    """Make a version that was taken over the first champion, once it passed its rehearsal.

    :param version: as the ledger knows it, of kind ``version_adopted``.
    :param actor: who does it.
    :param reason: why.
    :return: ``adopted``, or ``unchanged`` when it had been.
    :raises ReleaseRefused: if it fails its rehearsal, or another became champion.
    """
    moving = Moving(workspace, model)
    moving.finish()
    if _is_champion(moving.state, version):
        return "unchanged"
    rehearsal = rehearse(workspace, model, version)
    if not rehearsal.verdict.passed:
        raise _refused(rehearsal.verdict, version)

    def intent(state: ModelState) -> Draft | None:
        if _is_champion(state, version):
            return None
        if state.champion:
            raise ReleaseRefused("Another version became champion in the meantime.", where=state.subject)
        return _intent(state, version, "adopt", actor, reason)

    return _carried_out(moving, moving.intend(intent), version, "adopt", "adopted").status


def _carried_out(
    moving: Moving, intended: bool, version: str, action: Literal["promote", "roll_back", "adopt"], status: str
) -> Released:
    moving.finish()
    withdrew = moving.withdraw_stale()
    with suppress(UnknownName):  # the next run says what the registry lost
        project_challenger(moving.workspace, moving.spec)
    deliver(moving.workspace, moving.spec)
    state = moving.state
    if _is_champion(state, version):
        return replace(_released(state, version, action, status if intended else "unchanged"), withdrew=withdrew)
    raise ReleaseRefused(
        f"Version {version} did not become champion.",
        where=state.subject,
        got=f"version {_champion(state)}" if state.champion else "no champion",
        mend="`loopwright history` says what became of it.",
    )


def _intent(state: ModelState, version: str, action: str, actor: str, reason: str) -> Draft:
    evidence = {
        "version": version,
        "previous": (state.champion or {}).get("version"),
        "action": action,
        "artifact_digest": known_version(state, version)["artifact_digest"],
    }
    return Draft(Kind.RELEASE_INTENDED, actor, reason, evidence)


def _released(state: ModelState, version: str, action: str, status: str) -> Released:
    name = state.subject.removeprefix("model/")
    before = (state.previous or {}).get("version")
    return Released(name, version, before, action, status, override_of(state, version))


def _require_no_stranger(moving: Moving) -> None:
    """Refuse to push a champion aside that nobody compared the candidate with."""
    found = moving.stranger()
    if found:
        raise ReleaseRefused(
            "The registry has a champion already, which the ledger does not know.",
            where=moving.subject,
            got=f"version {found}",
            mend=f"`loopwright adopt {moving.model} --from models:/{moving.model}/{found}` takes it over, so that "
            "candidates compete with it; or take the alias away.",
        )


def _is_champion(state: ModelState, version: str) -> bool:
    return bool(state.champion) and _champion(state) == version


def _champion(state: ModelState) -> str:
    if state.champion is None:
        raise NotReady("There is no champion.", where=state.subject, mend="Release a candidate first.")
    return str(state.champion["version"])


def _left_already(state: ModelState, champion: str, from_version: str | None, to_version: str | None) -> bool:
    requested: Mapping[str, Any] = state.request("rollback") or {}
    leaving = from_version or (requested.get("version") if to_version is None else None)
    return champion == to_version or (leaving is not None and leaving != champion)


def _earlier(state: ModelState, to_version: str | None) -> str:
    were = sorted((v for v, entry in state.under("version").items() if "since" in entry), key=natural)
    if to_version is None:
        if state.previous is None:
            left = [version for version in were if version != _champion(state)]
            raise NotReady(
                "There is no earlier champion to return to.",
                where=state.subject,
                got=f"version {_champion(state)}, which was the first",
                mend=f"`--to VERSION` returns to one that was left by a roll back: {shown_names(left)}."
                if left
                else None,
            )
        return str(state.previous["version"])
    others = shown_names([version for version in were if version != (state.champion or {}).get("version")])
    allowed = others or "none: no other version ever was champion"
    try:
        known = known_version(state, to_version)
    except UnknownName as error:
        raise UnknownName(error.what, where=error.where, allowed=allowed) from None
    if "since" not in known:
        raise ReleaseRefused(
            f"Version {to_version} was never champion: a roll back returns to one that was.",
            where=state.subject,
            allowed=allowed,
        )
    return to_version


def _refused(verdict: Verdict, version: str) -> ReleaseRefused:
    failed = [c.why for c in verdict.checks if c.required and c.outcome in {Outcome.FAIL, Outcome.INCONCLUSIVE}]
    return ReleaseRefused(
        f"Version {version} may not become champion: {'; '.join(failed) or verdict.why()}.", where=verdict.subject
    )
