"""Operators of the stage *train*: decide whether to, fit, judge, register."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from loopwright.operators.announce import tell_outlets
from loopwright.operators.base import ModelOperator, end_by, person_of
from loopwright.operators.form import parameters_or_none, text_or_none, yes_or_no
from loopwright.verdict import OnInconclusive, Outcome

if TYPE_CHECKING:
    from airflow.sdk import Context

    from loopwright.declaration import Workspace


class DecideTrainingOperator(ModelOperator):
    """Decides whether to train, and records why. On a no, the tasks after it are skipped.

    :param model: the model's name.
    :param reason: why a person wants a training; empty when nobody does.
    :param force: train although nothing changed.
    :param parameters: training parameters for this once, as a mapping or JSON text.
    """

    inherits_from_skipmixin = True
    template_fields: Sequence[str] = (*ModelOperator.template_fields, "reason", "force", "parameters")

    def __init__(
        self,
        *,
        reason: str | None = None,
        force: bool | str = False,
        parameters: Mapping[str, Any] | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.reason = reason
        self.force = force
        self.parameters = parameters

    def call(self, workspace: Workspace, context: Context) -> Any:
        """Decide."""
        from loopwright.stages.train import decide_training

        return decide_training(
            workspace,
            self.spec(workspace),
            reason=text_or_none(self.reason),
            actor=person_of(context) or "train",
            params=parameters_or_none(self.parameters),
            force=yes_or_no(self.force),
        )

    def act(self, result: Any, context: Context) -> str | None:
        """Return the training's id."""
        if not result.train:
            self.skip_the_rest(context, f"No training: {result.why}")
            return None
        return str(result.training_id)


class _TrainingOperator(ModelOperator):
    """An operator about one training.

    :param model: the model's name.
    :param training_id: what :class:`DecideTrainingOperator` returned.
    """

    template_fields: Sequence[str] = (*ModelOperator.template_fields, "training_id")

    def __init__(self, *, training_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.training_id = training_id


class TrainModelOperator(_TrainingOperator):
    """Fits the candidate on the decided snapshot, tuned when declared, and returns its MLflow run's id."""

    def call(self, workspace: Workspace, context: Context) -> Any:  # noqa: ARG002 - the base's signature
        """Fit."""
        from loopwright.stages.train import fit_candidate

        return fit_candidate(workspace, self.spec(workspace), self.training_id)

    def act(self, result: Any, context: Context) -> str:  # noqa: ARG002 - the base's signature
        """Return the run's id."""
        return str(result.run_id)


class GateCandidateOperator(_TrainingOperator):
    """Judges the candidate on the frozen holdout, against the thresholds and the champion.

    Fails on a refusal; skipped while the data cannot tell; passes on to a person where the declaration says ``ask``.
    """

    def call(self, workspace: Workspace, context: Context) -> Any:  # noqa: ARG002 - the base's signature
        """Judge."""
        from loopwright.stages.train import judge_candidate

        return judge_candidate(workspace, self.spec(workspace), self.training_id)

    def act(self, result: Any, context: Context) -> str:  # noqa: ARG002 - the base's signature
        """Return the outcome."""
        verdict = result.verdict
        asks = verdict.outcome is Outcome.INCONCLUSIVE and verdict.on_inconclusive is OnInconclusive.ASK
        if not asks:
            end_by(verdict)
        return str(verdict.outcome.value)


class RegisterCandidateOperator(_TrainingOperator):
    """Registers the candidate that passed, and returns its version."""

    def call(self, workspace: Workspace, context: Context) -> Any:  # noqa: ARG002 - the base's signature
        """Register."""
        from loopwright.stages.train import register_candidate

        return register_candidate(workspace, self.spec(workspace), self.training_id)

    def act(self, result: Any, context: Context) -> str:
        """Return the version, and say it in the asset event."""
        tell_outlets(self, context, {"version": result.version, "training_id": self.training_id})
        return str(result.version)
