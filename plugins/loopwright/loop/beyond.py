"""What cannot be erased from here of a person's rows, each with where it is: said, and not passed over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from loopwright.declaration import Project
from loopwright.errors import DeclarationError, UnknownName, counted, shown_names
from loopwright.lake import Lake
from loopwright.serving.kept import TRAINED_ROWS

if TYPE_CHECKING:
    from loopwright.declaration import DatasetSpec, Workspace
    from loopwright.loop.traces import Traces
    from loopwright.loop.whom import Whom


def beyond(workspace: Workspace, dataset: DatasetSpec, rounds: Sequence[Traces]) -> list[str]:
    """Return what stays, a line each.

    :param workspace: the five places.
    :param dataset: its declaration.
    :param rounds: what was found, each time that was looked.
    """
    if not any(found.any for found in rounds):
        return []
    source = "the database that is queried" if dataset.query else "the source's own files"
    left = [f"{source}, which would bring the rows again: ask their owner"]
    left += _logs(workspace, dataset, rounds)
    left += _reports(workspace, dataset, {batch for found in rounds for batch in found.touched()})
    left += _models(workspace, {model: names for found in rounds for model, names in found.versions.items()})
    return left


def unseen(workspace: Workspace, whom: Whom, first: Traces, last: Traces) -> list[str]:
    """Return where rows may be that could not be looked through, a line each: while there is any, nothing is clear.

    :param workspace: the five places.
    :param whom: who was looked for.
    :param first: what was found before anything was erased.
    :param last: what was found at the end.
    """
    found = []
    if last.blind:
        found.append(
            f"rows of {shown_names(list(last.blind))}, which lack one of the columns "
            f"{shown_names([part.given for part in whom.parts])}: look for the person there by another"
        )
    if last.unread:
        found.append(f"bytes that could not be read and are held as they came: {', '.join(sorted(set(last.unread)))}")
    for model, batches in last.unsure.items():
        found.append(
            f"predictions of {model}, which is declared no more, for {shown_names(list(batches))}: "
            "nothing on record says of which dataset these are"
        )
    if whom.functions and not first.batches and "batches" in last.tables:
        found.append(
            f"published rows in which {shown_names(list(whom.functions))} wrote the value another way: "
            "look for it as the table has it"
        )
    return [*found, *_unnamed(workspace, whom.dataset, sorted(last.predictions))]


def _logs(workspace: Workspace, dataset: DatasetSpec, rounds: Sequence[Traces]) -> list[str]:
    lake = Lake.of(workspace)
    models = sorted({model for found in rounds for model in found.predictions})
    tables = [
        lake.batches(dataset.name),
        lake.quarantine(dataset.name),
        *(lake.predictions(model) for model in models),
    ]
    shows = [table.uri for table in tables if table.log_shows_values()]
    if not shows:
        return []
    return [f"extreme values of columns in the logs of tables that an earlier release made: {', '.join(shows)}"]


def _unnamed(workspace: Workspace, dataset: DatasetSpec, models: Iterable[str]) -> list[str]:
    lake, now = Lake.of(workspace), timedelta(0)
    tables = [lake.batches(dataset.name), lake.quarantine(dataset.name), lake.labels(dataset.name)]
    tables += [lake.predictions(model) for model in models]
    counts = {table.uri: table.erase_unnamed(older_than=now, dry_run=True) for table in tables}
    counts[f"{lake.root}/datasets/{dataset.name}"] = lake.erase_unfinished(dataset.name, older_than=now, dry_run=True)
    return [
        f"{counted(files, 'file')} in {where} of a writer that is at work or was killed, which nobody looked into:"
        " run it once more later; what a killed one left goes with `loopwright clean` once it is a week old"
        for where, files in counts.items()
        if files
    ]


def _reports(workspace: Workspace, dataset: DatasetSpec, batches: Iterable[str]) -> list[str]:
    lake = Lake.of(workspace)
    names = [name for batch in sorted(batches) for name in lake.reports_of(dataset.name, batch)]
    if not names:
        return []
    place = f"{lake.root}/datasets/{dataset.name}/reports"
    shy = f"; they quote no value of {shown_names(sorted(dataset.sensitive))}" if dataset.sensitive else ""
    return [f"reports about these batches in {place}, which may quote values: {shown_names(names)}{shy}"]


def _models(workspace: Workspace, versions: dict[str, tuple[str, ...]]) -> list[str]:
    left: list[str] = []
    project = Project.at(workspace.project)
    for model, names in versions.items():
        said = f"{model} {', '.join(names)}"
        left.append(
            f"what these versions learned, and what their MLflow runs keep (input examples, samples, reports): {said}"
        )
        left.append(
            f"{TRAINED_ROWS} in the runs of {said}: who has a row's key can still ask it whether the row was in them"
        )
        left += _copies(project, model, said)
    return left


def _copies(project: Project, model: str, said: str) -> list[str]:
    try:
        told = project.model(model).release.tell
    except (DeclarationError, UnknownName):
        return [f"copies of {said}, if any were made: {model} is declared no more, and nothing says where they are"]
    targets = [f"{one.name} ({one.copy_to})" for one in told if one.copy_to]
    return [f"copies of {said} that were made at {', '.join(targets)}: erase them there"] if targets else []
