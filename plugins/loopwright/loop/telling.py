"""Runs a step, times it, and tells of it; a fault of data or user code is told too, and need not end the turn."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from loopwright.errors import DataFault
from loopwright.loop.step import FAULT, Began, Stage, Step

Listener = Callable[[Began | Step], None]


class Result(Protocol):
    """What every stage returns."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""


Outcome = TypeVar("Outcome", bound=Result)
Said = tuple[str, str]
"""An outcome and one sentence."""


class Teller:
    """Collects the steps of one turn.

    :param listener: told of every step as it begins and as it falls.
    """

    def __init__(self, listener: Listener | None = None) -> None:
        self._listener = listener or (lambda _: None)
        self._given_up: set[tuple[str, str | None]] = set()
        self.steps: list[Step] = []
        self.done = 0
        self.total = 0

    def step(
        self,
        stage: Stage,
        action: str,
        act: Callable[[], Outcome],
        say: Callable[[Outcome], Said],
        batch_id: str | None = None,
    ) -> Outcome:
        """Run one step.

        :param stage: the stage it belongs to.
        :param action: what is done.
        :param act: does it.
        :param say: from its result to an outcome and a sentence.
        :param batch_id: the batch it is about.
        :return: the result of ``act``.
        """
        self._listener(Began(stage, action, batch_id, self.done, self.total))
        started = time.monotonic()
        result = act()
        outcome, why = say(result)
        self.tell(Step(stage, action, batch_id, outcome, why, time.monotonic() - started, result.to_dict()))
        return result

    def attempt(
        self,
        stage: Stage,
        action: str,
        act: Callable[[], Outcome],
        say: Callable[[Outcome], Said],
        batch_id: str | None = None,
    ) -> Outcome | None:
        """Run one step that fails itself only: a fault of the data or of the team's code is told, and the turn goes on.

        :return: the result; ``None`` when it raised a :class:`DataFault`, now or about the same batch before.
        """
        if (action, batch_id) in self._given_up:
            return None
        started = time.monotonic()
        try:
            return self.step(stage, action, act, say, batch_id)
        except DataFault as fault:
            if batch_id:
                self._given_up.add((action, batch_id))
            elapsed = time.monotonic() - started
            self.tell(Step(stage, action, batch_id, FAULT, fault.what, elapsed, {"error": fault.to_dict()}))
            return None

    def tell(self, step: Step) -> None:
        """Keep a step and pass it on."""
        self.steps.append(step)
        self._listener(step)
