"""Where a person opens a report: a path or a URL, whatever the record calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.errors import LoopwrightError

if TYPE_CHECKING:
    from loopwright.declaration import Workspace
    from loopwright.loop.step import Step

_OF_A_RUN = "runs:/"


def report_of(step: Step, workspace: Workspace | None) -> str | None:
    """Return the report to read after a step; ``None`` where there is none, or a batch has nothing to be read about.

    :param step: what was done.
    :param workspace: where MLflow is; without it, a report is called what the record calls it.
    """
    kept = step.result.get("report")
    if not kept or (step.stage != "train" and not step.failed and step.outcome != "inconclusive"):
        return None
    return opened(str(kept), workspace)


def opened(kept: str, workspace: Workspace | None) -> str:
    """Return the page of a report.

    :param kept: as recorded: ``runs:/RUN/PATH``, or the path or URL of a batch's ``.json``.
    :param workspace: where MLflow is.
    """
    if kept.startswith(_OF_A_RUN) and workspace is not None:
        from loopwright.tracking import Tracking

        run, _, path = kept.removeprefix(_OF_A_RUN).partition("/")
        try:
            return Tracking.of(workspace).place_of(run, path)
        except LoopwrightError:  # the verdict is told all the same
            return kept
    if kept.endswith(".json"):
        from loopwright.lake.lake import PAGE

        return kept.removesuffix(".json") + PAGE
    return kept
