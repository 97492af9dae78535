"""What every operator of the suite does alike: four moves, and three endings that are never confused.

1. read the templated arguments, 2. resolve the workspace, 3. call one stage function, 4. publish its whole result,
and only then act on the verdict. A task ends passed; or failed for good, because the data or the model is at fault; or
up for retry, because it could not run. Where the data cannot tell yet, it is skipped.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, SkipMixin
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from loopwright.errors import LoopwrightError
from loopwright.hooks.lake import LakeHook
from loopwright.hooks.ledger import LedgerHook
from loopwright.hooks.loopwright import LoopwrightHook
from loopwright.hooks.mlflow import MlflowHook
from loopwright.links.addresses import artifact_address, evaluation_address, report_address, run_address
from loopwright.links.run import REPORT, RUN, MlflowRunLink, ReportLink
from loopwright.operators.form import require_known
from loopwright.serving.kept import EVALUATION

if TYPE_CHECKING:
    from airflow.sdk import BaseOperatorLink, Context

    from loopwright.declaration import DatasetSpec, ModelSpec, Workspace
    from loopwright.verdict import Verdict

SUITE = "loopwright"
"""The tag that the suite's own DAGs carry."""
RESULT = "result"
"""The XCom key under which a stage's whole result is kept, whatever the task came to."""
_CHATTERS = ("alembic", "evidently", "great_expectations", "mlflow", "optuna")
"""Libraries whose chatter is no part of a task's log; their warnings are."""
_MARKS = {"pass": "✓", "fail": "✗", "inconclusive": "?", "not_applicable": "–"}


