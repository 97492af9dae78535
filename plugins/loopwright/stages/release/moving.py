"""Intent → move → confirm: how the champion changes, and how a crash anywhere in between is finished or undone.

The ledger says who is champion; the MLflow alias is its projection for the world. What must stay true: an intent is
recorded under the ledger's compare-and-set, so of two releases one loses, whole; every step can be done twice, by
anybody; whoever wrote the alias looks at the ledger once more afterwards, so that a process which slept between two
steps cannot leave it wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from loopwright.errors import DataFault, LedgerConflict, UnknownName
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.soundness import how_to_mend
from loopwright.ledger.store import Ledger
from loopwright.stages.release.approval import overdue, record_approval, unanswered
from loopwright.stages.release.conditions import ReleaseRefused, known_version, stale
from loopwright.stages.release.consent import missing
from loopwright.stages.release.model_card import keep_card
from loopwright.stages.release.outbox import deliver
from loopwright.stages.release.rehearsal import rehearse
from loopwright.stages.release.shadowing import project_challenger

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.ledger.state import ModelState, State
    from loopwright.tracking import Tracking

ALIAS = "champion"
"""The alias in MLflow's registry."""
DONE = {"promote": "promotion", "roll_back": "roll back", "adopt": "adoption"}


@dataclass(frozen=True)
class Awry:
    """An alias that is not where it belongs.

    :param found: the version that it names.
    :param expected: the champion.
    :param adoptable: whether the version found is taken for champion once it passed its rehearsal.
    :param why_not: why it is not, where ``release.alias`` says adopt; empty else.
    :param lost: whether the registry has the champion no more.
    """

    found: str | None
    expected: str | None
    adoptable: bool
    why_not: str
    lost: bool


