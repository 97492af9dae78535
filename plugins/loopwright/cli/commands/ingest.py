"""``loopwright ingest DATASET``: take in what has arrived, without turning anybody's loop."""

from __future__ import annotations

import click

from loopwright.cli.answer import as_line, as_step
from loopwright.cli.options import Setting, setting_options


@click.command("ingest")
@click.argument("dataset")
@click.option("--batch", metavar="ID", help="Only this batch.")
@click.option("--force", is_flag=True, help="Also what was taken in before.")
@setting_options
def command(dataset: str, batch: str | None, force: bool, setting: Setting) -> int:
    """Take in what has arrived for DATASET: clean, validate, publish, or quarantine.

    With --json: JSON lines, one object a batch, then {"summary": …}. Exit status 1 when a batch was quarantined.
    """
    from loopwright.cli.progress import Progress, tell_faults
    from loopwright.loop.taking_in import take_in
    from loopwright.loop.telling import Teller

    if setting.as_json:
        taken = take_in(setting.workspace, dataset, Teller(as_step), batch_id=batch, force=force)
        as_line({"summary": taken.to_dict()})
        return taken.exit_status
    with Progress(unit="batches", workspace=setting.workspace) as progress:
        teller = Teller(progress.hear)
        taken = take_in(setting.workspace, dataset, teller, batch_id=batch, force=force)
    click.echo(f"\n{click.style(dataset, bold=True)}: {taken.sentence()}")
    tell_faults(step for step in teller.steps if step.faulty)
    return taken.exit_status
