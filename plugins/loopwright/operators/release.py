"""Operators of the stage *release*: mend what a crash left, rehearse, ask a person, promote; or roll back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from loopwright.errors import DeclarationError
from loopwright.operators.announce import tell_outlets
from loopwright.operators.base import ModelOperator, end_by, person_of
from loopwright.operators.form import text_or_none, yes_or_no

if TYPE_CHECKING:
    from airflow.sdk import Context

    from loopwright.declaration import Workspace


@dataclass(frozen=True)
class Reconciled:
    """What was mended, and which version waits for its release.

    :param mended: a sentence for each thing that a crash or a hand had left in disorder.
    :param version: the candidate, or ``None`` when none waits.
    """

    mended: tuple[str, ...]
    version: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"mended": list(self.mended), "version": self.version}


class ReconcileReleaseOperator(ModelOperator):
    """Finishes or undoes what a crash left of a release, mends the alias, and returns the version that waits.

    :param model: the model's name.
    :param version: release this one; empty for the candidate. None waits: the tasks after this one are skipped.
    """

    inherits_from_skipmixin = True
    template_fields: Sequence[str] = (*ModelOperator.template_fields, "version")

    def __init__(self, *, version: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.version = version

    def call(self, workspace: Workspace, context: Context) -> Reconciled:  # noqa: ARG002 - the base's signature
        """Reconcile."""
        from loopwright.ledger.store import Ledger
        from loopwright.stages.release import reconcile

        mended = reconcile(workspace, self.spec(workspace))
        candidate = Ledger.of(workspace).model(self.model).candidate
        return Reconciled(
            tuple(mended), text_or_none(self.version) or (str(candidate["version"]) if candidate else None)
        )

    def act(self, result: Reconciled, context: Context) -> str | None:
        """Return the version."""
        for sentence in result.mended:
            self.log.warning(sentence)
        if result.version is None:
            self.skip_the_rest(context, "No candidate waits.")
        return result.version


class _VersionOperator(ModelOperator):
    """An operator about one registered version.

    :param model: the model's name.
    :param version: the version.
    """

    template_fields: Sequence[str] = (*ModelOperator.template_fields, "version")

    def __init__(self, *, version: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.version = version


class RehearseCandidateOperator(_VersionOperator):
    """Loads a version as it will be served, in a fresh process, and compares its answers with those of its training.

    What passed that before, as it is and in this environment, is not asked again: a shadow takes many runs. Where it
    cannot tell, nothing after it runs, whatever its trigger rule: what was not rehearsed is not released.
    """

    inherits_from_skipmixin = True

    def call(self, workspace: Workspace, context: Context) -> Any:  # noqa: ARG002 - the base's signature
        """Rehearse."""
        from loopwright.stages.release import rehearse, rehearsed_before

        spec = self.spec(workspace)
        return rehearsed_before(workspace, spec, self.version) or rehearse(workspace, spec, self.version)

    def act(self, result: Any, context: Context) -> str:
        """Return the outcome."""
        verdict = result.verdict
        if result.held:
            self.log.info("It was rehearsed at %s, in this environment.", result.held)
        if not verdict.passed and not verdict.refused:
            self.skip_the_rest(context, verdict.why())
        end_by(verdict)
        return str(verdict.outcome.value)


class ShadowCandidateOperator(_VersionOperator):
    """Begins a candidate's shadow or, when what it waits for is there, judges it beside the champion.

    While it waits the tasks after this one are skipped: the ledger knows how far it came, and a later run goes on.
    So they are when it is over without a verdict, as where a newer candidate took its place meanwhile.
    """

    inherits_from_skipmixin = True

    def call(self, workspace: Workspace, context: Context) -> Any:  # noqa: ARG002 - the base's signature
        """Begin, or judge."""
        from loopwright.stages.release import shadow

        return shadow(workspace, self.spec(workspace), self.version)

    def act(self, result: Any, context: Context) -> str:
        """Return where it stands."""
        if result.status == "refuse":
            raise AirflowFailException(f"shadow: {result.why}")
        if not result.done:
            how = "is in shadow" if result.status == "waits" else "goes no further"
            self.skip_the_rest(context, f"Version {result.version} {how}: {result.why}.")
        return str(result.status)


class PromoteCandidateOperator(_VersionOperator):
    """Makes a version the champion: intent, move, confirm. Everything it rests on is asked of the ledger again."""

    def call(self, workspace: Workspace, context: Context) -> Any:
        """Promote."""
        from loopwright.stages.release import promote

        return promote(workspace, self.spec(workspace), self.version, actor=person_of(context) or "release")

    def act(self, result: Any, context: Context) -> str:
        """Return the version, and say it in the asset event."""
        tell_outlets(self, context, {"version": result.version, "action": "promote"})
        return str(result.version)


class RollBackOperator(ModelOperator):
    """Makes an earlier champion the champion again, rehearsed first.

    :param model: the model's name.
    :param to_version: the version to return to; empty for the champion before.
    :param reason: why, for the ledger; empty takes the monitor's, and is refused where the monitor asked for nothing.
    :param only_if_requested: be skipped unless the monitor asked for it, as in a run that nobody started by hand.
    """

    template_fields: Sequence[str] = (*ModelOperator.template_fields, "to_version", "reason", "only_if_requested")

    def __init__(
        self,
        *,
        to_version: str | None = None,
        reason: str | None = None,
        only_if_requested: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.to_version = to_version
        self.reason = reason
        self.only_if_requested = only_if_requested

    def call(self, workspace: Workspace, context: Context) -> Any:
        """Roll back."""
        from loopwright.ledger.store import Ledger
        from loopwright.stages.release import roll_back

        state = Ledger.of(workspace).model(self.model)
        request = state.request("rollback")
        if request is None and yes_or_no(self.only_if_requested):
            raise AirflowSkipException("Nobody asked for a roll back.")
        if request is None and text_or_none(self.reason) is None:
            raise DeclarationError(
                "A roll back that nobody asked for needs a reason.",
                where="the field `reason`",
                allowed="one sentence, for the record",
                mend="Start the run again, and say why.",
            )
        person = person_of(context)
        asked = request["reason"] if request else ""
        return roll_back(
            workspace,
            self.spec(workspace),
            to_version=text_or_none(self.to_version),
            reason=text_or_none(self.reason) or asked,
            actor=person or "monitor",
            from_version=_leaving(context, state.champion),
        )

    def act(self, result: Any, context: Context) -> str:
        """Return the version that is champion again, and say it in the asset event."""
        tell_outlets(self, context, {"version": result.version, "action": "roll_back"})
        return str(result.version)


class ReproduceChampionOperator(ModelOperator):
    """Trains the champion again from what was recorded, and fails when another model comes out.

    Skipped where rows that it was trained on were erased on request: it cannot be trained again by anybody.

    :param model: the model's name.
    """

    def call(self, workspace: Workspace, context: Context) -> Any:  # noqa: ARG002 - the base's signature
        """Reproduce."""
        from loopwright.ledger.store import Ledger
        from loopwright.loop.reproduce import reproduce

        champion = Ledger.of(workspace).model(self.model).champion
        if champion is None:
            raise AirflowSkipException("There is no champion.")
        return reproduce(workspace, self.model, str(champion["version"]))

    def act(self, result: Any, context: Context) -> str:  # noqa: ARG002 - the base's signature
        """Return the outcome."""
        if result.outcome == "different":
            raise AirflowFailException(f"Version {result.version} cannot be made again: {result.why}.")
        if result.outcome == "erased":  # nobody's fault, and no retry brings the rows back
            raise AirflowSkipException(f"Version {result.version}: {result.why}.")
        return str(result.outcome)


def _leaving(context: Context, champion: Mapping[str, Any] | None) -> str | None:
    """Return the champion that the first attempt of this task found, so that a retry does not go back twice."""
    remembered = context["task_state_store"].get("leaving")
    if remembered is None and champion is not None:
        remembered = str(champion["version"])
        context["task_state_store"].set("leaving", remembered)
    return None if remembered is None else str(remembered)
