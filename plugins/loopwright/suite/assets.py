"""The assets by which the stages follow one another. Their events are hints; the ledger says what there is to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import Asset, AssetWatcher

from loopwright.errors import DataFault
from loopwright.stages.ingest.examining.judged_by import judged_by
from loopwright.triggers.arrival import BatchArrivalTrigger

if TYPE_CHECKING:
    from airflow.sdk.definitions.asset import BaseAsset

    from loopwright.declaration import DatasetSpec, ModelSpec


def arrivals(dataset: DatasetSpec, project: str, *, poll_interval: float = 2.0, stable_for: float = 2.0) -> Asset:
    """Return the asset whose events say that batches wait at the source; the triggerer watches for them.

    :param dataset: the dataset's declaration.
    :param project: the folder that holds ``include/``.
    :param poll_interval: seconds between two looks.
    :param stable_for: seconds for which a file must not change before it counts.
    """
    trigger = BatchArrivalTrigger(  # type: ignore[no-untyped-call]
        dataset=dataset.name,
        arrivals=dataset.arrivals,
        batch_id=dataset.batch_id,
        files=dataset.files,
        complete=dataset.complete,
        judged_by=_judged_by(dataset, project),
        labels=dataset.labels.arrivals,
        project=project,
        poll_interval=poll_interval,
        stable_for=stable_for,
    )
    return Asset(
        f"loopwright://{dataset.name}/arrivals",
        group="loopwright",
        watchers=[AssetWatcher(name=f"{dataset.name} arrivals", trigger=trigger)],
    )


def _judged_by(dataset: DatasetSpec, project: str) -> str | None:
    """Return the digest for the triggerer, which may run where the project is not; none while the suite is wrong."""
    try:
        return judged_by(project, dataset)
    except DataFault:
        return None


def batches(dataset: str) -> Asset:
    """Return the asset whose events say that batches were published, or that their labels came after them."""
    return _asset(dataset, "batches")


def quarantine(dataset: str) -> Asset:
    """Return the asset whose events say that rows were set aside."""
    return _asset(dataset, "quarantine")


def candidate(model: str) -> Asset:
    """Return the asset whose events say that a version passed the gate and waits for its release."""
    return _asset(model, "candidate")


def champion(model: str) -> Asset:
    """Return the asset whose events say that another version is in production."""
    return _asset(model, "champion")


def predictions(model: str) -> Asset:
    """Return the asset whose events say that the champion has had its turn over what is published."""
    return _asset(model, "predictions")


def ready_to_learn(model: ModelSpec) -> Asset:
    """Return the asset whose events say that a batch may be learned from: production has answered for it first.

    Else a new champion could score the very rows that it was judged on, and nobody would know how the old one did.

    :param model: the model's declaration; one that is not scored learns as soon as batches are published.
    """
    return predictions(model.name) if model.score else batches(model.dataset)


def ready_to_release(model: ModelSpec) -> BaseAsset:
    """Return whose events say that a candidate may go on: it was registered, or answered beside the champion.

    :param model: the model's declaration.
    """
    registered = candidate(model.name)
    return registered | predictions(model.name) if model.release.shadow else registered


def request(model: str) -> Asset:
    """Return the asset whose events say that the monitor asks for a training."""
    return _asset(model, "request")


def rollback_request(model: str) -> Asset:
    """Return the asset whose events say that the monitor asks for a roll back."""
    return _asset(model, "rollback-request")


def _asset(owner: str, what: str) -> Asset:
    return Asset(f"loopwright://{owner}/{what}", group="loopwright")
