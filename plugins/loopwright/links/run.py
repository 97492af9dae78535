"""Buttons on a task: its MLflow run and its report.

A link is worked out where the task ran, for only there are the run and the tracking server known; Airflow keeps it in
XCom and shows it from there, so the API server never asks MLflow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

RUN, REPORT = "mlflow_run", "report"
"""The keys under which an operator keeps its links while it runs."""


class MlflowRunLink(BaseOperatorLink):
    """To the MLflow run that a task made or judged."""

    name = "MLflow run"
    xcom_key = "_link_mlflow_run"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002 - Airflow's signature
        """Return the run's URL, or nothing when there is none."""
        return links_of(operator).get(RUN, "")


class ReportLink(BaseOperatorLink):
    """To the stored report of the batch or the candidate that a task judged."""

    name = "Loopwright report"
    xcom_key = "_link_loopwright_report"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002 - Airflow's signature
        """Return the report's address on this Airflow's API server, or nothing when there is none."""
        return links_of(operator).get(REPORT, "")


def links_of(operator: BaseOperator) -> dict[str, str]:
    """Return the links that an operator left while it ran.

    :param operator: the operator; any other than ours has left none.
    """
    left: dict[str, str] = getattr(operator, "links", {})
    return left
