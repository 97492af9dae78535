"""CI: one DAG a project. Declarations, the folders' own tests, a training on a sample, and the DAGs themselves."""

from __future__ import annotations

from airflow.sdk import DAG

from loopwright.operators.ci import CheckDagsOperator, CheckProjectOperator
from loopwright.suite.declared import declared_project
from loopwright.suite.form import text

project = declared_project(__file__)
with DAG(
    "loopwright.ci",
    schedule="@daily",
    catchup=False,
    max_active_runs=1,
    tags=["loopwright", "ci"],
    doc_md=__doc__,
    params={"model": text("Model", "Only this model; empty for the project.")},
    default_args={"owner": "loopwright", "project": project, "retries": 0},
):
    CheckProjectOperator(task_id="check_project", model="{{ params.model }}")
    CheckDagsOperator(task_id="check_dags")
