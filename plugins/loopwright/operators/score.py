"""Operators of the stage *score*: the champion over every published batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from loopwright.operators.base import ModelOperator
from loopwright.operators.form import text_or_none, yes_or_no
from loopwright.operators.listing import ListsBatches, Waiting

if TYPE_CHECKING:
    from airflow.sdk import Context

    from loopwright.declaration import Workspace
    from loopwright.stages.score import Shadowed


@dataclass(frozen=True)
class Beside:
    """What the challenger answered for.

    :param batches: a result for each batch.
    """

    batches: tuple[Shadowed, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"batches": [one.to_dict() for one in self.batches]}


class ListUnscoredOperator(ListsBatches, ModelOperator):
    """Lists the published batches that the champion has not scored, and returns their ids to map over.

    An empty list skips nothing but the task that is mapped over it: training waits for the champion to have had its
    turn, also when there was nothing to score, or no champion yet.

    :param model: the model's name.
    :param batch_id: only this one; empty for all.
    :param force: list also what was scored already.
    """

    skips_when_nothing_waits = False
    template_fields: Sequence[str] = (*ModelOperator.template_fields, "batch_id", "force")

    def __init__(self, *, batch_id: str | None = None, force: bool | str = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.batch_id = batch_id
        self.force = force

    def call(self, workspace: Workspace, context: Context) -> Waiting:  # noqa: ARG002 - the base's signature
        """List what waits."""
        from loopwright.stages.score import unscored

        spec, only = self.spec(workspace), text_or_none(self.batch_id)
        if only:
            return Waiting.of([only])
        if yes_or_no(self.force):
            from loopwright.ledger.store import Ledger

            published = Ledger.of(workspace).dataset(spec.dataset).published()
            return Waiting.of(batch["batch_id"] for batch in published)
        return Waiting.of(unscored(workspace, spec))


class ScoreBatchOperator(ModelOperator):
    """Writes the champion's predictions for one batch; skipped when they are there already.

    :param model: the model's name.
    :param batch_id: the batch.
    :param force: score it again.
    """

    template_fields: Sequence[str] = (*ModelOperator.template_fields, "batch_id", "force")

    def __init__(self, *, batch_id: str, force: bool | str = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.batch_id = batch_id
        self.force = force

    def call(self, workspace: Workspace, context: Context) -> Any:  # noqa: ARG002 - the base's signature
        """Score."""
        from loopwright.stages.score import score_batch

        return score_batch(workspace, self.spec(workspace), self.batch_id, force=yes_or_no(self.force))

    def act(self, result: Any, context: Context) -> str:  # noqa: ARG002 - the base's signature
        """Return the batch's id."""
        if result.status != "scored":
            raise AirflowSkipException(f"The batch {self.batch_id}: {result.status}.")
        return self.batch_id


class ShadowBatchesOperator(ModelOperator):
    """Writes the challenger's predictions beside the champion's, for the batches that it has yet to answer for.

    :param model: the model's name.
    """

    def call(self, workspace: Workspace, context: Context) -> Beside:  # noqa: ARG002 - the base's signature
        """Answer, batch by batch."""
        from loopwright.stages.score import shadow_batch, unshadowed

        spec = self.spec(workspace)
        return Beside(tuple(shadow_batch(workspace, spec, batch) for batch in unshadowed(workspace, spec)))

    def act(self, result: Beside, context: Context) -> list[str]:  # noqa: ARG002 - the base's signature
        """Return the batches' ids."""
        if not result.batches:
            raise AirflowSkipException("No challenger waits for a batch.")
        for one in result.batches:
            self.log.info("%s: %s", one.batch_id, one.why)
        return [one.batch_id for one in result.batches]
