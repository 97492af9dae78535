"""One asset event a run, and only when there is something to say.

Airflow strands asset events that come in a burst, so the mapped tasks of a run emit none of their own; the task after
them says it once. Events are hints: whoever follows them asks the ledger what there is to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from loopwright.operators.base import RESULT

if TYPE_CHECKING:
    from airflow.sdk import Context

SAID_AT_MOST = 100
"""Batch ids that an event carries: it is a hint, and is kept in a database."""


class AnnounceOperator(BaseOperator):
    """Emits its outlets' asset events when an earlier task's results hold what is to be told; else it is skipped.

    :param of: the task (mapped or not) whose results are looked at.
    :param when: what a result must hold to be worth telling, such as ``{"status": "published"}``.
    :param even_nothing: tell also that there was nothing, where others wait for this stage to have had its turn.
    :param above: numbers that it must exceed, such as ``{"rows_quarantined": 0}``; one that nobody knows does.
    :param labelled_by: the task whose result says of which batches labels came, which is worth telling, too.
    """

    template_fields: Sequence[str] = ("of",)
    ui_color = "#e8f0ea"

    def __init__(
        self,
        *,
        of: str,
        when: Mapping[str, Any] | None = None,
        above: Mapping[str, float] | None = None,
        even_nothing: bool = False,
        labelled_by: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.of = of
        self.when = dict(when or {})
        self.above = dict(above or {})
        self.even_nothing = even_nothing
        self.labelled_by = labelled_by

    def execute(self, context: Context) -> list[str]:
        """Look at the results, and emit or skip."""
        results = context["ti"].xcom_pull(task_ids=[self.of], key=RESULT) or []
        told = [str(found["batch_id"]) for found in results if found and self._worth_telling(found)]
        labels = self._labels(context)
        if not told and labels is None and not self.even_nothing:
            wanted = {**self.when, **{name: f"more than {least}" for name, least in self.above.items()}}
            raise AirflowSkipException(f"No result of {self.of} holds {wanted}: there is nothing to tell.")
        said: dict[str, Any] = {"batch_ids": told[:SAID_AT_MOST], "batches": len(told)}
        tell_outlets(self, context, said | ({} if labels is None else {"labelled": labels[:SAID_AT_MOST]}))
        return told

    def _labels(self, context: Context) -> list[str] | None:
        """Return the batches of which labels came; ``None`` where that is nothing to tell."""
        if self.labelled_by is None:
            return None
        found = next(iter(context["ti"].xcom_pull(task_ids=[self.labelled_by], key=RESULT) or []), None) or {}
        labels: list[str] | None = found.get("labelled")
        return labels if labels or (labels is not None and found.get("attempt", 1) > 1) else None

    def _worth_telling(self, result: Mapping[str, Any]) -> bool:
        # An earlier attempt may have done the work and died before it could say so; an event too many harms nobody.
        retried = result.get("attempt", 1) > 1
        held = all(result.get(key) == value for key, value in self.when.items())
        numbers = {key: result.get(key, 0) for key in self.above}
        return retried or (held and all(n is None or n > self.above[key] for key, n in numbers.items()))


class FailRunOperator(BaseOperator):
    """Fails, so that a run in which any task failed is seen as failed although its last task went well.

    Give it every other task upstream; it only runs when one of them failed, and costs nothing otherwise.
    """

    def __init__(self, *, trigger_rule: str = "one_failed", retries: int = 0, **kwargs: Any) -> None:
        super().__init__(trigger_rule=trigger_rule, retries=retries, **kwargs)

    def execute(self, context: Context) -> None:
        """Fail."""
        raise AirflowFailException(f"A task of {context['run_id']} failed; its own log says why.")


def tell_outlets(operator: BaseOperator, context: Context, extra: Mapping[str, Any]) -> None:
    """Put ``extra`` into the event of each of the operator's assets.

    :param operator: the running operator.
    :param context: the running task's.
    :param extra: plain JSON values, small.
    """
    for outlet in operator.outlets:
        if isinstance(outlet, Asset):
            context["outlet_events"][outlet].extra = dict(extra)
