"""A declaration that is wrong, shown where people look: as a DAG that says what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import AirflowFailException

if TYPE_CHECKING:
    from airflow.sdk import Context

    from loopwright.errors import LoopwrightError


class BrokenDeclarationOperator(BaseOperator):
    """Fails with the declaration's error.

    :param message: what is wrong.
    """

    def __init__(self, *, message: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.message = message

    def execute(self, context: Context) -> None:  # noqa: ARG002 - Airflow's signature
        """Fail."""
        raise AirflowFailException(self.message)


def broken_dag_id(name: str) -> str:
    """Return the id of the DAG that stands for a broken declaration."""
    return f"{name}.broken"


def build_broken_dag(name: str, fault: LoopwrightError) -> DAG:
    """Build the one DAG that says what is wrong with a declaration.

    :param name: the folder's name.
    :param fault: what is wrong.
    """
    with DAG(
        broken_dag_id(name),
        schedule=None,
        catchup=False,
        tags=["loopwright", "broken-declaration", name],
        doc_md=f"**The declaration of `{name}` is broken, so it has no other DAG.**\n\n```\n{fault}\n```",
        is_paused_upon_creation=True,
    ) as dag:
        BrokenDeclarationOperator(task_id="what_is_wrong", message=str(fault))
    return dag
