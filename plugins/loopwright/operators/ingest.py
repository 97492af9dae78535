"""Operators of the stage *ingest*: what has arrived, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from loopwright.operators.base import DatasetOperator, end_by
from loopwright.operators.form import text_or_none, yes_or_no
from loopwright.operators.listing import ListsBatches, Waiting
from loopwright.operators.turn import await_turn

if TYPE_CHECKING:
    from airflow.sdk import Context

    from loopwright.declaration import Workspace


class FetchRowsOperator(DatasetOperator):
    """Takes the rows that came in a database since the last time, and makes them an arrival.

    Its connection is the declared query's, unless another is given.

    :param dataset: the dataset's name.
    :param conn_id: an Airflow connection.
    """

    template_fields: Sequence[str] = (*DatasetOperator.template_fields, "conn_id")

    def __init__(self, *, conn_id: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id

    def call(self, workspace: Workspace, context: Context) -> Any:  # noqa: ARG002 - the base's signature
        """Ask the database."""
        from loopwright.hooks.database import DatabaseHook
        from loopwright.stages.ingest.arriving.querying import fetch_rows

        spec = self.spec(workspace)
        conn_id = text_or_none(self.conn_id) or (spec.query.connection if spec.query else "")
        return fetch_rows(workspace, spec, DatabaseHook(conn_id).url())

    def act(self, result: Any, context: Context) -> str | None:  # noqa: ARG002 - the base's signature
        """Return the batch that the rows make."""
        batch_id: str | None = result.batch_id
        return batch_id


class ListArrivalsOperator(ListsBatches, DatasetOperator):
    """Lists the arrivals that were not handled yet, and returns their batch ids to map over.

    Files of labels are taken in first. Where these alone came, the list is empty and skips nothing but the task that
    is mapped over it: that labels are there is news to whoever learns from them.

    :param dataset: the dataset's name.
    :param batch_id: only this one; empty for all.
    :param force: list also what was handled already.
    """

    template_fields: Sequence[str] = (*DatasetOperator.template_fields, "batch_id", "force")

    def __init__(self, *, batch_id: str | None = None, force: bool | str = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.batch_id = batch_id
        self.force = force

    def call(self, workspace: Workspace, context: Context) -> Waiting:  # noqa: ARG002 - the base's signature
        """List what waits."""
        from loopwright.stages.ingest.due import due

        batch_id, force = text_or_none(self.batch_id), yes_or_no(self.force)
        found = due(workspace, self.spec(workspace), batch_id=batch_id, force=force)
        # What is refused comes last, and its own task says why and fails: the run is red, and holds up no batch.
        names = (one.name for one in found.listing.refused)
        waits = [*(arrival.batch_id for arrival in found.listing.arrivals), *names]
        if found.labels is None:
            return Waiting(tuple(waits))
        tell = self.log.warning if found.labels.refused else self.log.info
        tell("Labels: %s", found.labels.to_dict())
        return Waiting(tuple(waits), found.labels.complete)

    def nothing_to_do(self, result: Waiting, context: Context) -> bool:
        """Whether no batch waits, and no labels came, nor may have come in an attempt that died."""
        told = result.labelled is not None and (result.labelled or context["ti"].try_number > 1)
        return not told and super().nothing_to_do(result, context)


class IngestBatchOperator(DatasetOperator):
    """Cleans and validates one arrival, and publishes it or sets it aside whole.

    Validation and publication are one task, because a verdict that outlives its rows by a crash would be a lie.
    The task fails (for good) when the batch is quarantined, also when it is cleared or tried again and nothing was
    mended since; it is skipped when the same bytes are published already. Mapped over several batches, it waits for
    those before it, so that none overtakes one that is to be tried again.

    :param dataset: the dataset's name.
    :param batch_id: the batch.
    :param force: ingest it again although nothing changed.
    """

    template_fields: Sequence[str] = (*DatasetOperator.template_fields, "batch_id", "force")

    def __init__(self, *, batch_id: str, force: bool | str = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.batch_id = batch_id
        self.force = force

    def call(self, workspace: Workspace, context: Context) -> Any:
        """Ingest the batch, when it is its turn."""
        from loopwright.stages.ingest.stage import ingest_batch

        await_turn(context)
        return ingest_batch(workspace, self.spec(workspace), self.batch_id, force=yes_or_no(self.force))

    def act(self, result: Any, context: Context) -> str:  # noqa: ARG002 - the base's signature
        """Return the published batch's id."""
        if result.status == "unchanged":
            raise AirflowSkipException(
                f"The batch {self.batch_id} was handled already, with the same content, and is published."
            )
        end_by(result.verdict)
        return self.batch_id


class ValidateDataOperator(DatasetOperator):
    """Validates one arrival as ingest would, and writes no table: for a team's own DAGs.

    :param dataset: the dataset's name.
    :param batch_id: the batch.
    """

    template_fields: Sequence[str] = (*DatasetOperator.template_fields, "batch_id")

    def __init__(self, *, batch_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.batch_id = batch_id

    def call(self, workspace: Workspace, context: Context) -> Any:  # noqa: ARG002 - the base's signature
        """Read, clean and validate the batch."""
        from loopwright.stages.ingest.stage import validate_batch

        return validate_batch(workspace, self.spec(workspace), self.batch_id)
