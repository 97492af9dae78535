"""Finding what was stored: the report of a batch, and the gate's about a training.

Only what the ledger says was stored is served, and only from the lake's own folder or the training's own MLflow run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from loopwright.declaration import Project, Workspace
from loopwright.errors import UnknownName
from loopwright.hooks.loopwright import LoopwrightHook
from loopwright.ledger.store import Ledger
from loopwright.serving.kept import EVALUATION
from loopwright.ui.projects import known_projects

LARGEST = 20_000_000
"""Bytes of a report that a page is made of; a larger one is opened where it is stored."""
_RUN_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")


def stored_report(dataset: str, batch_id: str) -> dict[str, Any] | None:
    """Return the last report about a batch, or ``None`` when none is stored.

    :param dataset: the dataset's name, as asked for.
    :param batch_id: the batch, as asked for.
    """
    for project in known_projects():
        if dataset in Project.at(project).dataset_names():
            found = _report_in(LoopwrightHook(project).workspace(), dataset, batch_id)
            if found is not None:
                return found
    return None


def _report_in(workspace: Workspace, dataset: str, batch_id: str) -> dict[str, Any] | None:
    from loopwright.lake.storage import opened

    arrival = Ledger.of(workspace).dataset(dataset).arrival(batch_id)
    path = str((arrival or {}).get("report") or "")
    if not is_report_of(workspace, dataset, path):
        return None
    filesystem, name = opened(path, workspace.storage_options)
    if not filesystem.exists(name) or filesystem.size(name) > LARGEST:
        return None
    found = json.loads(filesystem.cat_file(name))
    return found if isinstance(found, dict) else None


def is_report_of(workspace: Workspace, dataset: str, path: str) -> bool:
    """Tell whether a path is a report of this dataset, so that nothing else on this machine is ever served.

    :param workspace: where the lake is.
    :param dataset: the dataset's name.
    :param path: what the ledger recorded.
    """
    folder = f"{workspace.lake.rstrip('/')}/datasets/{dataset}/reports/"
    return path.startswith(folder) and "/" not in path.removeprefix(folder) and ".." not in path.removeprefix(folder)


def stored_evaluation(model: str, training_id: str) -> str | None:
    """Return the gate's report about a training as HTML, or ``None`` when none is stored.

    :param model: the model's name, as asked for.
    :param training_id: the training, as asked for.
    :raises CannotRun: if MLflow cannot be reached.
    :raises ImportError: if this process has no MLflow.
    """
    for project in known_projects():
        if model in Project.at(project).model_names():
            hook = LoopwrightHook(project)
            workspace = hook.workspace()
            entry = Ledger.of(workspace).model(model).training(training_id)
            if entry is not None and is_evaluation_of(entry):
                hook.lend_credentials()
                return _evaluation_in(workspace, entry["run_id"])
    return None


def is_evaluation_of(entry: Mapping[str, Any]) -> bool:
    """Tell whether a training's report is the file of that name in its own run, and nothing else.

    :param entry: the training as the ledger has it.
    """
    run_id = str(entry.get("run_id") or "")
    return bool(_RUN_ID.fullmatch(run_id)) and entry.get("evaluation") == f"runs:/{run_id}/{EVALUATION}"


def _evaluation_in(workspace: Workspace, run_id: str) -> str | None:
    from loopwright.tracking import Tracking

    with TemporaryDirectory() as scratch:
        try:
            page = Tracking.of(workspace).download(run_id, EVALUATION, Path(scratch))
        except UnknownName:
            return None
        return page.read_text(encoding="utf-8") if page.stat().st_size <= LARGEST else None
