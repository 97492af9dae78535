"""``loopwright reconcile``: what a crash or a hand left of a release is finished, undone or put right."""

from __future__ import annotations

from typing import Any

import click

from loopwright.cli.answer import as_document, coloured
from loopwright.cli.options import Setting, setting_options


@click.command("reconcile")
@click.argument("model", required=False)
@click.option("--dry-run", is_flag=True, help="Only say what would be mended.")
@setting_options
def command(model: str | None, dry_run: bool, setting: Setting) -> int:
    """Make alias and ledger agree, for MODEL or for all.

    An unfinished release is finished or undone, an alias that a hand moved is put back or taken over as declared, a
    question that nobody answered in time is a no.

    One model that cannot be reconciled holds up no other, and a letter that nobody took waits for the next run; the
    exit status is 2 then. With --json: one document, {"models": {model: {"mended": […], "waiting": […], "error": {…} or
    null}}, "dry_run"}; in a dry run, "would" stands for "mended".
    """
    from loopwright.errors import LoopwrightError
    from loopwright.ledger.store import Ledger

    ledger = Ledger.of(setting.workspace)
    if dry_run:
        ledger.require_there()  # else looking would make an empty one
    names, known = [model] if model else setting.project.model_names(), ledger.fleet()
    done, found = "would" if dry_run else "mended", dict[str, dict[str, Any]]()
    for name in names:
        try:
            # Of what nothing was ever recorded MLflow need not even know.
            said = _mended(setting, name, name in known, dry_run)
            found[name] = {**_sorted(said, done), "error": None}
        except LoopwrightError as error:
            if model:
                raise
            found[name] = {done: [], "waiting": [], "error": error.to_dict()}
    if setting.as_json:
        as_document({"models": found, "dry_run": dry_run})
    else:
        _tell(found, done)
    return 2 if any(one["error"] or one["waiting"] for one in found.values()) else 0


def _sorted(said: list[str], done: str) -> dict[str, list[str]]:
    """Return what was done, and what waits for the next run."""
    from loopwright.stages.release import mended_or_waiting

    waiting = [sentence for sentence in said if mended_or_waiting(sentence) == "waiting"]
    return {done: [sentence for sentence in said if sentence not in waiting], "waiting": waiting}


def _mended(setting: Setting, name: str, known: bool, dry_run: bool) -> list[str]:
    from loopwright.stages.release import reconcile, reconciliation

    spec = setting.project.model(name)
    return (reconciliation if dry_run else reconcile)(setting.workspace, spec) if known else []


def _tell(found: dict[str, dict[str, Any]], done: str) -> None:
    for name, one in found.items():
        for word in (done, "waiting"):
            for sentence in one[word]:
                click.echo(f"{coloured(word)} {name}: {sentence}")
        if one["error"]:
            click.echo(f"{coloured('fault')} {name}: {one['error']['what']} {one['error']['mend'] or ''}".rstrip())
    if not any(one[done] or one["waiting"] or one["error"] for one in found.values()):
        click.echo(f"{coloured('pass')} ledger and registry agree")
