"""One turn of the loop, in one process: everything that waits, batch by batch in order.

Each step asks the ledger what is still to do and does it, so a turn that was killed anywhere is finished by the next,
and one that finds nothing to do changes nothing. A batch is taken in, scored by today's champion and watched before
anybody learns from it; then it may be a reason to train, and a new champion catches up on what is unscored.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from loopwright.declaration import Project
from loopwright.ledger.soundness import how_to_mend
from loopwright.ledger.store import Ledger
from loopwright.loop import said
from loopwright.loop.learning import Learning
from loopwright.loop.step import FAULT, STAGES, Stage, Step, Summary
from loopwright.loop.taking_in import arrived, take_in_one, tell_due
from loopwright.loop.telling import Listener, Teller

if TYPE_CHECKING:
    from loopwright.declaration import DatasetSpec, ModelSpec, Workspace
    from loopwright.stages.monitor import Monitored


def turn(
    workspace: Workspace,
    model: str,
    *,
    until: Stage | None = None,
    on_event: Listener | None = None,
    person: str | None = None,
) -> Summary:
    """Turn the loop of one model over everything that waits.

    :param workspace: where everything is.
    :param model: the model's name.
    :param until: leave out the stages behind this one.
    :param on_event: told of every step as it begins and as it falls.
    :param person: who started it, as an actor, where a person did: what it trains and releases is asked for by them.
    :raises LoopwrightError: if the declaration is wrong or the surroundings fail. What the data or the team's code
        does wrong is a step of the summary instead, and the rest goes on: the champion scores while a training fails.
    """
    spec = Project.at(workspace.project).model(model)
    dataset = Project.at(workspace.project).dataset(spec.dataset)
    return _Turn(workspace, spec, dataset, until, Teller(on_event), person).run()


class _Turn:
    def __init__(
        self,
        workspace: Workspace,
        model: ModelSpec,
        dataset: DatasetSpec,
        until: Stage | None,
        teller: Teller,
        person: str | None,
    ) -> None:
        self.workspace, self.model, self.dataset, self.teller = workspace, model, dataset, teller
        self.included = STAGES if until is None else STAGES[: STAGES.index(until) + 1]
        self.learning = Learning(workspace, model, teller, person=person)
        self.ledger = Ledger.of(workspace)

    def run(self) -> Summary:
        started = time.monotonic()
        before = self._champion()
        found = arrived(self.workspace, self.dataset)
        arrivals = found.listing.arrivals
        tell_due(found, self.teller)
        self.teller.total = len(arrivals)
        self._keep_to_what_is_sound()
        if "release" in self.included:
            self.learning.mend()
            self.learning.release()  # what an earlier turn left, before anything newer is decided
        self._go_round(decide=not arrivals or self.learning.is_due())
        for arrival in arrivals:
            taken = take_in_one(self.workspace, self.dataset, arrival.batch_id, self.teller)
            self._go_round(decide=taken is not None and taken.status == "published")
            self.teller.done += 1
        return Summary(
            model=self.model.name,
            dataset=self.dataset.name,
            steps=tuple(self.teller.steps),
            champion=self._champion(),
            before=before,
            waits_for=tuple(self.learning.waits_for),
            seconds=time.monotonic() - started,
        )

    def _keep_to_what_is_sound(self) -> None:
        """Say of a record that was changed that it was, and train and release nothing on it; the champion goes on."""
        subject = f"model/{self.model.name}"
        problems = self.ledger.verify(subject)
        if problems:
            self.included = tuple(stage for stage in self.included if stage not in {"train", "release"})
            what = "the record is not what was recorded, so nothing is trained or released on it"
            why = f"{what}: {problems[0]} {how_to_mend(subject, problems)}"
            self.teller.tell(Step("release", "verify", None, FAULT, why, 0.0))

    def _champion(self) -> str | None:
        champion = self.ledger.model(self.model.name).champion
        return str(champion["version"]) if champion else None

    def _go_round(self, *, decide: bool) -> None:
        """Do what is still to do with what is published.

        :param decide: whether there is anything that a decision to train could rest on.
        """
        self._catch_up()
        if "release" in self.included and self.learning.is_shadowing() and self.learning.release():
            self._catch_up()
        if decide and "train" in self.included:
            self.learning.train()
        if "release" in self.included and self.learning.release():
            self._catch_up()

    def _catch_up(self) -> None:
        if "score" in self.included and self.model.score:
            self._score()
        if "monitor" in self.included and self.model.monitor:
            self._monitor()

    def _score(self) -> None:
        from loopwright.stages.score import score_batch, shadow_batch, unscored, unshadowed

        for batch in unscored(self.workspace, self.model):
            score = partial(score_batch, self.workspace, self.model, batch)
            self.teller.attempt("score", "score", score, said.scored, batch)
        for batch in unshadowed(self.workspace, self.model):
            beside = partial(shadow_batch, self.workspace, self.model, batch)
            self.teller.attempt("score", "shadow", beside, said.shadowed, batch)

    def _monitor(self) -> None:
        from loopwright.stages.monitor import unmonitored

        for batch in unmonitored(self.workspace, self.model):
            self.teller.attempt("monitor", "monitor", partial(self._watched, batch), said.monitored, batch)

    def _watched(self, batch_id: str) -> Monitored:
        from loopwright.stages.monitor import conclude, detect_drift, measure_performance

        drift = detect_drift(self.workspace, self.model, batch_id)
        performance = measure_performance(self.workspace, self.model, batch_id)
        return conclude(self.workspace, self.model, batch_id, drift, performance)
