"""Operators of the stage *monitor*: drift, performance, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from loopwright.operators.announce import tell_outlets
from loopwright.operators.base import ModelOperator
from loopwright.operators.form import text_or_none
from loopwright.operators.listing import ListsBatches, Waiting
from loopwright.operators.turn import await_turn
from loopwright.verdict import Outcome

if TYPE_CHECKING:
    from airflow.sdk import Context, XComArg

    from loopwright.declaration import Workspace
    from loopwright.stages.monitor import OpenRequest


class ListUnmonitoredOperator(ListsBatches, ModelOperator):
    """Lists the scored batches that were not looked at, or whose labels matured since.

    :param model: the model's name.
    :param batch_id: only this one; empty for all.
    """

    template_fields: Sequence[str] = (*ModelOperator.template_fields, "batch_id")

    def __init__(self, *, batch_id: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.batch_id = batch_id

    def call(self, workspace: Workspace, context: Context) -> Waiting:  # noqa: ARG002 - the base's signature
        """List what waits."""
        from loopwright.stages.monitor import unmonitored

        only = text_or_none(self.batch_id)
        return Waiting.of([only] if only else unmonitored(workspace, self.spec(workspace)))


class _BatchOperator(ModelOperator):
    """An operator about one model on one batch.

    :param model: the model's name.
    :param batch_id: the batch.
    """

    template_fields: Sequence[str] = (*ModelOperator.template_fields, "batch_id")

    def __init__(self, *, batch_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.batch_id = batch_id


class _ReportOperator(_BatchOperator):
    """An operator that measures, records nothing, and returns its whole report.

    :param fail: fail (for good) when the report does; let it be when a :class:`ConcludeMonitoringOperator` follows.
    """

    def __init__(self, *, fail: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.fail = fail

    def act(self, result: Any, context: Context) -> dict[str, Any]:  # noqa: ARG002 - the base's signature
        """Return the report."""
        if self.fail and result.outcome is Outcome.FAIL:
            raise AirflowFailException(result.why)
        return dict(result.to_dict())


class DetectDriftOperator(_ReportOperator):
    """Compares one scored batch with what the version that scored it was trained on; fails when it drifted."""

    def call(self, workspace: Workspace, context: Context) -> Any:  # noqa: ARG002 - the base's signature
        """Measure drift."""
        from loopwright.stages.monitor import detect_drift

        return detect_drift(workspace, self.spec(workspace), self.batch_id)


class MeasurePerformanceOperator(_ReportOperator):
    """Compares the answers about one scored batch with its matured labels; fails when quality dropped."""

    def call(self, workspace: Workspace, context: Context) -> Any:  # noqa: ARG002 - the base's signature
        """Measure performance."""
        from loopwright.stages.monitor import measure_performance

        return measure_performance(workspace, self.spec(workspace), self.batch_id)


class ConcludeMonitoringOperator(_BatchOperator):
    """Records what two reports say together, and requests a training or a roll back when it persists.

    :param drift: the output of a :class:`DetectDriftOperator`; ``None`` to leave it out.
    :param performance: the output of a :class:`MeasurePerformanceOperator`; ``None`` to leave it out.
    """

    template_fields: Sequence[str] = (*_BatchOperator.template_fields, "drift", "performance")

    def __init__(
        self,
        *,
        drift: Mapping[str, Any] | XComArg | None = None,
        performance: Mapping[str, Any] | XComArg | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.drift = drift
        self.performance = performance

    def call(self, workspace: Workspace, context: Context) -> Any:  # noqa: ARG002 - the base's signature
        """Conclude."""
        from loopwright.stages.monitor import DriftReport, PerformanceReport, conclude

        return conclude(
            workspace,
            self.spec(workspace),
            self.batch_id,
            DriftReport.from_dict(cast("Mapping[str, Any]", self.drift)) if self.drift else None,
            PerformanceReport.from_dict(cast("Mapping[str, Any]", self.performance)) if self.performance else None,
        )


class MonitorBatchOperator(_BatchOperator):
    """Drift, performance and the conclusion for one batch, in one task: they share their imports and their rows.

    Mapped over several batches, it waits for those before it: whether something persists is asked batch after batch.
    """

    def call(self, workspace: Workspace, context: Context) -> Any:
        """Measure both, and conclude, when it is the batch's turn."""
        from loopwright.stages.monitor import conclude, detect_drift, measure_performance

        await_turn(context)
        spec = self.spec(workspace)
        drift = detect_drift(workspace, spec, self.batch_id)
        performance = measure_performance(workspace, spec, self.batch_id)
        return conclude(workspace, spec, self.batch_id, drift, performance)


class AnnounceRequestOperator(ModelOperator):
    """Emits its outlets' asset events for as long as a request is open, whoever recorded it; else it is skipped.

    A request that was told only when it was new would be lost with its event.

    :param model: the model's name.
    :param request: ``retrain`` or ``rollback``.
    """

    def __init__(self, *, request: Literal["retrain", "rollback"], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.request = request

    def call(self, workspace: Workspace, context: Context) -> OpenRequest:  # noqa: ARG002 - the base's signature
        """Look for the request."""
        from loopwright.stages.monitor import open_request

        found = open_request(workspace, self.spec(workspace), self.request)
        if found is None:
            raise AirflowSkipException(f"No request to {self.request} is open: there is nothing to tell.")
        return found

    def act(self, result: OpenRequest, context: Context) -> str:
        """Return the reason, and say in the asset event what it is about."""
        tell_outlets(self, context, {"because": result.because, "version": result.version, "batch_id": result.batch_id})
        return result.reason
