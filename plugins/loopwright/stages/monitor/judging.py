"""The verdict over one batch and those before it that the same version scored. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loopwright.stages.monitor.persistence import persists, said
from loopwright.verdict import Check, Outcome, Verdict

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec
    from loopwright.declaration.fields import Persistence
    from loopwright.ledger.state import ModelState
    from loopwright.stages.monitor.drift import DriftReport
    from loopwright.stages.monitor.performance import PerformanceReport
    from loopwright.stages.monitor.watched import Watched

SHOWN = 20
"""Findings about single columns that a verdict repeats; the report holds them all."""


@dataclass(frozen=True)
class Seen:
    """What was seen of one batch.

    :param one: the batch, as it was scored.
    :param earlier: the batches before it, in order.
    :param drift: its drift, if it was asked for.
    :param performance: its performance, if it was asked for.
    """

    one: Watched
    earlier: Sequence[str]
    drift: DriftReport | None
    performance: PerformanceReport | None

    @property
    def batch_id(self) -> str:
        """The batch."""
        return str(self.one.batch["batch_id"])

    @property
    def version(self) -> str:
        """The version that scored it."""
        return str(self.one.version["version"])


def judged(model: ModelSpec, state: ModelState, seen: Seen) -> Verdict:
    """Decide on a batch together with those before it.

    :param model: the model's declaration.
    :param state: the model's state, which holds what the earlier batches came to.
    :param seen: what was seen of the batch.
    """
    checks = (_drift(model, state, seen), _performance(model, state, seen), *_findings(seen.drift))
    digests = {"content": seen.one.batch["content_digest"], "artifact": seen.one.version["artifact_digest"]}
    return Verdict("monitor", state.subject, checks, digests=digests)


def _drift(model: ModelSpec, state: ModelState, seen: Seen) -> Check:
    asked, report = model.monitor and model.monitor.drift, seen.drift
    if not asked or report is None or report.outcome is Outcome.NOT_APPLICABLE:
        return Check("drift", Outcome.NOT_APPLICABLE, report.why if report else "it was not asked for")
    outcomes = [*_history("drift", state, seen), report.outcome]
    return _persisting("drift", outcomes, asked.persists, report.why, "drifted", report.rows)


def _performance(model: ModelSpec, state: ModelState, seen: Seen) -> Check:
    asked, report = model.monitor and model.monitor.performance, seen.performance
    if not asked or report is None or report.outcome is Outcome.NOT_APPLICABLE:
        return Check("performance", Outcome.NOT_APPLICABLE, report.why if report else "it was not asked for")
    outcomes = [*_history("performance", state, seen), report.outcome]
    return _persisting("performance", outcomes, asked.persists, report.why, "lost quality", report.n)


def _persisting(name: str, outcomes: list[Outcome], rule: Persistence, why: str, shows: str, n: int) -> Check:
    counted = said(outcomes, rule, shows)
    asked = f"{rule.hits} of {rule.window}"
    return Check(name, persists(outcomes, rule), f"{why}; {counted}", outcomes[-1].value, asked, n)


def _history(name: str, state: ModelState, seen: Seen) -> list[Outcome]:
    """Return what the same version's earlier batches came to, those without an answer left out.

    Of those are batches with too few rows for any interval: they are looked at together with the next.
    """
    found: list[Mapping[str, Any]] = [state.get(f"monitored/{batch}") or {} for batch in seen.earlier]
    reports = [record.get(name) for record in found if record.get("version") == seen.version]
    outcomes = [Outcome(report["outcome"]) for report in reports if report and not too_small(report)]
    return [outcome for outcome in outcomes if outcome is not Outcome.NOT_APPLICABLE]


def too_small(report: Mapping[str, Any]) -> bool:
    """Tell whether a batch had a value and, for want of rows, no bounds; of drift that is never so.

    :param report: of its performance, as it was recorded.
    """
    value = report.get("value")
    return report["outcome"] == Outcome.INCONCLUSIVE and isinstance(value, dict) and value.get("low") is None


def _findings(drift: DriftReport | None) -> list[Check]:
    """Return what was found about single columns, as advice: the share of columns decides."""
    if drift is None:
        return []
    columns = {column.column: column for column in drift.columns}
    found = [columns[name] for name in (*drift.drifted, *drift.unsure)][:SHOWN]
    return [Check(f"drift:{c.column}", c.outcome, c.why, n=c.rows[1], required=False) for c in found]
