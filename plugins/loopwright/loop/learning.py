"""From a decision to train to a new champion: fit, gate, register, rehearse, approve, promote.

Whatever an earlier turn left half done is finished first: the stages are idempotent per training and per version.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from loopwright.ledger.store import Ledger
from loopwright.loop import said
from loopwright.loop.step import Step
from loopwright.stages.train.reasons import unfinished
from loopwright.verdict import OnInconclusive, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.ledger.state import ModelState
    from loopwright.loop.telling import Teller
    from loopwright.verdict import Verdict


class Learning:
    """The training and the release of one model.

    :param workspace: where everything is.
    :param model: the model.
    :param teller: tells of each step.
    :param person: who started it, as an actor, where a person did: who asks for a release does not approve it.
    """

    def __init__(self, workspace: Workspace, model: ModelSpec, teller: Teller, *, person: str | None = None) -> None:
        self.workspace, self.model, self.teller, self.person = workspace, model, teller, person
        self._asked: dict[str, str] = {}  # by what is asked; the newest candidate takes the place of the one before
        self._ledger = Ledger.of(workspace)

    @property
    def waits_for(self) -> list[str]:
        """What a person is asked now, a sentence each."""
        return list(self._asked.values())

    @property
    def state(self) -> ModelState:
        """The model's state now."""
        return self._ledger.model(self.model.name)

    def is_due(self) -> bool:
        """Whether a turn that ended too early left a training unfinished, or batches that no decision looked at."""
        last, decision = self.state.get("last_training"), self.state.decision or {}
        looked_at = decision.get("dataset_sequence", 0)
        published = self._ledger.dataset(self.model.dataset).published()
        left = last and unfinished(self.model, self.state.training(last["training_id"]))
        return bool(left) or any(batch["sequence"] > looked_at for batch in published)

    def train(
        self,
        *,
        reason: str | None = None,
        actor: str | None = None,
        params: Mapping[str, Any] | None = None,
        force: bool = False,
    ) -> None:
        """Decide whether to train, and do it; a training that was left is taken up again.

        :param reason: a person's.
        :param actor: who asks; whoever started this, when left out.
        :param params: training parameters for this once.
        :param force: train although nothing changed.
        """
        from loopwright.stages.train import decide_training

        decide = partial(
            decide_training, self.workspace, self.model, reason=reason, actor=actor or self.person or "train"
        )
        decision = self.teller.step("train", "decide", partial(decide, params=params, force=force), said.decision)
        if decision.train and decision.training_id:
            self._learn(decision.training_id)

    def mend(self) -> None:
        """Finish or undo a release that was left, and put an alias back that a hand moved."""
        if self.state.champion or self.state.release:
            self._reconcile()

    def is_shadowing(self) -> bool:
        """Whether a candidate answers beside the champion, so that it is judged before anybody decides to train."""
        return self.model.release.shadow is not None and self.state.challenger is not None

    def release(self) -> bool:
        """Roll back if it was asked for, and promote what may be promoted.

        :return: whether there is another champion than before.
        """
        before = (self.state.champion or {}).get("version")
        if self.state.request("rollback"):
            self._roll_back()
        if self.state.candidate:
            self._reconcile()
        if self.state.candidate:
            self._promote(self.state.candidate["version"])
        return bool((self.state.champion or {}).get("version") != before)

    def _learn(self, training_id: str) -> None:
        from loopwright.stages.train import fit_candidate, judge_candidate, register_candidate

        workspace, model, attempt = self.workspace, self.model, self.teller.attempt
        if not attempt("train", "fit", lambda: fit_candidate(workspace, model, training_id), said.fitted):
            return
        judged = attempt("train", "gate", lambda: judge_candidate(workspace, model, training_id), said.judged)
        if judged and self._may_register(judged.verdict):
            register = partial(register_candidate, workspace, model, training_id)
            if attempt("train", "register", register, said.registered):
                self._asked.pop("approve", None)  # whoever was asked about is superseded

    def _may_register(self, verdict: Verdict) -> bool:
        asks = self.model.gate.on_inconclusive is OnInconclusive.ASK
        return verdict.passed or (asks and verdict.outcome is Outcome.INCONCLUSIVE)

    def _reconcile(self) -> None:
        from loopwright.stages.release import mended_or_waiting, reconcile

        for mended in reconcile(self.workspace, self.model):
            self.teller.tell(Step("release", "reconcile", None, mended_or_waiting(mended), mended, 0.0))

    def _roll_back(self) -> None:
        from loopwright.stages.release import roll_back

        request = self.state.request("rollback") or {}
        if not self.state.previous:
            self._ask("roll back", f"{request.get('reason')}; but there is no earlier champion to return to")
            return
        self.teller.attempt(
            "release",
            "roll back",
            lambda: roll_back(self.workspace, self.model, reason=str(request.get("reason")), actor="monitor"),
            said.released,
        )

    def _promote(self, version: str) -> None:
        from loopwright.stages.release import promote, rehearse, rehearsed_before

        workspace, model, attempt = self.workspace, self.model, self.teller.attempt
        if rehearsed_before(workspace, model, version) is None:
            rehearsal = attempt("release", "rehearse", lambda: rehearse(workspace, model, version), said.judged)
            if not rehearsal or not rehearsal.verdict.passed:
                return
        if self._is_shadowed(version) and self._may_promote(version):
            attempt("release", "promote", lambda: promote(workspace, model, version), said.released)
            self._say_who_was_not_told()

    def _say_who_was_not_told(self) -> None:
        from loopwright.stages.release.outbox import undelivered

        for why in undelivered(self.state):
            self.teller.tell(Step("release", "tell", None, "waiting", f"not told yet, and tried again: {why}", 0.0))

    def _is_shadowed(self, version: str) -> bool:
        """Advance a candidate's shadow where that is declared, and tell whether the release may go on."""
        from loopwright.stages.release import shadow, standing

        if self.model.release.shadow is None:
            return True
        found = standing(self.workspace, self.model, version)
        if found.status != "due":
            return found.done
        advance = partial(shadow, self.workspace, self.model, version)
        advanced = self.teller.attempt("release", "shadow", advance, said.in_shadow)
        return bool(advanced and advanced.done)

    def _may_promote(self, version: str) -> bool:
        """Ask what the promotion will ask; where only a person's yes is missing, ask the person and go on."""
        from loopwright.stages.release import record_approval
        from loopwright.stages.release.conditions import ready

        failed = [check for check in ready(self.model, self.state, version).checks if check.outcome is Outcome.FAIL]
        if [check.name for check in failed] != ["approval"]:
            return True
        why, person = failed[0].why, self.person
        record_approval(self.workspace, self.model, version, "asked", "release", why, on_behalf_of=person)
        how = f"`loopwright approve {self.model.name} {version} --why …`"
        if not self._asked.get("approve", "").startswith(f"version {version}: "):  # said once, as it was found
            self._ask("approve", f"version {version}: {why}; {how}")
        return False

    def _ask(self, action: str, why: str) -> None:
        if self._asked.get(action) != why:
            self._asked[action] = why
            self.teller.tell(Step("release", action, None, "waiting", why, 0.0))