class Moving:
    """The releases of one model.

    :param workspace: where everything is.
    :param model: the model.
    """

    def __init__(self, workspace: Workspace, model: ModelSpec) -> None:
        from loopwright.tracking import Tracking

        self.workspace, self.ledger = workspace, Ledger.of(workspace)
        self.tracking: Tracking = Tracking.of(workspace)
        self.spec, self.model = model, model.name
        self.subject = f"model/{model.name}"

    @property
    def state(self) -> ModelState:
        """The model's state now."""
        return self.ledger.model(self.model)

    def intend(self, decision: Callable[[ModelState], Draft | None]) -> bool:
        """Record an intent, if nobody else has another.

        :param decision: from the state to the intent; raises when it must not be, ``None`` when it is done already.
        :return: whether an intent was recorded.
        :raises LedgerConflict: if a release of something else is under way.
        :raises ReleaseRefused: if the model's record is not what was recorded.
        """
        self.require_sound()

        def decide(state: State) -> Draft | None:
            known = cast("ModelState", state)
            # Asked first: what must not be stays so, whoever else is at work.
            wanted = decision(known)
            if wanted and known.release:
                _require_same(known.release, wanted, self.subject)
                return None
            return wanted

        return bool(self.ledger.decide(self.subject, decide))

    def finish(self) -> str | None:
        """Finish the release that is under way, or undo it when it cannot be.

        :return: what was done, or ``None`` when none was under way.
        :raises TrackingUnavailable: if the registry cannot be reached; the intent stays for the next one.
        """
        release = self.state.release
        if release is None:
            return None
        self.require_sound()
        if why := self.unapproved(self.state):
            return self._abandon(release, why)
        try:
            self.tracking.move_alias(self.model, ALIAS, release["version"])
        except DataFault as error:
            if isinstance(error, UnknownName):
                self.lose(release["version"])
            return self._abandon(release, f"the registry will not have it: {error.what}")
        self._step(release, Kind.RELEASE_MOVED, "The alias was moved.", ("version",))
        if not _is_same(self.state.release, release):  # another finished it meanwhile, or gave it up
            self.project()
            return None
        self._tell_registry(release)
        told = {"tell": [target.name for target in self.spec.release.tell]} if self.spec.release.tell else {}
        keys = ("version", "previous", "action", *told)
        self._step({**release, **told}, Kind.RELEASE_CONFIRMED, "Ledger and alias agree.", keys)
        self.project()
        return f"finished the {DONE[release['action']]} of version {release['version']}"

    def require_sound(self) -> None:
        """Refuse to move anything on a record that was tampered with.

        :raises ReleaseRefused: if it was.
        """
        problems = self.ledger.verify(self.subject)
        if problems:
            raise ReleaseRefused(
                "The record of this model is not what was recorded, so nothing is released on it.",
                where=self.subject,
                got=problems[0],
                mend=how_to_mend(self.subject, problems),
            )

    def project(self) -> None:
        """Make the alias what the ledger says, and look again whether it still says so."""
        while True:
            champion = _version(self.state)
            try:
                if self.tracking.alias_of(self.model, ALIAS) != champion:
                    self.tracking.move_alias(self.model, ALIAS, champion)
            except UnknownName:
                self.lose(champion)
                return
            if _version(self.state) == champion:
                return

    def alias_found_moved(self) -> str | None:
        """Record an alias that a hand moved, and put it back or take it over, as declared.

        :return: what was done, or ``None`` when the alias is right or a release is under way.
        """
        awry = self.alias_awry()
        if awry is None:
            return None
        found, expected, why_not = awry.found, awry.expected, awry.why_not
        evidence = {"found": found, "expected": expected}
        why = f"The alias was at {named(found)} and belongs to {named(expected)}."
        taken_over = False
        if awry.adoptable and found:
            verdict = rehearse(self.workspace, self.spec, found).verdict
            taken_over = verdict.passed
            why_not = "" if verdict.passed else f" (version {found} may not be champion: {verdict.why()})"
        if not taken_over and awry.lost:
            return self.lose(expected)

        def decide(state: State) -> list[Draft]:
            known = cast("ModelState", state)
            if known.release is not None or _version(known) != expected:
                return []
            said = Draft(Kind.ALIAS_FOUND_MOVED, "release", why + why_not, evidence)
            return [said, _adoption(known, str(found))] if taken_over else [said]

        if not self.ledger.decide(self.subject, decide):
            return None
        if taken_over and self.finish():
            return (
                f"took version {found}, which a hand had moved the alias to, for champion instead of {named(expected)}"
            )
        self.project()
        return f"put the alias back from {named(found)} to {named(expected)}{why_not}"

    def lose(self, version: str | None) -> str | None:
        """Record, once, that the registry has a version no more: it is not tried again at each run.

        :param version: as the ledger knows it.
        :return: what was recorded, or ``None`` when it had been.
        :raises TrackingUnavailable: if this registry never heard of the model: it is another one.
        """
        self.tracking.require_known(self.model)
        why = f"MLflow has no {named(version)} of {self.model} any more: somebody deleted it there."

        def decide(state: State) -> Draft | None:
            entry = state.get(f"version/{version}")
            lost = entry is None or entry.get("lost")
            return None if lost else Draft(Kind.VERSION_LOST, "release", why, {"version": version})

        recorded = self.ledger.decide(self.subject, decide)
        return f"found that {why[:-1]}" if recorded else None

    def stranger(self) -> str | None:
        """Return the version that the team had made champion before the loop released anything, if it did.

        It is not the loop's to take away, nor to put another in its place unasked.
        """
        found = self.tracking.alias_of(self.model, ALIAS) if not self.state.lineage else None
        return found if found and self.state.version(found) is None else None

    def alias_awry(self) -> Awry | None:
        """Look, and only look, whether the alias is where it belongs.

        :return: what is found and what it leads to, or ``None`` when the alias is right, or not the loop's to move.
        """
        expected, found = _version(self.state), self.tracking.alias_of(self.model, ALIAS)
        if found == expected or self.stranger() is not None:
            return None
        adoptable, why_not = self._adoptable(found)
        lost = expected is not None and expected not in self.tracking.versions_of(self.model)
        if lost:
            self.tracking.require_known(self.model)
        return Awry(found, expected, adoptable, why_not, lost)

    def _adoptable(self, found: str | None) -> tuple[bool, str]:
        """Whether a version that a hand moved the alias to is rehearsed for champion; if declared, why it is not."""
        if self.spec.release.alias != "adopt" or found is None:
            return False, ""
        if self._was_intended(found):
            how = f"`loopwright rollback {self.model} --to {found}` goes back to it"
            return False, f" (the loop itself moved it to version {found} once, and may have been late; {how})"
        if self.state.version(found) is None:
            how = f"`loopwright adopt {self.model} --from models:/{self.model}/{found}` takes it over"
            return False, f" (version {found} is none of the loop's; {how})"
        unapproved = missing(self.spec, self.state, known_version(self.state, found), datetime.now(UTC))
        if unapproved:
            return False, f" (version {found} is not taken over: {unapproved})"
        return True, ""

    def _was_intended(self, version: str) -> bool:
        """Whether a release of ours ever named a version: a writer of ours that slept cannot be told from a hand."""
        intents = self.ledger.events(self.subject, kinds=[Kind.RELEASE_INTENDED])
        return any(event.evidence["version"] == version for event in intents)

    def withdraw_stale(self) -> str | None:
        """Withdraw a candidate that was compared with another champion than the one in production.

        :return: what was done, or ``None`` when there was nothing to withdraw.
        """
        said: list[str] = []

        def decide(state: State) -> Draft | None:
            said.clear()
            known = cast("ModelState", state)
            why = stale(known)
            if why is None or known.candidate is None:
                return None
            version = known.candidate["version"]
            said.append(f"withdrew version {version}: {why}")
            return Draft(Kind.CANDIDATE_SUPERSEDED, "release", f"Withdrawn: {why}.", {"version": version})

        self.ledger.decide(self.subject, decide)
        return said[0] if said else None

    def expire(self) -> str | None:
        """Let a candidate go about which nobody answered in time.

        :return: what was done, or ``None`` when none is overdue.
        """
        version = overdue(self.spec, self.state)
        if version is None:
            return None
        why = unanswered(self.spec)
        try:
            record_approval(self.workspace, self.spec, version, "expired", "release", why)
        except ReleaseRefused:
            return None  # another was first, or a newer candidate came
        return f"let version {version} go: {why[0].lower()}{why[1:].rstrip('.')}"

    def _tell_registry(self, release: Mapping[str, Any]) -> None:
        """Tag the version in the registry with who released it, for those who look there."""
        approval = (self.state.version(release["version"]) or {}).get("approval") or {}
        tags = {"loopwright.released_by": str(release["actor"]), "loopwright.released_at": str(release["at"])}
        if approval.get("answer") == "given":
            tags["loopwright.approved_by"] = str(approval["by"])
        self.tracking.tag_version(self.model, release["version"], tags)
        keep_card(self.workspace, self.spec, release["version"])

    def _step(self, release: Mapping[str, Any], kind: Kind, reason: str, keys: tuple[str, ...]) -> None:
        def decide(state: State) -> Draft | None:
            now = cast("ModelState", state).release
            same = _is_same(now, release)
            done = kind is Kind.RELEASE_MOVED and now is not None and now["step"] == "moved"
            evidence = {key: release.get(key) for key in keys}
            return Draft(kind, release["actor"], reason, evidence) if same and not done else None

        self.ledger.decide(self.subject, decide)

    def unapproved(self, state: ModelState) -> str | None:
        """Return why the promotion that is under way, and not moved yet, has no yes any more; ``None`` where it has.

        Between an intent and its move may lie days, when the first was all that was done before a crash.

        :param state: the model's state.
        """
        release = state.release or {}
        if (release.get("step"), release.get("action")) != ("intended", "promote"):
            return None
        return missing(self.spec, state, known_version(state, release["version"]), datetime.now(UTC))

    def _abandon(self, release: Mapping[str, Any], why: str) -> str:
        evidence = {"version": release["version"], "why": why}

        def decide(state: State) -> Draft | None:
            same = _is_same(cast("ModelState", state).release, release)
            said = f"Given up: {why.rstrip('.')}."
            return Draft(Kind.RELEASE_ABANDONED, "release", said, evidence) if same else None

        self.ledger.decide(self.subject, decide)
        self.project()
        return f"gave up the {DONE[release['action']]} of version {release['version']}: {why}"


