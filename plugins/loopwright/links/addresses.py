"""The addresses that links lead to: a run on MLflow's server, a stored report on this Airflow's API server."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import quote, urlparse

from airflow.sdk.configuration import conf

if TYPE_CHECKING:
    from loopwright.declaration import Workspace

PREFIX = "/loopwright"
"""Where the plugin's pages are mounted."""
_log = logging.getLogger(__name__)


def report_address(dataset: str, batch_id: str) -> str:
    """Return the address of a batch's report, relative to the server that shows the link.

    It is opened under the rights of the dataset's ingest DAG.

    :param dataset: the dataset's name.
    :param batch_id: the batch.
    """
    return f"{_base()}/reports/{quote(dataset, safe='')}.ingest/{quote(batch_id, safe='')}"


def evaluation_address(model: str, training_id: str) -> str:
    """Return the address of the gate's report, relative to the server that shows the link.

    It is opened under the rights of the model's train DAG, and read from the training's MLflow run.

    :param model: the model's name.
    :param training_id: the training that was judged.
    """
    return f"{_base()}/evaluations/{quote(model, safe='')}.train/{quote(training_id, safe='')}"


def _base() -> str:
    return urlparse(conf.get("api", "base_url", fallback="") or "").path.rstrip("/") + PREFIX


def run_address(workspace: Workspace, model: str, run_id: str) -> str:
    """Return the address of an MLflow run, or nothing: a link that cannot be had never fails a task.

    :param workspace: where MLflow is.
    :param model: the model whose run it is.
    :param run_id: the run.
    """
    from loopwright.tracking import Tracking

    try:
        return Tracking.of(workspace).run_url(run_id, model) or ""
    except Exception:  # noqa: BLE001 - observability never fails a task
        _log.warning("The link to the MLflow run could not be made.", exc_info=True)
        return ""


def artifact_address(workspace: Workspace, model: str, uri: str) -> str:
    """Return the address of a run's artifact in MLflow's UI, or nothing where no server shows one.

    :param workspace: where MLflow is.
    :param model: the model whose run it is.
    :param uri: ``runs:/<run>/<path>``.
    """
    run_id, _, path = uri.removeprefix("runs:/").partition("/")
    run = run_address(workspace, model, run_id)
    return f"{run}/artifacts/{quote(path)}" if run else ""
