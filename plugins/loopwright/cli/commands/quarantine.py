"""``loopwright quarantine``: what was set aside, and what you decide about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from loopwright.cli.answer import as_document, coloured
from loopwright.cli.options import Setting, setting_options
from loopwright.cli.person import person

if TYPE_CHECKING:
    from collections.abc import Callable

    from loopwright.stages.ingest.quarantine.ruling import Ruled, Word


@click.group("quarantine")
def command() -> None:
    """Look at rows that were set aside, and decide about them.

    Each decision is recorded with your name and your reason before anything is done, and resumes exactly that batch.
    """


@command.command("list")
@click.argument("dataset", required=False)
@setting_options
def list_(dataset: str | None, setting: Setting) -> int:
    """List what DATASET (all, when left out) has in quarantine.

    With --json: one document, {"quarantine": […]}.
    """
    from loopwright.stages.ingest.quarantine.kept import explained, kept_batches

    where, names = setting.workspace, [dataset] if dataset else setting.project.dataset_names()
    found = [kept for name in names for kept in explained(where, name, kept_batches(where, name))]
    if setting.as_json:
        as_document({"quarantine": [kept.to_dict() for kept in found]})
        return 0
    for kept in found:
        how = "whole" if kept.whole else "in part"
        decided = f"; somebody decided: {kept.ruling}" if kept.ruling else ""
        click.echo(f"{kept.dataset} {kept.batch_id}  {how}, {kept.counted}, until {kept.until[:10]}{decided}")
        click.echo(f"    {' '.join(kept.why.split())}")
    if not found:
        click.echo("Nothing is in quarantine.")
    return 0


@command.command("show")
@click.argument("dataset")
@click.argument("batch")
@click.option("--rows", type=click.IntRange(min=0), default=10, show_default=True, help="Show so many rows.")
@click.option(
    "--to",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the rows to this new file (csv, parquet, jsonl), to be mended and given to `replace`.",
)
@setting_options
def show(dataset: str, batch: str, rows: int, target: Path | None, setting: Setting) -> int:
    """Show what BATCH of DATASET has in quarantine: how many rows for which reason, and some of them.

    With --json: one document.
    """
    from loopwright.stages.ingest.quarantine.kept import kept_batch
    from loopwright.stages.ingest.quarantine.taking_out import write_rows

    kept = kept_batch(setting.workspace, dataset, batch, rows=rows)
    written = write_rows(setting.workspace, setting.project.dataset(dataset), batch, target) if target else None
    if setting.as_json:
        as_document({**kept.to_dict(), "written": written})
        return 0
    click.echo(f"{dataset} {batch}: {kept.counted}, {'the whole batch' if kept.whole else 'the rest is published'}")
    if kept.whole:  # else the reasons, row by row, are all there is to say
        click.echo(f"  {' '.join(kept.why.split())}")
    for name, count in kept.reasons.items():
        click.echo(f"  {count:>8,} rows  {name}")
    for row in kept.sample:
        click.echo("  " + ", ".join(f"{name}={value}" for name, value in row.items() if value is not None))
    if written is not None:
        click.echo(f"{written:,} rows were written to {target}. Keep the column _row when you mend them.")
    return 0


def _deciding(name: Word, words: str) -> Callable[..., click.Command]:
    """Make a command of a decision."""

    def made(function: Callable[..., Any]) -> click.Command:
        for option in reversed(_OPTIONS):
            function = option(function)
        return command.command(name, help=words)(function)

    return made


_OPTIONS = [
    click.argument("dataset"),
    click.argument("batch"),
    click.option("--why", required=True, help="Recorded with your name."),
    click.option("--dry-run", is_flag=True, help="Only say what would become of it."),
    setting_options,
]


@_deciding("release", "Publish the rows of BATCH as they are, whatever the expectations say.")
def release(dataset: str, batch: str, why: str, dry_run: bool, setting: Setting) -> int:
    """Publish as it is."""
    return _decide(setting, dataset, batch, "release", why, dry_run)


@_deciding("drop", "Forget the rows of BATCH; what was published of it stays. Undone by `undo` until they are erased.")
def drop(dataset: str, batch: str, why: str, dry_run: bool, setting: Setting) -> int:
    """Forget."""
    return _decide(setting, dataset, batch, "drop", why, dry_run)


@_deciding("replace", "Put mended rows in place of those of BATCH: a whole file, or rows that `show --to` wrote.")
@click.option("--file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
def replace(dataset: str, batch: str, why: str, dry_run: bool, setting: Setting, file: Path) -> int:
    """Replace."""
    return _decide(setting, dataset, batch, "replace", why, dry_run, file)


@_deciding("undo", "Take the last decision about BATCH back, where nothing that was published whole rests on it.")
def undo(dataset: str, batch: str, why: str, dry_run: bool, setting: Setting) -> int:
    """Take back."""
    return _decide(setting, dataset, batch, "undo", why, dry_run)


def _decide(
    setting: Setting, dataset: str, batch: str, word: Word, why: str, dry_run: bool, file: Path | None = None
) -> int:
    from loopwright.stages.ingest.quarantine.ruling import rule

    spec = setting.project.dataset(dataset)
    ruled = rule(setting.workspace, spec, batch, word, why=why, actor=person(), file=file, dry_run=dry_run)
    if setting.as_json:
        as_document(ruled.to_dict())
    else:
        _tell(ruled)
    return 0


def _tell(ruled: Ruled) -> None:
    from loopwright.stages.ingest.results import rows_counted

    if ruled.dry_run:
        would = "published" if ruled.would_publish is not None else "in quarantine again"
        rows = f"{ruled.would_publish:,} rows would be published" if ruled.would_publish is not None else ""
        if ruled.ruling == "drop":
            would, rows = "dropped", f"{rows_counted(ruled.rows)} would be dropped"
        click.echo(f"{coloured(would)} {rows or 'the batch would be set aside'}; nothing was recorded (--dry-run)")
        return
    result = ruled.result
    if result is None:
        return
    counts = {"published": result.rows_published, "in quarantine": result.rows_quarantined or 0}
    told = [f"{rows:,} {what}" for what, rows in counts.items() if rows]
    told += [f"{rows_counted(ruled.rows)} dropped"] if ruled.ruling == "drop" else []
    click.echo(f"{coloured(result.status)} batch {ruled.batch_id}: {', '.join(told) or 'no rows'}")
