"""``loopwright status``: how everything stands, and who needs a person."""

from __future__ import annotations

from typing import Any

import click

from loopwright.cli.answer import as_document, coloured
from loopwright.cli.options import Setting, setting_options
from loopwright.errors import NotReady, counted, shown_names


@click.command("status")
@click.argument("model", required=False)
@setting_options
def command(model: str | None, setting: Setting) -> int:
    """Say how every model and dataset stands, a line each, and who needs you; or all about one MODEL.

    With --json: one document, {"models": […], "datasets": […], "record": {…}}, the same for one as for all.
    """
    from loopwright.loop.status import status

    fresh = _not_there_yet(setting)
    stands = status(setting.workspace, model)
    if setting.as_json:
        as_document(stands)
    elif not stands["models"] and not stands["datasets"]:
        click.echo("Nothing is declared yet; `loopwright new dataset NAME` starts a dataset.")
    elif model:
        _tell_dataset(stands["datasets"][0]) if stands["datasets"] else None
        _tell_model(stands["models"][0])
        _tell_record(stands)
    else:
        _tell_all(stands["datasets"], _of_dataset, ("DATASET", "BATCHES", "ROWS", "LAST", "WAITING"))
        _tell_all(
            stands["models"],
            _of_model,
            ("MODEL", "CHAMPION", "AT THE GATE", "WATCHED", "SCORED", "WAITS", "LAST DECISION"),
        )
        _tell_record(stands)
        click.echo(_in_short(stands))
    if fresh and not setting.as_json:
        click.echo(fresh)
    return 0


def _not_there_yet(setting: Setting) -> str | None:
    """Say that there was no ledger to read: who mistyped where it is would else take an empty one for all that is."""
    from loopwright.ledger.store import Ledger

    try:
        Ledger.of(setting.workspace).require_there()
    except NotReady as error:
        return f"There was no ledger yet, so nothing of this is recorded ({error.where}): --ledger names another."
    return None


def _tell_all(all_of_them: list[dict[str, Any]], row_of: Any, head: tuple[str, ...]) -> None:
    """Print a table, and below it whoever needs a person: one look is enough, however many there are."""
    rows = [row_of(one) for one in all_of_them]
    widths = [max(len(line[place]) for line in [head, *rows]) for place in range(len(head))]
    if rows:
        click.echo(click.style(_line(head, widths), dim=True))
    for row in rows:
        click.echo(_line(row, widths))
    for one in all_of_them:
        for entry in (one.get("champion"), one.get("candidate")):
            if entry and entry.get("override"):
                click.echo(
                    f"{coloured('overridden', 10)} {one['name']}: version {entry['version']}, {_overridden(entry)}"
                )
        for need in one["needs"]:
            click.echo(f"{coloured('needs you', 10)} {one['name']}: {need}")
    if rows:
        click.echo()


def _tell_record(stands: dict[str, Any]) -> None:
    """Say what of the record is not about anything above, or that nobody looked at it."""
    record = stands["record"]
    told = {f"{kind}/{one['name']}" for kind in ("model", "dataset") for one in stands[f"{kind}s"]}
    for subject in sorted(record["problems"].keys() - told):
        click.echo(f"{coloured('needs you', 10)} {subject}: {record['problems'][subject][0]}")
    if not record["verified"]:
        said = f"The record, {record['events']:,} events, is not verified at a glance; `loopwright ledger check` does."
        click.echo(click.style(said, dim=True))


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _of_dataset(one: dict[str, Any]) -> tuple[str, ...]:
    waiting = "?" if one["waiting"] is None else str(len(one["waiting"]))
    return one["name"], str(one["batches"]), f"{one['rows']:,}", one["last_batch"] or "-", waiting


def _of_model(one: dict[str, Any]) -> tuple[str, ...]:
    champion, watched, decision = one["champion"], one["monitored"], one["decision"]
    version = f"version {champion['version']}" if champion else "none yet"
    waits = f", {one['unscored']} wait" if one.get("unscored") else ""
    return (
        one["name"],
        version,
        f"{_reached(champion)}{' at its adoption' if _adopted(champion) else ''}" or "-",
        f"{watched['batch_id']} {watched['outcome']}" if watched else "-",
        f"{one['scored']}{waits}",
        _waits(one),
        _outcome_of(decision) if decision else "-",
    )


def _waits(one: dict[str, Any]) -> str:
    if not one["candidate"]:
        return "-"
    shadow = f", in shadow {one['shadow']['answered']}/{one['shadow']['batches']}" if one["shadow"] else ""
    return f"version {one['candidate']['version']}{shadow}{_approved(one)}"


def _approved(one: dict[str, Any]) -> str:
    """Say that a yes is there which the next run acts on; one that counts no more is among what needs a person."""
    said = one["candidate"].get("approval") or {}
    asked_again = any("waits for approval" in need for need in one["needs"])
    return ", approved" if said.get("answer") == "given" and not asked_again else ""


