"""``loopwright infer DATASET``: a first suite from the data, or what newer data would change of the present one."""

from __future__ import annotations

import sys
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

import click

from loopwright.cli.answer import as_document
from loopwright.cli.options import Setting, setting_options
from loopwright.errors import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loopwright.errors import LoopwrightError
    from loopwright.stages.ingest.infer.inferring import Inferred


@click.command("infer")
@click.argument("dataset")
@click.option(
    "--batch", "batches", metavar="ID", multiple=True, help="Only from this batch; may be given several times."
)
@click.option("--print", "only_print", is_flag=True, help="Print the proposal, and write nothing.")
@click.option("--update", is_flag=True, help="Show what the batches would change of the present suite.")
@click.option("--write", is_flag=True, help="Change the present suite as --update shows.")
@click.option("--force", is_flag=True, help="Replace a suite that was edited.")
@setting_options
def command(
    dataset: str,
    batches: tuple[str, ...],
    only_print: bool,
    update: bool,
    write: bool,
    force: bool,
    setting: Setting,
) -> int:
    """Propose expectations for DATASET from the batches that have arrived, each with its reason, as a file to edit.

    A suite that was edited is not overwritten without asking: else it is left as it is, with exit status 2. With
    --json: one document, the proposal and what became of it.
    """
    _require_together({"--print": only_print, "--update": update, "--write": write, "--force": force})
    update = update or write
    from loopwright.errors import DeclarationError
    from loopwright.stages.ingest.infer.inferring import infer
    from loopwright.stages.ingest.infer.updating import updated
    from loopwright.stages.ingest.infer.writing import is_unedited, text_of, unmarked
    from loopwright.stages.ingest.judging.suite import read_suite

    spec = setting.project.dataset(dataset, with_expectations=False)
    if spec.expectations is None:
        raise DeclarationError(
            f"The dataset {dataset!r} declares that nothing is expected of it.",
            where=f"include/datasets/{dataset}/dataset.yaml: expectations",
            mend="Leave `expectations` out, or name a file there.",
        )
    path = setting.project.dataset_folder(dataset) / spec.expectations
    before = path.read_text(encoding="utf-8") if path.exists() else None
    edited = before is not None and not is_unedited(before) and before != _scaffold()
    present = read_suite(path) if update and before is not None else None
    inferred = infer(setting.workspace, spec, batches, present=present)
    after = text_of(inferred.proposal, dataset)
    if update and edited and before is not None and present is not None:
        after = updated(before, present, inferred.broken, inferred.proposal)
    diff = list(
        unified_diff(
            unmarked(before or "").splitlines(), unmarked(after).splitlines(), "present", "proposed", lineterm=""
        )
    )
    if only_print or (update and not write):
        became = "unchanged" if not diff else "proposed"
    elif not diff:
        became = "unchanged"
    elif edited and not update and not (force or _agreed(path, setting)):
        raise _edited(dataset, path)
    else:
        _write(path, after)
        became = "written"
    _tell(setting, inferred, path, became, after, diff if update else None)
    return 0


def _require_together(given: Mapping[str, bool]) -> None:
    """Refuse options of which one would be ignored beside the other."""
    for one, other, why in _APART:
        if given[one] and given[other]:
            raise click.UsageError(f"{one} and {other} do not go together: {why}", click.get_current_context())


_APART = (
    ("--print", "--write", "one writes nothing, the other writes."),
    ("--print", "--force", "one writes nothing, the other writes."),
    ("--update", "--force", "one keeps what you edited, the other replaces the whole suite."),
    ("--write", "--force", "one keeps what you edited, the other replaces the whole suite."),
)


def _edited(dataset: str, path: Path) -> LoopwrightError:
    from loopwright.errors import DeclarationError

    return DeclarationError(
        "The suite was edited, and is left as it is.",
        where=path,
        got="a file that is not as it was proposed",
        allowed="a file that nobody edited; --write, which changes what batches break; --force, which replaces it all",
        mend=f"See what would change: `loopwright infer {dataset} --update`; the whole proposal: `--print`.",
    )


def _scaffold() -> str:
    from loopwright.cli import scaffold

    template = Path(scaffold.__file__).parent / "templates" / "dataset" / "expectations.yaml"
    return template.read_text(encoding="utf-8")


def _agreed(path: Path, setting: Setting) -> bool:
    if setting.as_json or not sys.stdin.isatty():
        return False
    return click.confirm(f"{path} was edited. Replace it?", default=False)


def _write(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _tell(setting: Setting, inferred: Inferred, path: Path, became: str, text: str, diff: list[str] | None) -> None:
    from loopwright.stages.ingest.infer.writing import unmarked

    if setting.as_json:
        broken = {name: {"batch": batch, "why": why} for name, (batch, why) in inferred.broken.items()}
        document = {"file": str(path), "became": became, "proposal": inferred.proposal.to_dict(), "broken": broken}
        as_document({**document, "passed_over": list(inferred.passed_over), "diff": diff})
        return
    for one in inferred.passed_over:
        click.echo(f"passed over {one}", err=True)
    for batch, why in inferred.broken.values():
        click.echo(f"{batch} breaks {why}")
    if diff is not None:
        click.echo("\n".join(diff))
    elif became == "proposed":
        click.echo(unmarked(text), nl=False)
    expectations, batches = len(inferred.proposal.expectations), len(inferred.proposal.batches)
    said = {
        "written": f"wrote {path}: edit it, then `loopwright check`.",
        "unchanged": f"{path} would stay as it is.",
        "proposed": "Nothing was written." + (" Apply it with --write." if diff else ""),
    }[became]
    click.echo(f"{counted(expectations, 'expectation')} from {counted(batches, 'batch')}. {said}")
