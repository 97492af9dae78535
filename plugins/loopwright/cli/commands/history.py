"""``loopwright history``: who or what decided what, when and why; and whether the record is sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from loopwright.cli.answer import COLOURS, as_document, coloured
from loopwright.cli.options import Setting, setting_options

if TYPE_CHECKING:
    from loopwright.ledger.store import Ledger


@click.command("history")
@click.argument("name")
@click.option("--verify", is_flag=True, help="Also check the chain of hashes, and that the state follows from it.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the newest N.")
@setting_options
def command(name: str, verify: bool, limit: int | None, setting: Setting) -> int:
    """Tell the recorded decisions about NAME: a model, a dataset, or the word project.

    With --json: one document, {"subject", "events": […], "problems": […] or null}. With --verify the exit status is
    1 when the record was tampered with.
    """
    from loopwright.ledger.store import Ledger

    ledger = Ledger.of(setting.workspace).require_there()
    subject = _subject(setting, ledger, name)
    events = ledger.events(subject, limit=limit, newest_first=limit is not None)
    events = events[::-1] if limit else events
    problems = ledger.verify(subject) if verify else None
    if setting.as_json:
        as_document({"subject": subject, "events": [event.to_dict() for event in events], "problems": problems})
        return 1 if problems else 0
    for event in events:
        reason = " ".join(event.reason.split())
        who = f"{coloured(event.kind, 20) if event.kind in COLOURS else event.kind.ljust(20)}  {event.who:<12}"
        click.echo(f"{event.sequence:>4}  {event.at[:19]}  {who}  {event.about:<14}  {reason}")
    if not events:
        click.echo(f"Nothing is recorded about {subject} yet.")
    if problems is not None:
        for problem in problems:
            click.echo(f"{coloured('fail')} {problem}")
        if not problems:
            click.echo(f"{coloured('pass')} {len(ledger.events(subject))} events verify")
    return 1 if problems else 0


def _subject(setting: Setting, ledger: Ledger, name: str) -> str:
    """Return the subject that a name means; a model before a dataset, what is declared before what is only recorded."""
    from difflib import get_close_matches

    from loopwright.errors import UnknownName, shown_names

    project = setting.project
    subjects = [f"model/{m}" for m in project.model_names()] + [f"dataset/{d}" for d in project.dataset_names()]
    subjects += [subject for subject in [*ledger.subjects(), "project"] if subject not in subjects]
    for subject in subjects:
        if name in (subject, subject.partition("/")[2]):
            return subject
    near = get_close_matches(name, [s.rpartition("/")[2] for s in subjects], n=1)
    raise UnknownName(
        f"Neither a model nor a dataset is called {name!r}.",
        allowed=shown_names(subjects),
        mend=f"Did you mean {near[0]!r}?" if near else "`loopwright status` lists them.",
    )
