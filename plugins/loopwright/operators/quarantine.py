"""Asking a person in Airflow about rows that were set aside, and doing what the person says.

The waiting between the two is Airflow's own ``HITLOperator``. No answer changes nothing: the rows stay where they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from loopwright.operators.answering import chosen
from loopwright.operators.base import DatasetOperator
from loopwright.operators.form import text_or_none

if TYPE_CHECKING:
    from airflow.sdk import Context

    from loopwright.declaration import Workspace

RELEASE, DROP, KEEP = "Release as it is", "Drop", "Leave where it is"
"""The options of the question. To replace rows takes a file, and the command line."""
_WORDS = {RELEASE: "release", DROP: "drop"}


class AskAboutQuarantineOperator(DatasetOperator):
    """Returns the questions there are, one a batch, and records that they are asked; without any, the rest is skipped.

    :param dataset: the dataset's name.
    :param batch_id: only about this one; empty for all that nobody is asked about yet.
    """

    inherits_from_skipmixin = True
    template_fields: Sequence[str] = (*DatasetOperator.template_fields, "batch_id")

    def __init__(self, *, batch_id: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.batch_id = batch_id

    def call(self, workspace: Workspace, context: Context) -> Any:
        """Find out what to ask."""
        from loopwright.stages.ingest.quarantine.asking import ask_about

        asker = f"run:{context['run_id']}"
        return ask_about(workspace, self.spec(workspace), asker=asker, batch_id=text_or_none(self.batch_id))

    def act(self, result: Any, context: Context) -> list[dict[str, Any]]:
        """Return the questions to map over."""
        if not result.questions:
            self.skip_the_rest(context, "There is nothing to ask.")
        return [question.to_dict() for question in result.questions]


class RuleOnQuarantineOperator(DatasetOperator):
    """Does what a person answered about one batch, and records who and why.

    :param dataset: the dataset's name.
    :param batch_id: the batch.
    :param seen: the ledger's event that the question was about.
    :param answer: what the ``HITLOperator`` returned.
    """

    template_fields: Sequence[str] = (*DatasetOperator.template_fields, "batch_id", "seen", "answer")

    def __init__(self, *, batch_id: str, seen: Any, answer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.batch_id = batch_id
        self.seen = seen
        self.answer = answer

    def call(self, workspace: Workspace, context: Context) -> Any:  # noqa: ARG002 - the base's signature
        """Record the decision and resume the batch."""
        from loopwright.ledger.store import Ledger
        from loopwright.stages.ingest.quarantine.ruling import rule
        from loopwright.stages.ingest.stage import resume_batch

        word, by, why = answered(self.answer)
        spec = self.spec(workspace)
        before = Ledger.of(workspace).dataset(spec.name).ruling(self.batch_id)
        mine = before and (before["by"], before["ruling"]) == (by, word)
        if before and before["about"] == int(self.seen) and (mine or not before["done"]):
            # It was decided by an attempt that was killed: before it was done, or before it could say so.
            return resume_batch(workspace, spec, self.batch_id, actor=before["by"])
        done = rule(workspace, spec, self.batch_id, word, why=why, actor=by, seen=int(self.seen))
        return done.result

    def act(self, result: Any, context: Context) -> str:  # noqa: ARG002 - the base's signature
        """Return the batch's id."""
        return str(result.batch_id)


def answered(raw: Mapping[str, Any]) -> tuple[Any, str, str]:
    """Return what a person said: the word, who, and why.

    :param raw: what the ``HITLOperator`` returned.
    :raises AirflowSkipException: if nobody did, or the person left the rows where they are.
    """
    name, option = chosen(raw)
    if name is None or option not in _WORDS:
        raise AirflowSkipException("The rows stay where they are.")
    why = str((raw.get("params_input") or {}).get("why") or "").strip()
    return _WORDS[option], f"person:{name}", why or "No reason was given in Airflow's form."