def reconcile(workspace: Workspace, model: ModelSpec) -> list[str]:
    """Finish or undo what a crash left of a release, answer a hand-moved alias, let go whom nobody answered for.

    :param workspace: where everything is.
    :param model: the model.
    :return: a sentence for each thing that was mended; none when all was in order.
    :raises ReleaseRefused: if the model's record is not what was recorded; nothing is mended on it.
    """
    return [*mend(Moving(workspace, model)), *deliver(workspace, model)]


def mend(moving: Moving) -> list[str]:
    """Do what :func:`reconcile` does, and tell nobody: who is about to move something waits for no target.

    :param moving: the model's releases.
    :return: as there.
    :raises ReleaseRefused: if the model's record is not what was recorded: whom it calls champion may be none.
    """
    moving.require_sound()
    mended = [moving.finish(), moving.alias_found_moved(), moving.withdraw_stale(), moving.expire()]
    try:
        mended.append(project_challenger(moving.workspace, moving.spec))
    except UnknownName:
        mended.append(moving.lose((moving.state.challenger or {}).get("version")))
    return [sentence for sentence in mended if sentence]


def _require_same(under_way: Mapping[str, Any], wanted: Draft, subject: str) -> None:
    """Let two who want the same finish it together."""
    if all(under_way[key] == wanted.evidence[key] for key in ("version", "action")):
        return
    raise LedgerConflict(
        f"Another {DONE[under_way['action']]} is under way.",
        where=subject,
        got=f"version {under_way['version']}, intended by {under_way['actor']}",
        mend="Try again: it will be finished first.",
    )


def _is_same(under_way: Mapping[str, Any] | None, release: Mapping[str, Any]) -> bool:
    return under_way is not None and (under_way["version"], under_way["at"]) == (release["version"], release["at"])


def _adoption(state: ModelState, version: str) -> Draft:
    evidence = {
        "version": version,
        "previous": _version(state),
        "action": "adopt",
        "artifact_digest": known_version(state, version)["artifact_digest"],
    }
    return Draft(Kind.RELEASE_INTENDED, "release", "A hand moved the alias, and release.alias says adopt.", evidence)


def _version(state: ModelState) -> str | None:
    return state.lineage[-1] if state.lineage else None


def named(version: str | None) -> str:
    """Return a version as a sentence names it, ``none`` included."""
    return f"version {version}" if version else "none"
