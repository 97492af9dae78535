"""The operator of the clean-up: what the declared retention has no more use for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from loopwright.operators.base import StageOperator, person_of
from loopwright.operators.form import yes_or_no

if TYPE_CHECKING:
    from airflow.sdk import Context

    from loopwright.declaration import Workspace


class CleanOperator(StageOperator):
    """Removes versions that were never champion, as ``release.keep`` says, and files that nothing refers to.

    :param only_say: only say what would go.
    """

    template_fields: Sequence[str] = (*StageOperator.template_fields, "only_say")

    def __init__(self, *, only_say: bool | str = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.only_say = only_say

    def call(self, workspace: Workspace, context: Context) -> Any:
        """Clean."""
        from loopwright.loop.clean import clean

        return clean(workspace, actor=person_of(context) or "clean", dry_run=yes_or_no(self.only_say))

    def act(self, result: Any, context: Context) -> None:  # noqa: ARG002 - the base's signature
        """Say what went."""
        for sentence in result.said():
            self.log.info(sentence)
