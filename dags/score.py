"""Score: one DAG a model that declares it. The champion over every published batch that it has not scored.

Where a shadow is declared, a challenger answers for the same batches after it, and cannot hold it up.
It says so at its end whatever it came to, also when there was nothing to score: a decision to train waits for that.
"""

from __future__ import annotations

from airflow.sdk import DAG

from loopwright.operators.announce import AnnounceOperator, FailRunOperator
from loopwright.operators.score import ListUnscoredOperator, ScoreBatchOperator, ShadowBatchesOperator
from loopwright.suite import assets
from loopwright.suite.dag import of_model
from loopwright.suite.declared import declared_models
from loopwright.suite.form import text, tick
from loopwright.suite.schedule import on_assets_or

for model, project in declared_models(__file__):
    if model.score is None:
        continue
    with DAG(
        f"{model.name}.score",
        schedule=on_assets_or(model.schedule, assets.batches(model.dataset) | assets.champion(model.name)),
        max_active_runs=1,
        params={
            "batch_id": text("Batch", "Only this batch; empty for all that wait."),
            "force": tick("Again", "Also what was scored already."),
        },
        **of_model(model, project, "score"),
    ):
        waiting = ListUnscoredOperator(
            task_id="list_unscored", batch_id="{{ params.batch_id }}", force="{{ params.force }}"
        )
        score = ScoreBatchOperator.partial(
            task_id="score",
            force="{{ params.force }}",
            map_index_template="{{ task.batch_id }}",
        ).expand(batch_id=waiting.output)
        announce = AnnounceOperator(
            task_id="announce",
            of="score",
            when={"status": "scored"},
            even_nothing=True,
            outlets=[assets.predictions(model.name)],
            trigger_rule="all_done",  # one bad batch fails itself only
        )
        tasks = [waiting, score]
        if model.release.shadow:
            shadow = ShadowBatchesOperator(task_id="shadow", trigger_rule="all_done")
            score >> shadow >> announce
            tasks.append(shadow)
        score >> announce
        tasks >> FailRunOperator(task_id="fail_run")
