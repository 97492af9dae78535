"""Reaching MLflow: a client whose store is there, and the fluent API, whose globals are put back after use.

The fluent API works on globals of the process (tracking URI, experiment, environment variables that children
inherit). Whoever needs it borrows them, so that a host with an MLflow of its own finds it as it was.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy.engine import make_url

from loopwright.tracking.faults import said_plainly
from loopwright.tracking.importing import imported

_BORROWED = ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_ID")


def connected(uri: str) -> Any:
    """Return an ``MlflowClient`` whose store is there.

    :param uri: tracking URI; a SQLite file and its folder are made if absent.
    :raises TrackingUnavailable: if MLflow cannot be reached.
    """
    mlflow = imported()
    with said_plainly(uri), _alone(uri):
        file = sqlite_file(uri)
        if file and not file.exists():
            _make_whole(mlflow, uri, file)
        client = mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
        if file:
            client.search_experiments(max_results=1)  # brings the tables up, if they are an older MLflow's
    return client


def _make_whole(mlflow: Any, uri: str, file: Path) -> None:
    """Make a SQLite store under another name, and give it its own when it is whole.

    MLflow makes its tables in seconds and many steps. Where a kill or a full disk ends that in the middle, what is left
    would be refused by every run after it.
    """
    for left in file.parent.glob(f"{file.name}.making-*"):
        left.unlink()
    making = file.with_name(f"{file.name}.making-{uuid4().hex[:8]}")  # its own: MLflow keeps what it opened open
    there = make_url(uri).set(database=str(making)).render_as_string(hide_password=False)
    mlflow.MlflowClient(tracking_uri=there, registry_uri=there).search_experiments(max_results=1)
    making.replace(file)


def sqlite_file(uri: str) -> Path | None:
    """Return the file of a SQLite tracking URI; ``None`` for any other."""
    if not uri.startswith("sqlite"):
        return None
    database = make_url(uri).database
    return Path(database).absolute() if database else None


@contextmanager
def fluent(uri: str) -> Iterator[Any]:
    """Yield the module ``mlflow`` with its fluent API set to ``uri``, and put back what was set before.

    :param uri: tracking URI.
    """
    mlflow = imported()
    before = {name: os.environ.get(name) for name in _BORROWED}
    elsewhere = mlflow.get_tracking_uri() != uri
    if elsewhere:
        mlflow.set_tracking_uri(uri)
    try:
        yield mlflow
    finally:
        if elsewhere:
            mlflow.set_tracking_uri(None)
        _restore(before)


def _restore(environment: Mapping[str, str | None]) -> None:
    for name, value in environment.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@contextmanager
def _alone(uri: str) -> Iterator[None]:
    """Keep other processes out while a SQLite store is opened: two that make its tables at once both fail."""
    file = sqlite_file(uri)
    if file is None:
        yield
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_name(f"{file.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # released when the file is closed, by a kill too
        yield
