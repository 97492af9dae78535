"""``loopwright ledger``: the record itself, looked after: is it sound, is it current, is there a copy."""

from __future__ import annotations

from pathlib import Path

import click

from loopwright.cli.answer import as_document, coloured
from loopwright.cli.options import Setting, setting_options

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group("ledger")
def command() -> None:
    """Look after the record of every decision."""


@command.command("check")
@setting_options
def check(setting: Setting) -> int:
    """Ask whether the ledger is of this release's revision, and everything in it what was recorded.

    With --json: one document, {"revision", "wanted", "events", "subjects", "problems": {subject: […]}}. The exit status
    is 1 when something was tampered with.
    """
    from loopwright.ledger.store import Ledger
    from loopwright.ledger.tables import REVISION

    ledger = Ledger.of(setting.workspace)
    revision, counted = ledger.revision() or REVISION, ledger.counts()
    problems = {subject: found for subject in counted if (found := ledger.verify(subject))}
    if setting.as_json:
        said = {"revision": revision, "wanted": REVISION, "events": sum(counted.values()), "subjects": len(counted)}
        as_document({**said, "problems": problems})
        return 1 if problems else 0
    for subject, found in problems.items():
        for problem in found:
            click.echo(f"{coloured('fail')} {subject}: {problem}")
    if not problems:
        events = f"{sum(counted.values())} events about {len(counted)} subjects verify"
        click.echo(f"{coloured('pass')} revision {revision}; {events}")
    return 1 if problems else 0


@command.command("migrate")
@setting_options
def migrate(setting: Setting) -> int:
    """Bring the ledger to this release's revision. Stop what uses it, and back it up, first.

    With --json: one document, {"from", "to"}.
    """
    from loopwright.ledger.store import Ledger
    from loopwright.ledger.tables import REVISION

    before = Ledger.of(setting.workspace).migrate()
    if setting.as_json:
        as_document({"from": before, "to": REVISION})
    elif before == REVISION:
        click.echo(f"{coloured('pass')} it is at revision {REVISION} already")
    else:
        click.echo(f"{coloured('pass')} from {f'revision {before}' if before else 'nothing'} to revision {REVISION}")
    return 0


@command.command("rebuild")
@click.argument("subject", required=False)
@setting_options
def rebuild(subject: str | None, setting: Setting) -> int:
    """Fold the state anew from the events, of SUBJECT (such as model/tip) or of all. Refused where events were changed.

    With --json: one document, {"events"}.
    """
    from loopwright.ledger.store import Ledger

    folded = Ledger.of(setting.workspace).rebuild(subject)
    if setting.as_json:
        as_document({"events": folded})
    else:
        click.echo(f"{coloured('pass')} the state was folded anew from {folded} events")
    return 0


@command.command("backup")
@click.argument("file", type=_FILE)
@setting_options
def backup(file: Path, setting: Setting) -> int:
    """Write the whole ledger to FILE, as it stands at one moment; whoever uses it goes on meanwhile.

    With --json: one document, {"path", "events", "subjects", "head"}.
    """
    from loopwright.ledger.store import Ledger

    held = Ledger.of(setting.workspace).backup(file)
    if setting.as_json:
        as_document(held.to_dict())
    else:
        click.echo(f"{coloured('pass')} {held.events} events about {held.subjects} subjects, head {held.head[:12]}")
    return 0


@command.command("restore")
@click.argument("file", type=_FILE)
@setting_options
def restore(file: Path, setting: Setting) -> int:
    """Take FILE into an empty ledger, of any database. Refused where something is recorded, or FILE was changed.

    With --json: one document, {"path", "events", "subjects", "head"}.
    """
    from loopwright.ledger.store import Ledger

    held = Ledger.of(setting.workspace).restore(file)
    if setting.as_json:
        as_document(held.to_dict())
    else:
        click.echo(f"{coloured('pass')} {held.events} events about {held.subjects} subjects are here again")
    return 0
