"""Train: one DAG a model. Decide whether to, fit on a frozen snapshot, judge on rows that nobody fitted, register.

It starts when the champion has had its turn over what was published (where the model is not scored: when batches were
published), when the monitor asks for it, and by the clock. Most starts end with a recorded
"no" and its reasons; that is what starting often is for.
"""

from __future__ import annotations

from airflow.sdk import DAG

from loopwright.operators.train import (
    DecideTrainingOperator,
    GateCandidateOperator,
    RegisterCandidateOperator,
    TrainModelOperator,
)
from loopwright.suite import assets
from loopwright.suite.dag import of_model
from loopwright.suite.declared import declared_models
from loopwright.suite.form import text, tick
from loopwright.suite.schedule import on_assets_or

for model, project in declared_models(__file__, show_broken=True):
    with DAG(
        f"{model.name}.train",
        schedule=on_assets_or(model.schedule, assets.ready_to_learn(model) | assets.request(model.name)),
        max_active_runs=1,
        params={
            "reason": text("Reason", "Why you want a training; for the ledger."),
            "force": tick("Again", "Train although nothing changed."),
            "params": text("Parameters", 'JSON, for this once: {"max_iter": 50}', also="object"),
        },
        **of_model(model, project, "train"),
    ):
        decide = DecideTrainingOperator(
            task_id="decide",
            reason="{{ params.reason }}",
            force="{{ params.force }}",
            parameters="{{ params.params | tojson }}",
        )
        train = TrainModelOperator(task_id="train", training_id=decide.output)
        gate = GateCandidateOperator(task_id="gate", training_id=decide.output)
        register = RegisterCandidateOperator(
            task_id="register", training_id=decide.output, outlets=[assets.candidate(model.name)]
        )
        decide >> train >> gate >> register
