"""A turn of the loop as a person sees it: a line for every step on standard output, and on a terminal a bar below."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

from loopwright.cli.answer import coloured
from loopwright.cli.failing import tell_error
from loopwright.cli.reports import report_of
from loopwright.errors import counted
from loopwright.loop.step import Began, Step

if TYPE_CHECKING:
    from loopwright.declaration import Workspace
    from loopwright.loop.step import Summary


class Progress:
    """Prints steps; shows a bar on standard error while a step runs, if that is a terminal.

    :param unit: what is counted.
    :param workspace: where reports are kept, so that a step can say where to open its own.
    """

    def __init__(self, unit: str, workspace: Workspace | None = None) -> None:
        self._unit, self._workspace = unit, workspace
        self._bar: Any = None
        self._task: Any = None
        self._batch: str | None = None

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            self._bar = _bar(self._unit)
            self._bar.start()
            self._task = self._bar.add_task("", total=None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def hear(self, event: Began | Step) -> None:
        """Show what began, or print what came of it."""
        if isinstance(event, Step):
            self._print(event)
        elif self._bar:
            what = f"{event.action} {event.batch_id or ''}".strip()
            self._bar.update(self._task, description=what, completed=event.done, total=event.total or None)

    def sum_up(self, summary: Summary) -> None:
        """Print what the turn came to."""
        if not summary.steps:
            click.echo(f"Nothing to do for {summary.model}: nothing waits.")
        champion = f"version {summary.champion} is champion" if summary.champion else "no champion yet"
        changed = f" (before: {summary.before or 'none'})" if summary.before != summary.champion else ""
        click.echo(
            f"\n{click.style(summary.model, bold=True)}: {champion}{changed}; {counted(len(summary.steps), 'step')} in "
            f"{summary.seconds:.1f} s, {counted(len(summary.failed), 'verdict')} failed, "
            f"{len(summary.faults)} could not run"
        )
        for sentence in summary.waits_for:
            click.echo(f"  {coloured('waiting')} {sentence}")
        tell_faults(summary.faults)

    def _print(self, step: Step) -> None:
        if self._bar:
            self._bar.stop()  # the bar is on another stream, so it steps aside while a line is printed
        if step.batch_id and step.batch_id != self._batch and step.stage == "ingest":
            click.echo(click.style(f"\n{step.batch_id}", bold=True))
        self._batch = step.batch_id or self._batch
        about = f" ({step.batch_id})" if step.batch_id and step.stage != "ingest" else ""
        took = click.style(f"  {step.seconds:.1f} s", dim=True) if step.seconds >= 0.05 else ""
        culprits = _culprits(step)
        asks = f"; asks to {step.result['request']}" if step.result.get("request") else ""
        why = f"{len(culprits)} checks failed{asks}" if len(culprits) > 1 else step.why
        why = click.style(why, fg="red", bold=True) if step.result.get("override") else why
        click.echo(f"  {step.stage:<8} {step.action:<10} {coloured(step.outcome)} {why}{about}{took}")
        for culprit in culprits if len(culprits) > 1 else []:
            click.echo(f"{'':22}{culprit['name']}: {culprit['why'].removeprefix(culprit['name'] + ': ')}")
        report = report_of(step, self._workspace)
        if report:
            click.echo(f"{'':22}report: {report}")
        if self._bar:
            self._bar.start()


def tell_faults(faults: Iterable[Step]) -> None:
    """Print what could not run, whole, to standard error: where it happened and how to mend it.

    :param faults: the steps; the same fault of several batches is told once.
    """
    told = set()
    for step in faults:
        parts = step.result["error"]
        if parts["what"] not in told:
            told.add(parts["what"])
            tell_error(parts)


def _culprits(step: Step) -> list[dict[str, Any]]:
    """Return the checks that made a verdict fail: a verdict's own sentence names three of them only."""
    if not step.failed:
        return []
    checks = (step.result.get("verdict") or {}).get("checks") or []
    return [check for check in checks if check["required"] and check["outcome"] == "fail"]


def _bar(unit: str) -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichProgress

    return RichProgress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
