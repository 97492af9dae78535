"""The rows at hand on which code can be tried: neither MLflow nor a published batch is needed.

The newest published batch with labels comes first; where nothing is published, the first arrival that can be read, else
the sample that is declared for pull requests, cleaned as ingest would.
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from loopwright.errors import ArrivalUnreadable, CannotRun, DeclarationError, shown_names
from loopwright.ledger.store import Ledger
from loopwright.serving.matured import labelled_rows, labels_complete

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.declaration import ModelSpec, Project, Workspace
    from loopwright.stages.ingest.arriving.arrival import Arrival


def sample_of(folder: str | Path, most: int = 200) -> pd.DataFrame | None:
    """Return rows that a model's own tests can try its code on; ``None`` where there are none yet.

    :param folder: the model's, below ``include/models`` of its project.
    :param most: rows at the most.
    :raises LoopwrightError: if a declaration is wrong, or what is there cannot be read.
    """
    from loopwright.declaration import Project, Workspace

    model = Path(folder).resolve()
    project = Project.at(model.parents[2])
    return rows_to_try(Workspace.resolve(project.path), project, project.model(model.name), most)


def rows_to_try(workspace: Workspace, project: Project, spec: ModelSpec, most: int) -> pd.DataFrame | None:
    """Return a seeded sample of the rows that are at hand: published, arrived, or declared for pull requests.

    :param workspace: where arrivals and lake are.
    :param project: the project.
    :param spec: the model's declaration.
    :param most: rows at the most.
    """
    rows = _published(workspace, project, spec)
    if rows is None and not project.dataset(spec.dataset).labels.arrivals:  # which are joined to what is published
        rows = _arrived(workspace, project, spec.dataset)
    if rows is None and spec.ci is not None:
        rows = _declared(workspace, project, spec)
    if rows is None or rows.empty:
        return None
    return rows.sample(min(most, len(rows)), random_state=spec.train.seed).sort_index().reset_index(drop=True)


def _published(workspace: Workspace, project: Project, spec: ModelSpec) -> pd.DataFrame | None:
    dataset = project.dataset(spec.dataset)
    for batch in reversed(Ledger.of(workspace).dataset(spec.dataset).published()):
        if batch["rows"] and labels_complete(workspace, dataset, batch):
            return labelled_rows(workspace, spec, batch)
    return None


def _arrived(workspace: Workspace, project: Project, dataset: str) -> pd.DataFrame | None:
    from loopwright.stages.ingest.arriving.listing import listed_for

    spec = project.dataset(dataset)
    try:
        arrivals = listed_for(workspace, spec).arrivals
    except CannotRun:  # the folder is not there: nothing has arrived, and that is for ingest to say
        return None
    for arrival in arrivals:
        try:
            return cleaned(workspace, project, dataset, arrival)
        except ArrivalUnreadable:
            continue
    return None


def _declared(workspace: Workspace, project: Project, spec: ModelSpec) -> pd.DataFrame | None:
    files = sample_files(project, spec)
    return cleaned(workspace, project, spec.dataset, as_arrival(files[-1])) if files else None


def sample_files(project: Project, spec: ModelSpec) -> list[Path]:
    """Return the files that a model declares for its pull requests, in order; none where it declares none.

    :param project: the project.
    :param spec: the model's declaration.
    """
    if spec.ci is None:
        return []
    return sorted(path for path in project.model_folder(spec.name).glob(spec.ci.sample) if path.is_file())


def as_arrival(file: Path) -> Arrival:
    """Return a file as if a source had sent it.

    :param file: of a sample.
    """
    from loopwright.stages.ingest.arriving.arrival import Arrival

    return Arrival(file.stem, str(file), signature="")


def cleaned(workspace: Workspace, project: Project, dataset: str, arrival: Arrival) -> pd.DataFrame:
    """Return the rows of one file as ingest would publish them, not judged by what is expected of them.

    :param workspace: for storage options and the key of hashed columns.
    :param project: the project.
    :param dataset: the dataset's name.
    :param arrival: the file.
    :raises ArrivalUnreadable: if its bytes are not the declared format.
    :raises DeclarationError: if it has no such column as ``event_time`` names.
    """
    from loopwright.stages.ingest.arriving.fetching import fetched
    from loopwright.stages.ingest.cleaning import clean
    from loopwright.stages.ingest.examining.structure import timed
    from loopwright.stages.ingest.reading.as_text import text_columns
    from loopwright.stages.ingest.reading.gathering import read_all
    from loopwright.stages.ingest.sensitive import protected

    spec = project.dataset(dataset)
    with fetched(arrival, workspace.storage_options) as file:
        found = read_all(file.paths, spec, text=text_columns(spec, {}))
    frame = protected(found, spec, workspace.hash_key).frame
    frame = clean(frame, spec.clean, project.dataset_folder(dataset)).frame
    if spec.event_time:
        _require_column(frame, dataset, spec.event_time)
        frame = timed(frame, spec.event_time)[0]
    return frame.assign(_batch_id=arrival.batch_id)


def _require_column(rows: pd.DataFrame, dataset: str, event_time: str) -> None:
    if event_time in rows.columns:
        return
    near = get_close_matches(event_time, map(str, rows.columns), n=1)
    raise DeclarationError(
        "The rows have no such column as event_time names.",
        where=f"dataset {dataset}, event_time",
        got=event_time,
        allowed=shown_names([str(column) for column in rows.columns]),
        mend=f"Did you mean {near[0]!r}?" if near else "Name the column that says when a row happened.",
    )
