"""Operators of the stage *ci*: whether the project is fit to run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loopwright.operators.base import StageOperator
from loopwright.operators.form import text_or_none

if TYPE_CHECKING:
    from airflow.sdk import Context

    from loopwright.declaration import Workspace
    from loopwright.verdict import Verdict


@dataclass(frozen=True)
class Checked:
    """What was found out about a project.

    :param verdict: over all checks.
    """

    verdict: Verdict

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"verdict": self.verdict.to_dict()}


class CheckProjectOperator(StageOperator):
    """Judges declarations, suites, the folders' own tests and a training on a sample; fails when one of them does.

    :param model: only this model and its dataset; empty for the whole project.
    """

    template_fields: Sequence[str] = (*StageOperator.template_fields, "model")

    def __init__(self, *, model: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.model = model

    def call(self, workspace: Workspace, context: Context) -> Checked:  # noqa: ARG002 - the base's signature
        """Judge."""
        from loopwright.loop.ci import check_project

        return Checked(check_project(workspace, text_or_none(self.model)))


class CheckDagsOperator(StageOperator):
    """Judges whether the suite's DAGs can be built for every declaration of the project."""

    def call(self, workspace: Workspace, context: Context) -> Checked:  # noqa: ARG002 - the base's signature
        """Judge."""
        from loopwright.suite.integrity import check_dags

        return Checked(check_dags(workspace.project))
