"""The words in which every stage answers: checks, and the verdict over them.

A stage *computes* a report; a pure function *decides* on it. What must stay true: an inconclusive required check is
never a pass by silence, and a verdict with no required check at all is inconclusive, for nothing was judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """What one check, or a whole verdict, came to."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not_applicable"


class OnInconclusive(StrEnum):
    """What a team wants done when the data cannot tell."""

    WAIT = "wait"
    ASK = "ask"
    REFUSE = "refuse"


@dataclass(frozen=True)
class Check:
    """One question with its answer.

    :param name: stable identifier, such as ``threshold:roc_auc``.
    :param outcome: what the question came to.
    :param why: one sentence a product owner can follow, numbers included.
    :param observed: what was seen, as plain JSON values.
    :param asked: what was required, as plain JSON values.
    :param n: rows (or batches) the answer rests on.
    :param required: whether the check decides the verdict; advisory ones only inform.
    """

    name: str
    outcome: Outcome
    why: str
    observed: Any = None
    asked: Any = None
    n: int | None = None
    required: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**asdict(self), "outcome": self.outcome.value}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Check:
        """Rebuild what :meth:`to_dict` gave."""
        return cls(**{**raw, "outcome": Outcome(raw["outcome"])})


@dataclass(frozen=True)
class Verdict:
    """The answer over all checks of one stage about one thing.

    :param stage: the stage that judged, such as ``gate``.
    :param subject: what was judged, such as ``model/flight_delay``.
    :param checks: every question asked, required and advisory.
    :param on_inconclusive: the team's declared wish for when the data cannot tell.
    :param digests: content digests of what was judged, by role (``data``, ``artifact``, ``declaration``).
    """

    stage: str
    subject: str
    checks: tuple[Check, ...]
    on_inconclusive: OnInconclusive = OnInconclusive.WAIT
    digests: Mapping[str, str] = field(default_factory=dict)

    @property
    def outcome(self) -> Outcome:
        """The verdict: any required fail fails; else any required inconclusive is inconclusive; else pass."""
        return overall(self.checks)

    @property
    def passed(self) -> bool:
        """Whether the next stage may act on it without asking anyone."""
        return self.outcome is Outcome.PASS

    @property
    def refused(self) -> bool:
        """Whether it is a final no: a fail, or inconclusive where the team declared ``refuse``."""
        return self.outcome is Outcome.FAIL or (
            self.outcome is Outcome.INCONCLUSIVE and self.on_inconclusive is OnInconclusive.REFUSE
        )

    def why(self) -> str:
        """Return one line: the outcome and the sentences of the checks that made it; of a pass, how many they are."""
        culprits = [c for c in self.checks if c.required and c.outcome is self.outcome]
        if self.outcome is Outcome.PASS or not culprits:
            return f"{self.outcome.value}: {self._counted()}"
        said = "; ".join(c.why for c in culprits[:3])
        more = f"; and {len(culprits) - 3} more" if len(culprits) > 3 else ""
        return f"{self.outcome.value}: {said}{more}"

    def _counted(self) -> str:
        """Count what decided, and apart from it what only informs: a finding of that kind takes nothing from a pass."""
        asked = [c for c in self.checks if c.outcome is not Outcome.NOT_APPLICABLE]
        decided = [c.outcome for c in asked if c.required]
        findings = sum(c.outcome is not Outcome.PASS for c in asked if not c.required)
        said = (
            f"{decided.count(Outcome.PASS)} of {len(decided)} required checks"
            if decided
            else "no required check applies"
        )
        return said + (f"; {findings} advisory finding{'s' if findings > 1 else ''}" if findings else "")

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, the outcome included for readers that do not know the rule."""
        return {
            "stage": self.stage,
            "subject": self.subject,
            "outcome": self.outcome.value,
            "why": self.why(),
            "on_inconclusive": self.on_inconclusive.value,
            "digests": dict(self.digests),
            "checks": [check.to_dict() for check in self.checks],
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Verdict:
        """Rebuild what :meth:`to_dict` gave; the outcome is computed again, never believed."""
        return cls(
            stage=raw["stage"],
            subject=raw["subject"],
            checks=tuple(Check.from_dict(check) for check in raw["checks"]),
            on_inconclusive=OnInconclusive(raw["on_inconclusive"]),
            digests=dict(raw["digests"]),
        )


def overall(checks: Iterable[Check]) -> Outcome:
    """Fold checks into one outcome.

    :param checks: all checks; advisory ones do not count.
    :return: ``fail`` if any required check failed; else ``inconclusive`` if any is, or if none was required;
        else ``pass`` (``not_applicable`` counts as neither).
    """
    outcomes = {check.outcome for check in checks if check.required}
    if Outcome.FAIL in outcomes:
        return Outcome.FAIL
    if Outcome.INCONCLUSIVE in outcomes or not outcomes & {Outcome.PASS}:
        return Outcome.INCONCLUSIVE
    return Outcome.PASS
