"""Monitor: one DAG a model that declares it. Drift and performance of each scored batch; what persists is a request.

It never trains and never rolls back by itself: it asks, and those stages decide. Each run says again what is still
asked for, since an event may be lost.
"""

from __future__ import annotations

from airflow.sdk import DAG

from loopwright.operators.announce import FailRunOperator
from loopwright.operators.monitor import AnnounceRequestOperator, ListUnmonitoredOperator, MonitorBatchOperator
from loopwright.suite import assets
from loopwright.suite.dag import of_model
from loopwright.suite.declared import declared_models
from loopwright.suite.form import text
from loopwright.suite.schedule import on_assets_or

for model, project in declared_models(__file__):
    if model.monitor is None:
        continue
    with DAG(
        f"{model.name}.monitor",
        schedule=on_assets_or(model.schedule, assets.predictions(model.name)),
        max_active_runs=1,
        params={"batch_id": text("Batch", "Only this batch; empty for all that wait.")},
        **of_model(model, project, "monitor"),
    ):
        waiting = ListUnmonitoredOperator(task_id="list_unmonitored", batch_id="{{ params.batch_id }}")
        monitor = MonitorBatchOperator.partial(
            task_id="monitor",
            max_active_tis_per_dagrun=1,  # whether something persists is asked batch after batch
            map_index_template="{{ task.batch_id }}",
        ).expand(batch_id=waiting.output)
        request_training = AnnounceRequestOperator(
            task_id="request_training",
            request="retrain",
            outlets=[assets.request(model.name)],
            trigger_rule="all_done",  # drift fails its task, and is what there is to tell
        )
        request_rollback = AnnounceRequestOperator(
            task_id="request_rollback",
            request="rollback",
            outlets=[assets.rollback_request(model.name)],
            trigger_rule="all_done",
        )
        monitor >> [request_training, request_rollback]
        [waiting, monitor] >> FailRunOperator(task_id="fail_run")
