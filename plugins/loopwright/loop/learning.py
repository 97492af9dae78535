"""From a decision to train to a new champion: fit, gate, register, rehearse, approve, promote.

Whatever an earlier turn left half done is finished first: the stages are idempotent per training and per version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.ledger.store import Ledger
from loopwright.loop import said
from loopwright.loop.step import Step
from loopwright.verdict import OnInconclusive, Outcome

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.ledger.state import ModelState
    from loopwright.loop.telling import Teller
    from loopwright.verdict import Verdict

_UNFINISHED = {"decided", "trained", "gate:pass"}


class Learning:
    """The training and the release of one model.

    :param workspace: where everything is.
    :param model: the model.
    :param teller: tells of each step.
    """

    def __init__(self, workspace: Workspace, model: ModelSpec, teller: Teller) -> None:
        self.workspace, self.model, self.teller = workspace, model, teller
        self.waits_for: list[str] = []
        self._ledger = Ledger.of(workspace)

    @property
    def state(self) -> ModelState:
        """The model's state now."""
        return self._ledger.model(self.model.name)

    def train(self) -> None:
        """Finish the training that was left, then decide whether there is a reason for another."""
        from loopwright.stages.train import decide_training

        left = self._unfinished()
        if left:
            self._learn(left)
        decision = self.teller.step(
            "train", "decide", lambda: decide_training(self.workspace, self.model), said.decision
        )
        if decision.train and decision.training_id:
            self._learn(decision.training_id)

    def release(self) -> bool:
        """Finish a release that was left, roll back if it was asked for, and promote what may be promoted.

        :return: whether there is another champion than before.
        """
        before = (self.state.champion or {}).get("version")
        self._reconcile()
        if self.state.request("rollback"):
            self._roll_back()
        if self.state.candidate:
            self._promote(self.state.candidate["version"])
        return bool((self.state.champion or {}).get("version") != before)

    def _unfinished(self) -> str | None:
        last = self.state.get("last_training")
        training = self.state.training(last["training_id"]) if last else None
        return training["training_id"] if training and training["status"] in _UNFINISHED else None

    def _learn(self, training_id: str) -> None:
        from loopwright.stages.train import fit_candidate, judge_candidate, register_candidate

        workspace, model, step = self.workspace, self.model, self.teller.step
        step("train", "fit", lambda: fit_candidate(workspace, model, training_id), said.fitted)
        judged = step("train", "gate", lambda: judge_candidate(workspace, model, training_id), said.judged)
        if self._may_register(judged.verdict):
            step("train", "register", lambda: register_candidate(workspace, model, training_id), said.registered)

    def _may_register(self, verdict: Verdict) -> bool:
        asks = self.model.gate.on_inconclusive is OnInconclusive.ASK
        return verdict.passed or (asks and verdict.outcome is Outcome.INCONCLUSIVE)

    def _reconcile(self) -> None:
        from loopwright.stages.release import reconcile

        for mended in reconcile(self.workspace, self.model):
            self.teller.tell(Step("release", "reconcile", None, "mended", mended, 0.0))

    def _roll_back(self) -> None:
        from loopwright.stages.release import roll_back

        request = self.state.request("rollback") or {}
        if not self.state.previous:
            self._ask("roll back", f"{request.get('reason')}; but there is no earlier champion to return to")
            return
        self.teller.step(
            "release",
            "roll back",
            lambda: roll_back(self.workspace, self.model, reason=str(request.get("reason")), actor="monitor"),
            said.released,
        )

    def _promote(self, version: str) -> None:
        from loopwright.stages.release import promote, rehearse

        workspace, model, step = self.workspace, self.model, self.teller.step
        candidate = self.state.version(version) or {}
        if candidate.get("rehearsal") != "pass":
            rehearsal = step("release", "rehearse", lambda: rehearse(workspace, model, version), said.judged)
            if not rehearsal.verdict.passed:
                return
        needs_approval = model.release.approval == "required" or candidate.get("ask")
        if needs_approval and (candidate.get("approval") or {}).get("answer") != "given":
            self._ask("approve", f"version {version} waits for a person: loopwright approve {model.name} {version}")
            return
        step("release", "promote", lambda: promote(workspace, model, version), said.released)

    def _ask(self, action: str, why: str) -> None:
        if why not in self.waits_for:
            self.waits_for.append(why)
            self.teller.tell(Step("release", action, None, "waiting", why, 0.0))
