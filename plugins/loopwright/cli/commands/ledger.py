"""``loopwright ledger``: the record itself, looked after: is it sound, is it current, is there a copy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from loopwright.cli.answer import as_document, coloured
from loopwright.cli.options import Setting, setting_options

if TYPE_CHECKING:
    from loopwright.ledger.portable import Backup
    from loopwright.ledger.store import Ledger

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group("ledger")
def command() -> None:
    """Look after the record of every decision."""


@command.command("check")
@click.option(
    "--against", type=_FILE, metavar="FILE", help="A backup, kept elsewhere, that the record must go on from."
)
@setting_options
def check(against: Path | None, setting: Setting) -> int:
    """Ask whether the ledger is of this release's revision, and everything in it what was recorded.

    Whoever can write to the database can make a whole new chain, which verifies; one that does not go on from a backup
    is found out by --against. With --json: one document, {"revision", "wanted", "events", "subjects", "problems":
    {subject: […]}}. The exit status is 1 when something was tampered with.
    """
    from loopwright.ledger.tables import REVISION

    ledger = (
        _opened(setting) if against else _opened(setting).require_there()
    )  # a backup is departed from by nothing, too
    revision, counted = ledger.revision() or REVISION, ledger.counts()
    problems = {subject: found for subject in counted if (found := ledger.verify(subject))}
    for subject, found in (ledger.departures(against) if against else {}).items():
        problems[subject] = [*problems.get(subject, []), *found]
    events = sum(counted.values())
    document = {"revision": revision, "wanted": REVISION, "events": events, "subjects": len(counted)}
    lines = [f"{coloured('fail')} {subject}: {problem}" for subject, found in problems.items() for problem in found]
    goes_on = f", and go on from {against}" if against else ""
    sound = f"{coloured('pass')} revision {revision}; {events} events about {len(counted)} subjects verify{goes_on}"
    _answer(setting, {**document, "problems": problems}, "\n".join(lines) or sound)
    return 1 if problems else 0


@command.command("migrate")
@setting_options
def migrate(setting: Setting) -> int:
    """Bring the ledger to this release's revision. Stop what uses it, and back it up, first.

    With --json: one document, {"from", "to"}.
    """
    from loopwright.ledger.tables import REVISION

    before = _opened(setting).migrate()
    said = f"from {f'revision {before}' if before else 'nothing'} to revision {REVISION}"
    if before == REVISION:
        said = f"it is at revision {REVISION} already"
    _answer(setting, {"from": before, "to": REVISION}, f"{coloured('pass')} {said}")
    return 0


@command.command("rebuild")
@click.argument("subject", required=False)
@setting_options
def rebuild(subject: str | None, setting: Setting) -> int:
    """Fold the state anew from the events, of SUBJECT (such as model/tip) or of all. Refused where events were changed.

    With --json: one document, {"events"}.
    """
    folded = _opened(setting).require_there().rebuild(subject)
    _answer(setting, {"events": folded}, f"{coloured('pass')} the state was folded anew from {folded} events")
    return 0


@command.command("backup")
@click.argument("file", type=_FILE)
@setting_options
def backup(file: Path, setting: Setting) -> int:
    """Write the whole ledger to FILE, as it stands at one moment; whoever uses it goes on meanwhile.

    With --json: one document, {"path", "events", "subjects", "head"}.
    """
    held = _opened(setting).require_there().backup(file)
    return _held(setting, held, f", head {held.head[:12]}")


@command.command("restore")
@click.argument("file", type=_FILE)
@setting_options
def restore(file: Path, setting: Setting) -> int:
    """Take FILE into an empty ledger, of any database. Refused where something is recorded, or FILE was changed.

    With --json: one document, {"path", "events", "subjects", "head"}.
    """
    return _held(setting, _opened(setting).restore(file), " are here again")


def _opened(setting: Setting) -> Ledger:
    from loopwright.ledger.store import Ledger

    return Ledger.of(setting.workspace)


def _held(setting: Setting, held: Backup, said: str) -> int:
    counted = f"{held.events} events about {held.subjects} subjects"
    _answer(setting, held.to_dict(), f"{coloured('pass')} {counted}{said}")
    return 0


def _answer(setting: Setting, document: dict[str, Any], line: str) -> None:
    """Say what came of it, to a program or to a person."""
    if setting.as_json:
        as_document(document)
    else:
        click.echo(line)
