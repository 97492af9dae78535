"""Clean: one DAG a project. What the declared retention has no more use for goes, as by `loopwright clean`.

Champions and their predecessors stay, with all that any version that stays rests on. The form's `dry_run` only says
what would go. It is called by its bundle's name, so that several projects live in one Airflow.
"""

from __future__ import annotations

from airflow.sdk import DAG

from loopwright.operators.clean import CleanOperator
from loopwright.suite.declared import declared_project, project_dag_id
from loopwright.suite.form import tick

project = declared_project(__file__)
with DAG(
    project_dag_id(__file__, "clean"),
    schedule="@weekly",
    catchup=False,
    max_active_runs=1,
    tags=["loopwright", "clean"],
    doc_md=__doc__,
    params={"dry_run": tick("Dry run", "Only say what would go.")},
    default_args={"owner": "loopwright", "project": project, "retries": 2},
):
    CleanOperator(task_id="clean", only_say="{{ params.dry_run }}")