def _in_shadow(shadow: dict[str, Any]) -> str:
    of = f"{shadow['answered']} of {counted(shadow['batches'], 'batch')}"
    return f"version {shadow['version']} beside version {shadow['champion']}: {of}"


def _tell_dataset(one: dict[str, Any]) -> None:
    click.echo(f"{click.style(one['name'], bold=True)}  dataset, {one['owner'] or 'owner unknown'}")
    last = f", the last {one['last_batch']}" if one["last_batch"] else ""
    click.echo(f"  published    {counted(one['batches'], 'batch')}, {counted(one['rows'], 'row')}{last}")
    if one["waiting"]:
        click.echo(f"  waiting      {shown_names(one['waiting'])}")
    _tell_needs(one)


def _tell_model(one: dict[str, Any]) -> None:
    click.echo(f"{click.style(one['name'], bold=True)}  model on {one['dataset'] or '?'}, {one['owner'] or '?'}")
    champion = one["champion"]
    click.echo(f"  champion     {_version(champion) if champion else 'none yet'}")
    if one["candidate"]:
        click.echo(f"  candidate    {_version(one['candidate'])}{_approved(one)}")
    if one["shadow"]:
        click.echo(f"  in shadow    {_in_shadow(one['shadow'])}")
    if one["decision"]:
        click.echo(f"  decided      {_decided(one['decision'])}")
    if one["answer"]:
        said = one["answer"]
        click.echo(
            f"  {said['answer']:<12} version {said['version']}, by {said['by']} at {said['at'][:16]}: {said['why']}"
        )
    for name in ("gate", "monitored"):
        if one[name]:
            about = f"{one[name]['batch_id']}: " if "batch_id" in one[name] else _of_which(one[name], champion)
            about += f"{_overridden(one[name])}; " if one[name].get("override") else ""
            click.echo(f"  {name:<12} {about}{one[name]['why']}")
    waits = f", {one['unscored']} wait" if one.get("unscored") else ""
    click.echo(f"  scored       {counted(one['scored'], 'batch')}{waits}")
    for what, request in one["requests"].items():
        click.echo(f"  asked        to {what}: {request['reason']}")
    _tell_needs(one)


def _of_which(gate: dict[str, Any], champion: dict[str, Any] | None) -> str:
    """Name the version that a verdict is about, where it is another than the champion."""
    same = not gate.get("version") or (champion and champion["version"] == gate["version"])
    return "" if same else f"version {gate['version']}: "


def _version(entry: dict[str, Any]) -> str:
    reached = _reached(entry)
    since = str(entry.get("since") or entry.get("registered_at"))
    overridden = f", {_overridden(entry)}" if entry.get("override") else ""
    when = "at its adoption" if _adopted(entry) else "at the gate"
    return f"version {entry['version']}{f', {reached} {when}' if reached else ''}, since {since[:16]}{overridden}"


def _adopted(entry: dict[str, Any] | None) -> bool:
    """Whether a version was taken over: no gate ever judged it."""
    return bool((entry or {}).get("adopted_from"))


def _overridden(entry: dict[str, Any]) -> str:
    said = entry["override"]
    return click.style(f"overridden by {said['by']}: {said['why']}", fg="red", bold=True)


def _reached(entry: dict[str, Any] | None) -> str:
    primary = (entry or {}).get("primary")
    if not primary:
        return ""
    # A version that passed where the rows did not define its metric (a person said yes) has no value.
    return f"{primary['metric']} {'unknown' if primary['value'] is None else format(primary['value'], '.4g')}"


def _decided(decision: dict[str, Any]) -> str:
    return f"{_outcome_of(decision)}: {decision['reason']} ({decision['at'][:16]})"


def _outcome_of(decision: dict[str, Any]) -> str:
    """Return a decision with what came of it: what was once decided says nothing about today."""
    if not decision["train"]:
        return "not to train"
    version = f"version {decision['version']} " if decision.get("version") else ""
    return f"trained: {version}{decision['came_to']}" if decision.get("came_to") else "to train"


def _in_short(stands: dict[str, Any]) -> str:
    """Return the morning's answer in one line."""
    said = [_of_kind(stands[kind], what) for kind, what in (("models", "model"), ("datasets", "dataset"))]
    if any(said):
        return click.style("; ".join(sentence for sentence in said if sentence), bold=True)
    if stands["record"]["problems"]:
        return click.style("The record needs you.", bold=True)
    return click.style("Nobody needs you.", fg="green")


def _of_kind(all_of_them: list[dict[str, Any]], what: str) -> str:
    need = [one["name"] for one in all_of_them if one["needs"]]
    if not need:
        return ""
    verb = "needs" if len(need) == 1 else "need"
    return f"{len(need)} of {counted(len(all_of_them), what)} {verb} you: {shown_names(need)}"


def _tell_needs(one: dict[str, Any]) -> None:
    for need in one["needs"]:
        click.echo(f"  {coloured('needs you', 12)} {need}")
    if one["broken"]:
        click.echo(f"    {one['broken']['where']}")
    click.echo()
