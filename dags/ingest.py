"""Ingest: one DAG a dataset. What has arrived is cleaned and validated, and published or set aside whole.

It starts when batches wait at the source (and by the clock, where the dataset declares a schedule). Each run asks
what still waits and handles it in order, one mapped task a batch, so a lost event or a crash loses nothing.
"""

from __future__ import annotations

from airflow.sdk import DAG

from loopwright.operators.announce import AnnounceOperator, FailRunOperator
from loopwright.operators.ingest import IngestBatchOperator, ListArrivalsOperator
from loopwright.suite import assets
from loopwright.suite.dag import of_dataset
from loopwright.suite.declared import declared_datasets
from loopwright.suite.form import text, tick
from loopwright.suite.schedule import on_assets_or

for dataset, project in declared_datasets(__file__, show_broken=True):
    with DAG(
        f"{dataset.name}.ingest",
        schedule=on_assets_or(dataset.schedule, assets.arrivals(dataset, project)),
        max_active_runs=1,
        params={
            "batch_id": text("Batch", "Only this batch; empty for all that wait."),
            "force": tick("Again", "Also what was handled already."),
        },
        **of_dataset(dataset, project, "ingest"),
    ):
        waiting = ListArrivalsOperator(
            task_id="list_arrivals", batch_id="{{ params.batch_id }}", force="{{ params.force }}"
        )
        ingest = IngestBatchOperator.partial(
            task_id="ingest",
            force="{{ params.force }}",
            max_active_tis_per_dagrun=1,  # in the order of the batches
            map_index_template="{{ task.batch_id }}",
        ).expand(batch_id=waiting.output)
        announce = AnnounceOperator(
            task_id="announce",
            of="ingest",
            when={"status": "published"},
            outlets=[assets.batches(dataset.name)],
            trigger_rule="all_done",  # one bad batch fails itself only
        )
        ingest >> announce
        [waiting, ingest] >> FailRunOperator(task_id="fail_run")
