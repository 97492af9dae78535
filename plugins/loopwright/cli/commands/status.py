"""``loopwright status``: how everything stands, and who needs a person."""

from __future__ import annotations

from typing import Any

import click

from loopwright.cli.answer import as_document, coloured
from loopwright.cli.options import Setting, setting_options


@click.command("status")
@click.argument("model", required=False)
@setting_options
def command(model: str | None, setting: Setting) -> int:
    """Say how MODEL (else every model and dataset) stands: champion, last verdict, what waits, who needs you.

    With --json: one document, {"models": […], "datasets": […]}.
    """
    from loopwright.loop.status import status

    stands = status(setting.workspace, model)
    if setting.as_json:
        as_document(stands)
        return 0
    for one in stands["datasets"]:
        _tell_dataset(one)
    for one in stands["models"]:
        _tell_model(one)
    if not stands["models"] and not stands["datasets"]:
        click.echo("Nothing is declared yet; `loopwright new dataset NAME` starts a dataset.")
    return 0


def _tell_dataset(one: dict[str, Any]) -> None:
    click.echo(f"{click.style(one['name'], bold=True)}  dataset, {one['owner'] or 'owner unknown'}")
    last = f", the last {one['last_batch']}" if one["last_batch"] else ""
    click.echo(f"  published    {one['batches']} batches, {one['rows']} rows{last}")
    if one["waiting"]:
        click.echo(f"  waiting      {', '.join(one['waiting'])}")
    for batch, why in one["quarantined"].items():
        click.echo(f"  {coloured('quarantined', 12)} {batch}: {why['why']}")
    _tell_needs(one)


def _tell_model(one: dict[str, Any]) -> None:
    click.echo(f"{click.style(one['name'], bold=True)}  model on {one['dataset'] or '?'}, {one['owner'] or '?'}")
    champion = one["champion"]
    click.echo(f"  champion     {_version(champion) if champion else 'none yet'}")
    if one["candidate"]:
        click.echo(f"  candidate    {_version(one['candidate'])}")
    if one["decision"]:
        click.echo(f"  decided      {_decided(one['decision'])}")
    for name in ("gate", "monitored"):
        if one[name]:
            about = f"{one[name]['batch_id']}: " if "batch_id" in one[name] else ""
            click.echo(f"  {name:<12} {about}{one[name]['why']}")
    waits = f", {one['unscored']} wait" if one.get("unscored") else ""
    click.echo(f"  scored       {one['scored']} batches{waits}")
    for what, request in one["requests"].items():
        click.echo(f"  asked        to {what}: {request['reason']}")
    _tell_needs(one)


def _version(entry: dict[str, Any]) -> str:
    primary = entry.get("primary")
    reached = f", {primary['metric']} {primary['value']:.4g} at the gate" if primary else ""
    since = str(entry.get("since") or entry.get("registered_at"))
    return f"version {entry['version']}{reached}, since {since[:16]}"


def _decided(decision: dict[str, Any]) -> str:
    return f"{'to train' if decision['train'] else 'not to train'}: {decision['reason']} ({decision['at'][:16]})"


def _tell_needs(one: dict[str, Any]) -> None:
    for need in one["needs"]:
        click.echo(f"  {coloured('needs you', 12)} {need}")
    if one["broken"]:
        click.echo(f"    {one['broken']['where']}")
    click.echo()
