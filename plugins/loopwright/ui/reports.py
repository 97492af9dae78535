"""Finding the stored report of a batch: only what the ledger says was stored, and only inside the lake's own folder."""

from __future__ import annotations

import json
from typing import Any

from loopwright.declaration import Project, Workspace
from loopwright.hooks.loopwright import LoopwrightHook
from loopwright.ledger.store import Ledger
from loopwright.ui.projects import known_projects

LARGEST = 20_000_000
"""Bytes of a report that a page is made of; a larger one is opened where it is stored."""


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
