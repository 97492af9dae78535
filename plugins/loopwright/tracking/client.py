"""MLflow, imported late and quietly, with its process-wide settings put back after use.

Importing it costs a task 1.6 s, so nothing here does before a first call. Its fluent API works on globals of the
process (tracking URI, experiment, environment variables that children inherit): whoever needs it borrows them.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from loopwright.errors import MissingExtra
from loopwright.tracking.faults import said_plainly

_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    # Its own seven retries take four minutes to say that a server is down; a task has retries of its own.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "60",
}
"""What MLflow's environment variables are set to where the deployment has not set them."""

_BORROWED = ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_ID")


def imported() -> Any:
    """Return the module ``mlflow``, imported with telemetry off.

    :raises MissingExtra: if it is not installed.
    """
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        import mlflow
    except ModuleNotFoundError as error:
        raise MissingExtra("MLflow is not installed here.", mend="pip install 'loopwright[ml]'") from error
    return mlflow


def connected(uri: str) -> Any:
    """Return an ``MlflowClient`` whose store is there.

    :param uri: tracking URI; a SQLite file and its folder are made if absent.
    :raises TrackingUnavailable: if MLflow cannot be reached.
    """
    imported()
    from mlflow.tracking import MlflowClient

    with said_plainly(uri), _alone(uri):
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        if sqlite_file(uri):
            client.search_experiments(max_results=1)  # makes the tables, if they are not there yet
    return client


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
