"""``loopwright run MODEL``: one turn of the loop, each verdict as it falls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from loopwright.cli.answer import as_line, as_step
from loopwright.cli.options import Setting, setting_options
from loopwright.cli.person import person
from loopwright.loop.step import STAGES

if TYPE_CHECKING:
    from loopwright.loop.step import Stage


@click.command("run")
@click.argument("model")
@click.option("--until", type=click.Choice(STAGES), help="Leave out the stages behind this one.")
@setting_options
def command(model: str, until: Stage | None, setting: Setting) -> int:
    """Turn the loop of MODEL over everything that waits in its dataset's arrivals, batch by batch in order.

    With --json: JSON lines, one object a step as it falls, then {"summary": …}. Exit status: 1 when a verdict was
    fail (a batch was quarantined, a candidate refused, drift found), 2 when something could not run; what was done
    before stays, and the next run goes on from there.
    """
    from loopwright.cli.progress import Progress
    from loopwright.loop.run import turn

    if setting.as_json:
        summary = turn(setting.workspace, model, until=until, on_event=as_step, person=person())
        as_line({"summary": summary.to_dict()})
        return summary.exit_status
    with Progress(unit="batches", workspace=setting.workspace) as progress:
        summary = turn(setting.workspace, model, until=until, on_event=progress.hear, person=person())
    progress.sum_up(summary)
    return summary.exit_status
