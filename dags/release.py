"""Release: two DAGs a model. A candidate is rehearsed, approved where that is declared, and promoted; or rolled back.

Runs may overlap, so that a newer candidate need not wait behind one that waits for a person: the ledger lets only one
release happen, and only of the candidate that still is one. Where a shadow is declared, the candidate proves itself
beside the champion before anybody is asked; a run that finds it not far enough ends there, and every scoring starts
another. A roll back looks by the clock as well: the monitor's event may be lost, and its request stays open until it is
answered. Where that is declared, a third DAG trains the champion again by the clock, from what was recorded.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import DAG, Param

from loopwright.operators.approval import APPROVE, REJECT, AskApprovalOperator, RecordApprovalOperator
from loopwright.operators.notifying import declared_notifiers
from loopwright.operators.release import (
    PromoteCandidateOperator,
    ReconcileReleaseOperator,
    RehearseCandidateOperator,
    ReproduceChampionOperator,
    RollBackOperator,
    ShadowCandidateOperator,
)
from loopwright.suite import assets
from loopwright.suite.dag import of_model
from loopwright.suite.declared import declared_models, wanted
from loopwright.suite.form import text
from loopwright.suite.people import assigned_users
from loopwright.suite.schedule import by_clock, on_assets_or

for model, project in declared_models(__file__):
    if wanted(model, "release"):
        with DAG(
            f"{model.name}.release",
            schedule=on_assets_or(model.schedule, assets.ready_to_release(model)),
            params={"version": text("Version", "Such as 3; empty for the one that waits.", also="integer")},
            **of_model(model, project, "release"),
        ):
            reconcile = ReconcileReleaseOperator(task_id="reconcile", version="{{ params.version }}")
            rehearse = RehearseCandidateOperator(task_id="rehearse", version=reconcile.output)
            promote = PromoteCandidateOperator(
                task_id="promote",
                version=reconcile.output,
                outlets=[assets.champion(model.name)],
                trigger_rule="none_failed",  # asking is skipped where nobody needs to be asked
            )
            reconcile >> rehearse >> promote
            proven = rehearse
            if model.release.shadow:
                proven = ShadowCandidateOperator(task_id="shadow", version=reconcile.output)
                rehearse >> proven >> promote
            if model.release.approval == "required" or model.gate.on_inconclusive == "ask":
                ask = AskApprovalOperator(task_id="ask", version=reconcile.output)
                approve = HITLOperator(
                    task_id="approve",
                    subject=f"Release {model.name}?",
                    body=ask.output,
                    options=[APPROVE, REJECT],
                    defaults=REJECT,  # no answer in time is a no
                    params={
                        "why": Param("", type="string", title="Why", description="For the ledger; needed to answer.")
                    },
                    assigned_users=assigned_users(model.release.approvers),
                    response_timeout=model.release.timeout,
                    notifiers=declared_notifiers(model.release.notify),
                    retries=3,  # Airflow 3.3 fails a task that is answered within seconds, and asks again
                    retry_delay=timedelta(seconds=5),
                )
                record = RecordApprovalOperator(task_id="record", version=reconcile.output, answer=approve.output)
                proven >> ask >> approve >> record >> promote

    if wanted(model, "rollback"):
        with DAG(
            f"{model.name}.rollback",
            schedule=on_assets_or(model.schedule, assets.rollback_request(model.name)),
            max_active_runs=1,
            params={
                "to_version": text("Version", "Such as 3; empty for the champion before.", also="integer"),
                "reason": text("Reason", "Why, for the ledger; may stay empty only where the monitor asked for it."),
            },
            **of_model(model, project, "rollback"),
        ):
            RollBackOperator(
                task_id="roll_back",
                to_version="{{ params.to_version }}",
                reason="{{ params.reason }}",
                only_if_requested="{{ dag_run.run_type != 'manual' }}",
                outlets=[assets.champion(model.name)],
            )

    if model.release.reproduce and wanted(model, "reproduce"):
        with DAG(
            f"{model.name}.reproduce",
            schedule=by_clock(model.release.reproduce),
            max_active_runs=1,
            **of_model(model, project, "reproduce"),
        ):
            ReproduceChampionOperator(task_id="reproduce")