class StageOperator(BaseOperator, SkipMixin):
    """Calls one stage function, publishes what it says, then acts on its verdict.

    :param project: the folder that holds ``include/``; ``[loopwright] project`` when left out.
    :param lake_conn_id: connection of the lake; the environment decides where it does not exist.
    :param ledger_conn_id: connection of the ledger; likewise.
    :param mlflow_conn_id: connection of MLflow; likewise.
    """

    template_fields: Sequence[str] = ("project", "lake_conn_id", "ledger_conn_id", "mlflow_conn_id")
    operator_extra_links: Collection[BaseOperatorLink] = (MlflowRunLink(), ReportLink())
    ui_color = "#e8f0ea"

    def __init__(
        self,
        *,
        project: str | None = None,
        lake_conn_id: str = LakeHook.default_conn_name,
        ledger_conn_id: str = LedgerHook.default_conn_name,
        mlflow_conn_id: str = MlflowHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.project = project
        self.lake_conn_id = lake_conn_id
        self.ledger_conn_id = ledger_conn_id
        self.mlflow_conn_id = mlflow_conn_id
        self.links: dict[str, str] = {}

    def execute(self, context: Context) -> Any:
        """Run the four moves.

        :raises AirflowFailException: if the data, the model or the declaration is at fault.
        :raises AirflowSkipException: if there is nothing to do, or the data cannot tell yet.
        """
        for name in _CHATTERS:
            logging.getLogger(name).setLevel(logging.WARNING)
        try:
            _require_known_form(context)
            workspace = self.workspace()
            result = self.call(workspace, context)
        except LoopwrightError as error:
            if error.retryable:
                raise
            raise AirflowFailException(str(error)) from error
        self.publish(context, workspace, result.to_dict())
        return self.act(result, context)

    def call(self, workspace: Workspace, context: Context) -> Any:
        """Call the stage function and return its result."""
        raise NotImplementedError

    def act(self, result: Any, context: Context) -> Any:  # noqa: ARG002 - some act on the context
        """Act on a published result: return what goes to ``return_value``, or end the task as the verdict says."""
        end_by(getattr(result, "verdict", None))
        return None

    def skip_the_rest(self, context: Context, because: str) -> None:
        """Succeed, and skip every task downstream of this one, whatever its trigger rule: there is nothing to do.

        An operator that does so declares ``inherits_from_skipmixin``, so that Airflow skips them again after a clear.

        :param context: the running task's.
        :param because: one sentence for the log.
        """
        self.log.info("%s The tasks after this one are skipped.", because)
        self.skip(ti=context["ti"], tasks=context["task"].get_flat_relatives(upstream=False))

    def workspace(self) -> Workspace:
        """Return the five places, from connections and environment."""
        hook = LoopwrightHook(
            self.project,
            lake_conn_id=self.lake_conn_id,
            ledger_conn_id=self.ledger_conn_id,
            mlflow_conn_id=self.mlflow_conn_id,
        )
        hook.lend_credentials()
        return hook.workspace()

    def publish(self, context: Context, workspace: Workspace, raw: Mapping[str, Any]) -> None:
        """Put a result where people and later tasks find it: XCom, the log, and the links.

        :param context: the running task's.
        :param workspace: where everything is; none of it is published.
        :param raw: the result as plain JSON values.
        """
        context["ti"].xcom_push(key=RESULT, value={**raw, "attempt": context["ti"].try_number})
        for line in readable(raw):
            self.log.info(line)
        if raw.get("report") and raw.get("dataset") and raw.get("batch_id"):
            self.links[REPORT] = report_address(raw["dataset"], raw["batch_id"])
        kept = str(raw.get("report") or "")
        if kept.endswith(f"/{EVALUATION}") and raw.get("model") and raw.get("training_id"):
            self.links[REPORT] = evaluation_address(raw["model"], raw["training_id"])
        if raw.get("run_id") and raw.get("model") and workspace.tracking.startswith("http"):
            self.links[RUN] = run_address(workspace, raw["model"], raw["run_id"])
            if kept.startswith("runs:/"):
                self.links[REPORT] = artifact_address(workspace, raw["model"], kept)


class DatasetOperator(StageOperator):
    """A stage operator about one dataset.

    :param dataset: the dataset's name.
    """

    template_fields: Sequence[str] = (*StageOperator.template_fields, "dataset")

    def __init__(self, *, dataset: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dataset = dataset

    def spec(self, workspace: Workspace) -> DatasetSpec:
        """Return the dataset's declaration."""
        from loopwright.declaration import Project

        return Project.at(workspace.project).dataset(self.dataset)


class ModelOperator(StageOperator):
    """A stage operator about one model.

    :param model: the model's name.
    """

    template_fields: Sequence[str] = (*StageOperator.template_fields, "model")

    def __init__(self, *, model: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.model = model

    def spec(self, workspace: Workspace) -> ModelSpec:
        """Return the model's declaration."""
        from loopwright.declaration import Project

        return Project.at(workspace.project).model(self.model)

    def publish(self, context: Context, workspace: Workspace, raw: Mapping[str, Any]) -> None:
        """Publish, saying which model it was about."""
        super().publish(context, workspace, {"model": self.model, **raw})


def _require_known_form(context: Context) -> None:
    """Refuse a mistyped field of one of the suite's own forms; a team's own DAG may be given what it likes."""
    dag, run = context.get("dag"), context.get("dag_run")
    if dag is not None and SUITE in (getattr(dag, "tags", None) or ()):
        require_known(getattr(run, "conf", None) or {}, set(dag.params))


def end_by(verdict: Verdict | None) -> None:
    """End the task unless the verdict lets the next one begin.

    :param verdict: what the stage said; ``None`` for a stage that judges nothing.
    :raises AirflowFailException: on a final no.
    :raises AirflowSkipException: if the data cannot tell, and the team declared to wait for more.
    """
    if verdict is None or verdict.passed:
        return
    if verdict.refused:
        raise AirflowFailException(f"{verdict.stage}: {verdict.why()}")
    raise AirflowSkipException(f"{verdict.stage}: {verdict.why()}")


def readable(raw: Mapping[str, Any]) -> list[str]:
    """Return a result as lines for the log: its plain values, then each check with its mark.

    :param raw: a result's ``to_dict()``.
    """
    plain = [f"{key}: {value}" for key, value in raw.items() if isinstance(value, str | int | float | bool)]
    verdict = raw.get("verdict")
    if not isinstance(verdict, Mapping):
        return plain
    checks = [
        f"  {_MARKS[check['outcome']]} {check['name']}{'' if check['required'] else ' (advisory)'}: {_why(check)}"
        for check in verdict["checks"]
    ]
    return [*plain, f"verdict of {verdict['stage']}: {verdict['why']}", *checks]


def _why(check: Mapping[str, Any]) -> str:
    """Return a check's reason; some begin with the check's name, which is said already."""
    return str(check["why"]).removeprefix(f"{check['name']}: ")


def person_of(context: Context) -> str | None:
    """Return who started the run, as an actor for the ledger; ``None`` for a run that started itself.

    A backfill, the materialization of an asset and a run that another DAG triggered have somebody behind them, too.

    :param context: the running task's.
    """
    run = context["dag_run"]
    name = getattr(run, "triggering_user_name", None)
    by_itself = getattr(run, "run_type", None) in {"scheduled", "asset_triggered"}
    return f"person:{name}" if name and not by_itself else None
