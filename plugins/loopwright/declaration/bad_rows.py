"""What a team wants done with rows that are not as expected, and with what was set aside."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field

from loopwright.declaration.fields import Declared, Duration, Proportion

Treatment = Literal["publish", "set_aside", "reject"]


class OnBadRows(Declared):
    """What becomes of a batch in which an expectation fails, by the expectation's severity.

    `publish` only tells. `reject` sets the batch aside whole. `set_aside` keeps the failing rows apart and publishes
    the rest, up to the declared share; beyond it, and where no single row is to blame, the batch is set aside whole.
    """

    set_aside_up_to: Proportion = Field(
        0.0, description="The share of a batch's rows that may be set aside; with more, the batch is set aside whole."
    )
    critical: Literal["set_aside", "reject"] = Field("set_aside", description="For critical expectations.")
    warning: Treatment = Field("publish", description="For expectations of severity warning.")
    info: Treatment = Field("publish", description="For expectations of severity info.")

    def of(self, severity: str) -> Treatment:
        """Return what is to be done where an expectation of a severity fails."""
        found: Treatment = getattr(self, severity)
        return found


class Quarantine(Declared):
    """How what was set aside is kept, and whether a person is asked about it."""

    retention: Duration = Field(
        timedelta(days=90), description="How long rows are kept that nobody decided about; then they are erased."
    )
    ask: bool = Field(False, description="Ask a person in Airflow's UI what to do with each batch that has such rows.")
    approvers: list[str] = Field([], description="The users who may answer there; anybody who may when left out.")
    timeout: Duration = Field(
        timedelta(days=7), description="How long to wait for the answer; after it the rows stay where they are."
    )
