"""Ingest: one DAG a dataset. What has arrived is cleaned and validated, and published; what is bad is set aside.

It starts when batches wait at the source (and by the clock, where the dataset declares a schedule). Each run asks
what still waits and handles it in order, one mapped task a batch, so a lost event or a crash loses nothing. Where the
dataset declares that a person is asked about what was set aside, a second DAG asks, so that no batch waits behind it.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import DAG, Param, task_group

from loopwright.operators.announce import AnnounceOperator, FailRunOperator
from loopwright.operators.ingest import FetchRowsOperator, IngestBatchOperator, ListArrivalsOperator
from loopwright.operators.quarantine import (
    DROP,
    KEEP,
    RELEASE,
    AskAboutQuarantineOperator,
    RuleOnQuarantineOperator,
)
from loopwright.suite import assets
from loopwright.suite.dag import of_dataset
from loopwright.suite.declared import declared_datasets, wanted
from loopwright.suite.form import text, tick
from loopwright.suite.people import assigned_users
from loopwright.suite.schedule import by_clock, on_assets_or


def decide_about(dataset):  # noqa: ANN001, ANN201 - a declaration, and what Airflow makes of a function
    """Return the group of tasks that is mapped over the questions: a person answers, and the answer is carried out."""

    @task_group
    def batch(batch_id: str, seen: int, subject: str, body: str) -> None:
        decide = HITLOperator(
            task_id="decide",
            subject=subject,
            body=body,
            options=[RELEASE, DROP, KEEP],
            defaults=KEEP,  # no answer in time changes nothing
            params={"why": Param("", type="string", title="Why", description="For the ledger; needed to answer.")},
            assigned_users=assigned_users(dataset.quarantine.approvers),
            response_timeout=dataset.quarantine.timeout,
            retries=3,  # Airflow 3.3 fails a task that is answered within seconds, and asks again
            retry_delay=timedelta(seconds=5),
        )
        RuleOnQuarantineOperator(task_id="act", batch_id=batch_id, seen=seen, answer=decide.output)

    return batch


for dataset, project in declared_datasets(__file__, show_broken=True):
    if wanted(dataset, "ingest"):
        with DAG(
            f"{dataset.name}.ingest",
            schedule=by_clock(dataset.schedule)  # a database cannot be watched as a folder can
            if dataset.query
            else on_assets_or(dataset.schedule, assets.arrivals(dataset, project)),
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
            if dataset.query:
                FetchRowsOperator(task_id="fetch") >> waiting
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
                labelled_by="list_arrivals",  # labels that came in files of their own are news, too
                outlets=[assets.batches(dataset.name)],
                trigger_rule="all_done",  # one bad batch fails itself only
            )
            ingest >> announce
            if dataset.quarantine.ask:
                ingest >> AnnounceOperator(
                    task_id="announce_quarantine",
                    of="ingest",
                    above={"rows_quarantined": 0},
                    outlets=[assets.quarantine(dataset.name)],
                    trigger_rule="all_done",
                )
            [waiting, ingest] >> FailRunOperator(task_id="fail_run")

    if dataset.quarantine.ask and wanted(dataset, "quarantine"):
        with DAG(
            f"{dataset.name}.quarantine",
            schedule=on_assets_or(dataset.schedule or "@daily", assets.quarantine(dataset.name)),
            params={"batch_id": text("Batch", "Ask about this batch, asked already or not; empty for all others.")},
            **of_dataset(dataset, project, "ingest"),
        ):
            ask = AskAboutQuarantineOperator(task_id="ask", batch_id="{{ params.batch_id }}")
            decide_about(dataset).expand_kwargs(ask.output) >> AnnounceOperator(
                task_id="announce",
                of="batch.act",
                when={"status": "published"},
                outlets=[assets.batches(dataset.name)],
                trigger_rule="all_done",
            )
