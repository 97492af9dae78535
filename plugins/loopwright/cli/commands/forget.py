"""``loopwright forget``: erase a person's rows, and say in the record that it was done."""

from __future__ import annotations

from collections.abc import Sequence

import click

from loopwright.cli.answer import as_document, coloured
from loopwright.cli.options import Setting, setting_options
from loopwright.cli.person import person


def _pairs(context: click.Context, option: click.Parameter, given: Sequence[str]) -> dict[str, str]:  # noqa: ARG001
    found = dict(text.split("=", 1) for text in given if "=" in text)
    if len(found) != len(given):
        raise click.BadParameter("write it as COLUMN=VALUE, each column once", param_hint="--key")
    return found


@click.command("forget")
@click.argument("dataset")
@click.option("--key", required=True, multiple=True, callback=_pairs, metavar="COLUMN=VALUE", help="Whom; may repeat.")
@click.option("--why", required=True, help="Recorded with your name; it must not say whom.")
@click.option("--dry-run", is_flag=True, help="Only say what would be erased.")
@setting_options
def command(dataset: str, key: dict[str, str], why: str, dry_run: bool, setting: Setting) -> int:
    """Erase the rows of DATASET that have these values: published, set aside, predicted, and in older versions of each.

    It looks again until nothing more is found, and says what it cannot erase. Versions trained on them are marked, and
    stay. The record never says whom it was about. With --json: one document.
    """
    from loopwright.loop.forgetting import forget

    done = forget(setting.workspace, dataset, key, why=why, actor=person(), dry_run=dry_run)
    if setting.as_json:
        as_document(done.to_dict())
        return 0
    told = ", ".join(f"{count:,} of {what}" for what, count in done.rows.items())
    verb = "would be erased" if dry_run else "erased"
    none = "No such rows." if done.clear else "No such rows were found, and not everything could be looked through."
    click.echo(f"{coloured('pass')} rows {verb}: {told}" if done.batches else none)
    if done.batches:
        click.echo(f"  of {', '.join(done.batches)}; no older version of these batches can be read any more")
        if not dry_run:
            unclear = "not everything is gone, or could be looked through"
            click.echo(f"  looked again afterwards: {'nothing more was found' if done.clear else unclear}")
    for model, versions in done.versions.items():
        click.echo(f"  trained or judged on these batches: {model} {', '.join(versions)}")
    for left in done.left:
        click.echo(f"  not erased: {left}")
    return 0
