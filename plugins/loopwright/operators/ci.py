"""The operator of the stage *ci*: is the project fit to run?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from loopwright.operators.base import StageOperator
from loopwright.operators.form import text_or_none

if TYPE_CHECKING:
    from airflow.sdk import Context

    from loopwright.declaration import Workspace


class CheckProjectOperator(StageOperator):
    """Judges declarations, the folders' own tests, a training on a sample and the DAGs; fails when one of them does.

    :param model: only this model; empty for the whole project.
    """

    template_fields: Sequence[str] = (*StageOperator.template_fields, "model")

    def __init__(self, *, model: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.model = model

    def call(self, workspace: Workspace, context: Context) -> Any:  # noqa: ARG002 - the base's signature
        """Judge."""
        from loopwright.loop.ci import check_project

        return check_project(workspace, model=text_or_none(self.model))
