"""What a turn of the loop tells while it goes: what began, what came of it, and the sum at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Stage = Literal["ingest", "train", "release", "score", "monitor"]
STAGES: tuple[Stage, ...] = ("ingest", "train", "release", "score", "monitor")
"""In the order of the loop; a turn *until* a stage leaves out those behind it."""

FAULT = "fault"
"""The outcome of a step whose data or code raised; the other batches go on."""


@dataclass(frozen=True)
class Began:
    """A step has begun.

    :param stage: the stage it belongs to.
    :param action: what is done, a verb: ``ingest``, ``fit``, ``promote`` …
    :param batch_id: the batch it is about, if it is about one.
    :param done: batches that are behind us in this turn.
    :param total: batches that wait in this turn, those behind us included.
    """

    stage: Stage
    action: str
    batch_id: str | None
    done: int
    total: int


@dataclass(frozen=True)
class Step:
    """A step and what came of it.

    :param stage: the stage it belongs to.
    :param action: what was done.
    :param batch_id: the batch it is about, if it is about one.
    :param outcome: a verdict's outcome, or the word for what was done (``published``, ``promoted``, ``no`` …).
    :param why: one sentence for people.
    :param seconds: how long it took.
    :param result: the stage's own result, plain JSON values.
    """

    stage: Stage
    action: str
    batch_id: str | None
    outcome: str
    why: str
    seconds: float
    result: dict[str, Any] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether this is a verdict that failed: the data or the candidate is not good enough."""
        return self.outcome in {"fail", "quarantined"}

    @property
    def faulty(self) -> bool:
        """Whether it could not be judged at all."""
        return self.outcome == FAULT

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**self.summary(), "result": self.result}

    def summary(self) -> dict[str, Any]:
        """Return what came of it, without the stage's own result."""
        return {
            "stage": self.stage,
            "action": self.action,
            "batch_id": self.batch_id,
            "outcome": self.outcome,
            "why": self.why,
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True)
class Summary:
    """A turn as a whole.

    :param model: the model's name.
    :param dataset: its dataset's.
    :param steps: everything that was done, in order.
    :param champion: the version in production after it, or ``None``.
    :param before: the version in production before it, or ``None``.
    :param waits_for: what a person is asked, a sentence each.
    :param seconds: how long the turn took.
    """

    model: str
    dataset: str
    steps: tuple[Step, ...]
    champion: str | None
    before: str | None
    waits_for: tuple[str, ...]
    seconds: float

    @property
    def failed(self) -> tuple[Step, ...]:
        """The steps whose verdict was *fail*."""
        return tuple(step for step in self.steps if step.failed)

    @property
    def faults(self) -> tuple[Step, ...]:
        """The steps that could not be judged."""
        return tuple(step for step in self.steps if step.faulty)

    @property
    def exit_status(self) -> int:
        """0 when all is done, 1 when a verdict was *fail*, 2 when a step could not run."""
        return 2 if self.faults else 1 if self.failed else 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; the steps are counted, and only what went wrong is said again."""
        return {
            "model": self.model,
            "dataset": self.dataset,
            "steps": len(self.steps),
            "failed": [step.summary() for step in self.failed],
            "faults": [step.summary() for step in self.faults],
            "champion": self.champion,
            "before": self.before,
            "waits_for": list(self.waits_for),
            "seconds": round(self.seconds, 3),
            "exit_status": self.exit_status,
        }
