"""What became of one expectation: the same whichever engine answered, and small enough for reports and XCom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from loopwright.errors import shown
from loopwright.verdict import Check, Outcome

Engine = Literal["great_expectations", "scan"]


@dataclass(frozen=True)
class ExpectationResult:
    """One expectation with its answer.

    :param name: unique in its suite: ``expect_column_values_to_be_unique(ride_id)``.
    :param type: Great Expectations' name.
    :param kwargs: its arguments, as plain JSON values.
    :param severity: ``critical``, ``warning`` or ``info``.
    :param success: whether it holds; one that could not be asked does not.
    :param engine: which engine answered.
    :param by_row: whether it is a question to each row, so that rows can fail it and be set aside for it.
    :param element_count: rows that were asked; ``None`` for a question to the column or the table.
    :param missing_count: rows without a value to ask about, where that counts apart.
    :param unexpected_count: rows (of a question about distinct values: values) that are not as expected.
    :param observed: what a question to the column or the table came to.
    :param raised: why it could not be asked, in the engine's words; ``None`` if it could.
    :param lacking: columns that it is about and that the batch does not have.
    :param description: what it is for, in the suite's words.
    """

    name: str
    type: str
    kwargs: Mapping[str, Any]
    severity: str
    success: bool
    engine: Engine
    by_row: bool = False
    element_count: int | None = None
    missing_count: int | None = None
    unexpected_count: int | None = None
    observed: Any = None
    raised: str | None = None
    description: str | None = None
    lacking: tuple[str, ...] = ()

    @property
    def required(self) -> bool:
        """Whether it decides the verdict."""
        return self.severity == "critical"

    @property
    def unexpected_percent(self) -> float | None:
        """Of the rows that have a value, as Great Expectations counts; ``None`` where no row has one."""
        if self.unexpected_count is None or self.element_count is None:
            return None
        asked = self.element_count - (self.missing_count or 0)
        return 100 * self.unexpected_count / asked if asked else None

    @property
    def unasked(self) -> str | None:
        """Why it could not be asked, and what to do, with the engine's own words behind; ``None`` if it could."""
        if self.raised is None:
            return None
        theirs = f" (Great Expectations: {shown(self.raised)})" if self.raised else ""
        if self.lacking:
            which = f"the column {self.lacking[0]!r}" if len(self.lacking) == 1 else f"the columns {list(self.lacking)}"
            mend = "where the source renamed it, add a rename step, else mend the expectation"
            return shown(f"could not be asked: the batch does not have {which}; {mend}{theirs}")
        why = "its arguments do not fit the values that came: convert the column in a cleaning step, or mend them"
        return f"could not be asked: {why}{theirs}"

    def why(self) -> str:
        """Return one sentence that a product owner can follow, numbers included."""
        purpose = f" ({shown(self.description)})" if self.description else ""
        if self.raised is not None:
            return f"{self.name}{purpose}: {self.unasked}"
        asked = ", ".join(f"{key} {value}" for key, value in self.kwargs.items() if not key.startswith("column"))
        asked = f" of {shown(asked)}" if asked else ""
        if self.element_count is not None and self.unexpected_count is not None:
            counted = f"{self.unexpected_count:,} of {self.element_count:,} values"
            return f"{self.name}{purpose}: {counted} are outside what is expected{asked}"
        if self.observed is None:
            return (
                f"{self.name}{purpose}: {'holds' if self.success else 'does not hold'}{asked and f', asked{asked[3:]}'}"
            )
        return f"{self.name}{purpose}: observed {shown(self.observed)}, expected{asked}"

    def check(self, rows: int) -> Check:
        """Return it as a check of the stage's verdict.

        :param rows: of the batch.
        """
        return Check(
            name=self.name,
            outcome=Outcome.PASS if self.success else Outcome.FAIL,
            why=self.why(),
            observed=self._counts() if self.unexpected_count is not None else self.observed,
            asked=dict(self.kwargs),
            n=rows if self.element_count is None else self.element_count,
            required=self.required,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**asdict(self), "kwargs": dict(self.kwargs), "unexpected_percent": self.unexpected_percent,
                "lacking": list(self.lacking), "unasked": self.unasked}  # fmt: skip

    def _counts(self) -> dict[str, Any]:
        return {
            "unexpected_count": self.unexpected_count,
            "unexpected_percent": self.unexpected_percent,
            "missing_count": self.missing_count,
        }
