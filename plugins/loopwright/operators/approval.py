"""Asking a person before a release: the question, and the answer's way into the ledger.

The waiting itself is Airflow's own ``HITLOperator`` between these two, since its ``ApprovalOperator`` leaves no trace
of a refusal. A timeout answers no. The answer is bound to the digests of what was asked about, so that an approval
of something else is worth nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from airflow.sdk.exceptions import AirflowSkipException

from loopwright.operators.answering import chosen
from loopwright.operators.base import ModelOperator, person_of

if TYPE_CHECKING:
    from airflow.sdk import Context

    from loopwright.declaration import Workspace
    from loopwright.stages.release import Question

APPROVE, REJECT = "Approve", "Reject"
"""The two options of the question."""
TIMEOUT = "timeout"
"""Who answered when nobody did."""


class AskApprovalOperator(ModelOperator):
    """Records that a person is asked, and returns the question; is skipped when nobody needs to be.

    :param model: the model's name.
    :param version: the version that would be promoted.
    """

    inherits_from_skipmixin = True
    template_fields: Sequence[str] = (*ModelOperator.template_fields, "version")

    def __init__(self, *, version: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.version = version

    def call(self, workspace: Workspace, context: Context) -> Question:
        """Ask the ledger whether to ask, and record it."""
        from loopwright.stages.release import ask_person

        asker, person = f"run:{context['run_id']}", person_of(context)
        return ask_person(workspace, self.spec(workspace), self.version, asker=asker, on_behalf_of=person)

    def act(self, result: Question, context: Context) -> str | None:
        """Return the question's text."""
        if result.state == "asked elsewhere":
            self.skip_the_rest(context, "Another run waits for the answer.")
            return None
        if result.state != "ask":
            raise AirflowSkipException(f"An approval is {result.state}.")
        return result.body


class RecordApprovalOperator(ModelOperator):
    """Records a person's answer. After a refusal the tasks after it are skipped.

    :param model: the model's name.
    :param version: the version that was asked about.
    :param answer: what the ``HITLOperator`` returned.
    """

    inherits_from_skipmixin = True
    template_fields: Sequence[str] = (*ModelOperator.template_fields, "version", "answer")

    def __init__(self, *, version: str, answer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.version = version
        self.answer = answer

    def call(self, workspace: Workspace, context: Context) -> Answer:
        """Record the answer."""
        from loopwright.stages.release import record_approval

        answer = Answer.read(self.version, self.answer)
        asker, spec = f"run:{context['run_id']}", self.spec(workspace)
        entry = record_approval(workspace, spec, self.version, answer.word, answer.by, answer.reason, to=asker)
        return answer.beside(entry.get("approval") or {})

    def act(self, result: Answer, context: Context) -> str:
        """Return who answered."""
        if not result.approved:
            self.skip_the_rest(context, result.reason)
        return result.by


@dataclass(frozen=True)
class Answer:
    """What a person said.

    :param version: what about.
    :param approved: yes or no.
    :param by: who, as an actor for the ledger; ``timeout`` when nobody did.
    :param reason: one sentence.
    """

    version: str
    approved: bool
    by: str
    reason: str

    @property
    def word(self) -> Literal["given", "refused", "expired"]:
        """The answer, as the ledger has it."""
        if self.approved:
            return "given"
        return "expired" if self.by == TIMEOUT else "refused"

    @classmethod
    def read(cls, version: str, raw: Mapping[str, Any]) -> Answer:
        """Read what a ``HITLOperator`` returned; anything but a person's one clear yes is a no."""
        name, option = chosen(raw)
        approved = option == APPROVE and name is not None
        said = "approved it" if approved else "refused it"
        given = str((raw.get("params_input") or {}).get("why") or "").strip()
        why = f"{name} {said}{f': {given}' if given else ''}" if name else "Nobody answered in time, which is a no."
        return cls(version, approved, f"person:{name}" if name else TIMEOUT, why)

    def beside(self, recorded: Mapping[str, Any]) -> Answer:
        """Return what counts: the ledger's yes, where a person gave it by another way while this question waited.

        :param recorded: the version's approval by the ledger, after this answer was recorded.
        """
        if self.word != "expired" or recorded.get("answer") != "given":
            return self
        by = str(recorded["by"])
        return Answer(self.version, True, by, f"{by.removeprefix('person:')} approved it while the question waited.")

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"version": self.version, "approved": self.approved, "by": self.by, "reason": self.reason}
