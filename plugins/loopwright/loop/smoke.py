"""Trains a model's code on a handful of real rows, to find in seconds what a training would find in hours.

It needs neither MLflow nor a published batch: where nothing is published yet, the first arrival that can be read is
cleaned as ingest would and used instead.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from loopwright.declaration.code import code_of
from loopwright.errors import ArrivalUnreadable, CannotRun, DeclarationError, LoopwrightError
from loopwright.ledger.store import Ledger
from loopwright.serving.matured import labelled_rows, labels_complete
from loopwright.verdict import Check, Outcome

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from loopwright.declaration import ModelSpec, Project, Workspace
    from loopwright.stages.ingest.arriving.arrival import Arrival

ROWS = 1000
"""Rows trained on at the most."""
FEW = 200
"""Rows that label and features are tried on."""


def smoke_check(workspace: Workspace, project: Project, name: str) -> Check:
    """Train each of a model's entrypoints on a sample, and let it answer.

    :param workspace: where arrivals and lake are.
    :param project: the project.
    :param name: the model's name; its declaration can be read.
    """
    about, spec = f"smoke:model/{name}", project.model(name)
    try:
        rows = _rows(workspace, project, spec)
        if rows is None:
            return Check(about, Outcome.NOT_APPLICABLE, "no batch with labels is there to train on", required=False)
        started = time.monotonic()
        for entrypoint in spec.train.entrypoints:
            _train(spec, project.model_folder(name), rows, entrypoint)
    except LoopwrightError as error:
        return Check(about, Outcome.FAIL, str(error), observed=error.to_dict())
    why = f"trained on {len(rows)} rows and answered, in {time.monotonic() - started:.1f} s"
    return Check(about, Outcome.PASS, why, n=len(rows))


def tried_check(workspace: Workspace, project: Project, name: str) -> Check:
    """Call a model's label and features on a few rows, where there are any; nothing is trained.

    :param workspace: where arrivals and lake are.
    :param project: the project.
    :param name: the model's name; its declaration can be read.
    """
    from loopwright.stages.train.snapshot import learnable

    about, spec = f"answers:model/{name}", project.model(name)
    try:
        project.dataset(spec.dataset)
    except DeclarationError:
        why = f"the declaration of dataset {spec.dataset} is wrong: label and features were not called"
        return Check(about, Outcome.NOT_APPLICABLE, why, required=False)
    try:
        rows = _rows(workspace, project, spec, most=FEW)
        if rows is None:
            why = "no batch with labels is there: label and features were not called"
            return Check(about, Outcome.NOT_APPLICABLE, why, required=False)
        known = learnable(spec, project.model_folder(name), rows)
    except LoopwrightError as error:
        return Check(about, Outcome.FAIL, str(error), observed=error.to_dict())
    what = f"label and features answered for {len(rows)} rows, {len(known.labels)} of them with a label"
    return Check(about, Outcome.PASS, f"{what}; `loopwright ci` trains as well", n=len(rows))


def _train(spec: ModelSpec, folder: Path, rows: pd.DataFrame, entrypoint: str) -> None:
    from loopwright.serving.predictor import answers_by
    from loopwright.serving.served import conformed
    from loopwright.stages.train.learning import learn
    from loopwright.stages.train.snapshot import learnable

    with code_of(folder):
        known = learnable(spec, folder, rows)
        learned = learn(spec, folder, known, entrypoint, spec.train.params)
        card = learned.card.to_dict()
        answers_by(learned.estimator, conformed(known.features, card), card, folder, f"model {spec.name}")


def _rows(workspace: Workspace, project: Project, spec: ModelSpec, most: int = ROWS) -> pd.DataFrame | None:
    """Return a seeded sample of the newest published batch with labels, or of the first arrival that can be read."""
    rows = _published(workspace, project, spec)
    if rows is None and not project.dataset(spec.dataset).labels.arrivals:  # which are joined to what is published
        rows = _arrived(workspace, project, spec.dataset)
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


def cleaned(workspace: Workspace, project: Project, dataset: str, arrival: Arrival) -> pd.DataFrame:
    """Return the rows of one file as ingest would publish them, not judged by what is expected of them.

    :param workspace: for storage options and the key of hashed columns.
    :param project: the project.
    :param dataset: the dataset's name.
    :param arrival: the file.
    :raises ArrivalUnreadable: if its bytes are not the declared format.
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
        frame = timed(frame, spec.event_time)[0]
    return frame.assign(_batch_id=arrival.batch_id)
