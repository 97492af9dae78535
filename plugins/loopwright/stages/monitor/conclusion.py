"""What two reports say together, over the last batches: a verdict in the ledger, and a request where it persists.

Monitor requests, train decides. A verdict and its requests are recorded in one transaction, and once: concluding the
same again changes nothing, also after the request was answered. Where a batch drifted, its comparison is drawn for
people, once; where it did not, nobody pays for a page.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from loopwright.errors import LoopwrightError, NotReady
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.stages.monitor.judging import Seen, judged
from loopwright.stages.monitor.requests import ASKS, requests
from loopwright.stages.monitor.watched import watched
from loopwright.tracking import Tracking
from loopwright.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.ledger.state import ModelState
    from loopwright.stages.monitor.drift import DriftReport
    from loopwright.stages.monitor.performance import PerformanceReport
    from loopwright.stages.monitor.watched import Watched

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Monitored:
    """What became of one batch's watching.

    :param model: the model's name.
    :param batch_id: the batch.
    :param version: the version that scored it.
    :param verdict: drift and performance, over the last batches.
    :param request: ``retrain`` or ``rollback``, when this batch made it so; else ``None``.
    :param run_id: the version's MLflow run, with which the reports are kept.
    :param report: the page about the batch's drift, as ``runs:/<run>/<path>``; ``None`` where nothing drifted.
    """

    model: str
    batch_id: str
    version: str
    verdict: Verdict
    request: str | None
    run_id: str
    report: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "model": self.model,
            "batch_id": self.batch_id,
            "version": self.version,
            "verdict": self.verdict.to_dict(),
            "request": self.request,
            "run_id": self.run_id,
            "report": self.report,
        }


def conclude(
    workspace: Workspace,
    model: ModelSpec,
    batch_id: str,
    drift: DriftReport | None,
    performance: PerformanceReport | None,
    *,
    actor: str = "monitor",
) -> Monitored:
    """Record what the reports say, and request what follows.

    :param batch_id: a scored batch.
    :param drift: its drift, if it was asked for.
    :param performance: its performance, if it was asked for.
    :param actor: who asks for it.
    :raises UnknownName: if there is no such batch; the nearest is said.
    :raises NotReady: if it was not scored, changed since, or the reports are about another version.
    """
    one = watched(workspace, model, batch_id)
    _require_same_version(one, drift, performance)
    ledger = Ledger.of(workspace)
    order = [batch["batch_id"] for batch in ledger.dataset(model.dataset).published()]
    seen = Seen(one, order[: order.index(batch_id)], drift, performance)
    _keep_reports(workspace, seen)
    page = _drawn_before(ledger.model(model.name), seen) or _drawn(workspace, model, seen)
    ledger.decide(f"model/{model.name}", lambda state: _drafts(model, cast("ModelState", state), seen, page, actor))
    recorded = ledger.model(model.name).get(f"monitored/{batch_id}")
    return Monitored(
        model=model.name,
        batch_id=batch_id,
        version=recorded["version"],
        verdict=Verdict.from_dict(recorded["verdict"]),
        request=recorded.get("request"),
        run_id=one.version["run_id"],
        report=recorded.get("report"),
    )


def _require_same_version(one: Watched, *reports: DriftReport | PerformanceReport | None) -> None:
    version = one.version["version"]
    others = [report.version for report in reports if report and report.version != version]
    if others:
        raise NotReady(
            "The batch was scored again since it was looked at.",
            where=f"batch {one.batch['batch_id']}",
            got=f"reports about version {others[0]}",
            allowed=f"reports about version {version}",
            mend="Look at it again.",
        )


def _drafts(model: ModelSpec, state: ModelState, seen: Seen, page: str | None, actor: str) -> list[Draft]:
    verdict = judged(model, state, seen)
    before = _before(state, seen)
    if before and before["verdict"] == verdict.to_dict():
        return []
    asked = requests(model, state, seen, verdict, before, actor)
    named = sorted((ASKS[draft.kind] for draft in asked), reverse=True)
    evidence = {
        "batch_id": seen.batch_id,
        "version": seen.version,
        "drift": seen.drift.summary() if seen.drift else None,
        "performance": seen.performance.to_dict() if seen.performance else None,
        "verdict": verdict.to_dict(),
        "request": named[0] if named else before.get("request"),
        "report": page,
    }
    return [Draft(Kind.BATCH_MONITORED, actor, verdict.why(), evidence), *asked]


def _before(state: ModelState, seen: Seen) -> Mapping[str, Any]:
    """Return the record of the same batch as the same version scored it; empty when there is none."""
    before: Mapping[str, Any] = state.get(f"monitored/{seen.batch_id}") or {}
    same = before.get("version") == seen.version and before["sequence"] >= seen.one.scored["sequence"]
    return before if same else {}


def _drawn_before(state: ModelState, seen: Seen) -> str | None:
    found: str | None = _before(state, seen).get("report")
    return found


def _drawn(workspace: Workspace, model: ModelSpec, seen: Seen) -> str | None:
    """Draw the page about a batch that drifted. That it cannot be drawn is no reason to conclude nothing."""
    if not seen.drift or seen.drift.outcome is not Outcome.FAIL or not seen.drift.columns:
        return None
    from loopwright.stages.monitor.drift import draw_drift

    try:
        return f"runs:/{seen.one.version['run_id']}/{draw_drift(workspace, model, seen.batch_id)}"
    except LoopwrightError:
        raise
    except Exception:  # noqa: BLE001 - a drawing library's own trouble must not cost the verdict
        _log.warning("The page about the drift of %s could not be drawn.", seen.batch_id, exc_info=True)
        return None


def _keep_reports(workspace: Workspace, seen: Seen) -> None:
    """Keep the whole reports with the version's run; the ledger holds what decisions rest on."""
    tracking, run, folder = Tracking.of(workspace), seen.one.version["run_id"], f"monitor/{seen.batch_id}"
    if seen.drift and seen.drift.columns:
        tracking.log_json(run, f"{folder}/drift.json", seen.drift.to_dict())
    if seen.performance and seen.performance.value:
        tracking.log_json(run, f"{folder}/performance.json", seen.performance.to_dict())
