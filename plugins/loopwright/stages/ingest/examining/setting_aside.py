"""Which rows of a batch are set aside, by the declared policy, so that the rest can be published.

What must stay true: the rest is judged anew, by everything that judged the whole; and where no single row is to blame,
or more rows are bad than was declared, the batch is set aside whole.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pandas as pd

from loopwright.verdict import Check, Outcome

if TYPE_CHECKING:
    from loopwright.declaration.bad_rows import OnBadRows
    from loopwright.stages.ingest.cleaning import Cleaned
    from loopwright.stages.ingest.examining.examined import Examined
    from loopwright.stages.ingest.judging.answers import ExpectationResult
    from loopwright.stages.ingest.judging.failing import FailingRows

REASONS = "_reasons"
"""The column of the quarantine that says, as a JSON list, which checks each row fails."""
ARRIVAL = "_arrival"
"""The column of the quarantine that says, by the start of their digest, with which bytes each row came."""
BY_ROW = ("key", "event_time")
"""The structural checks that single rows can fail."""


@dataclass(frozen=True)
class BadRows:
    """Rows to be set aside.

    :param reasons: each row's label, with the checks and steps that it fails.
    """

    reasons: Mapping[int, Sequence[str]] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        """Return how many rows fail each check, a row that fails two being counted for both."""
        found: dict[str, int] = {}
        for names in self.reasons.values():
            for name in names:
                found[name] = found.get(name, 0) + 1
        return found

    def check(self, rows_read: int, allowed: float) -> Check:
        """Return whether as many rows may be set aside.

        :param rows_read: of the arrival.
        :param allowed: the declared share.
        """
        bad = len(self.reasons)
        share = bad / rows_read if rows_read else 0.0
        within = share <= allowed
        said = f"{bad:,} of {rows_read:,} rows ({share:.2%}) are bad"
        may = f"up to {allowed:.2%} may be set aside"
        return Check(
            "bad_rows",
            Outcome.PASS if within else Outcome.FAIL,
            f"{said} and set aside; {may}" if within else f"{said}; {may}",
            observed={"rows": bad, "share": share},
            asked={"at_most": allowed},
            n=rows_read,
        )


def bad_rows(
    policy: OnBadRows, checks: Sequence[Check], answers: Sequence[ExpectationResult], failing: FailingRows
) -> BadRows | None:
    """Return the rows that are to blame for a batch's failing; ``None`` where that cannot be laid to rows alone.

    :param policy: as declared.
    :param checks: all that was asked of the whole batch.
    :param answers: what became of each expectation.
    :param failing: which rows fail which check.
    """
    by_row = {answer.name for answer in answers if policy.of(answer.severity) == "set_aside"} | set(BY_ROW)
    failed = [check.name for check in checks if check.required and check.outcome is Outcome.FAIL]
    if not failed:
        return BadRows()
    if not policy.set_aside_up_to or not set(failed) <= by_row & set(failing.names):
        return None
    return BadRows(failing.reasons(failed))


def decided_by(policy: OnBadRows, answers: Sequence[ExpectationResult], rows: int) -> list[Check]:
    """Return the expectations as checks, required where a failure would not merely be told.

    :param rows: of the batch.
    """
    return [replace(answer.check(rows), required=policy.of(answer.severity) != "publish") for answer in answers]


def overruled(checks: Sequence[Check], by: str) -> list[Check]:
    """Return the expectations' checks as what they are when a person has said to publish the rows as they are.

    :param by: who.
    """
    return [
        replace(check, required=False, why=f"{check.why} (released by {by})")
        if check.required and check.outcome is Outcome.FAIL
        else check
        for check in checks
    ]


def with_cleaned(bad: BadRows, cleaned: Cleaned, *, silent: bool = False) -> BadRows:
    """Return the bad rows with those that cleaning steps set aside.

    :param silent: say the step and not its reason, whose bounds may be values of the batch.
    """
    reasons = {label: [*names] for label, names in bad.reasons.items()}
    for aside in cleaned.aside:
        for label in aside.rows.index.tolist():
            reasons.setdefault(label, []).append(aside.place if silent else f"{aside.place}: {aside.reason}")
    return BadRows(dict(sorted(reasons.items())))


def rows_of(bad: BadRows, raw: pd.DataFrame, cleaned: Cleaned) -> pd.DataFrame:
    """Return the bad rows as they came; as they were when found bad, where a function counted the rows anew.

    :param raw: as read.
    """
    if cleaned.traced:
        return raw.loc[list(bad.reasons)]
    parts = [cleaned.frame, *(aside.rows for aside in cleaned.aside)]
    return pd.concat([part.loc[part.index.isin(list(bad.reasons))] for part in parts])


def whole(examined: Examined) -> pd.DataFrame | None:
    """Return all rows of a batch that is set aside whole, as they came, each with the checks that it fails itself."""
    if examined.reading is None:
        return None
    rows = examined.reading.frame
    return with_reasons(rows, BadRows(examined.failing.reasons()))


def with_reasons(rows: pd.DataFrame, bad: BadRows) -> pd.DataFrame:
    """Return rows with the column that says why each is in quarantine: nothing where only the batch is at fault."""
    rows = rows.rename(columns={REASONS: f"{REASONS}.arrived"})
    said = [json.dumps(list(bad.reasons.get(label, ())), ensure_ascii=False) for label in rows.index.tolist()]
    return rows.assign(**{REASONS: pd.Series(said, index=rows.index, dtype="str")})
