"""CI: one DAG a project. Declarations, the folders' own tests, a training on a sample, and the DAGs themselves.

It is called by its bundle's name, so that several projects live in one Airflow.
"""

from __future__ import annotations

from airflow.sdk import DAG

from loopwright.operators.ci import CheckDagsOperator, CheckProjectOperator
from loopwright.suite.declared import declared_project, project_dag_id
from loopwright.suite.form import text

project = declared_project(__file__)
with DAG(
    project_dag_id(__file__, "ci"),
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
