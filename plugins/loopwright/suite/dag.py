"""What every DAG of the suite has alike: whose it is, what it is about, how often a task tries again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loopwright.declaration import DatasetSpec, ModelSpec

RETRY_DELAY = timedelta(seconds=5)
"""Short: what a retry mends (a lock, a restarting server) is mended soon, or not at all."""


def of_dataset(dataset: DatasetSpec, project: str, stage: str) -> dict[str, Any]:
    """Return the arguments that a dataset's DAG shares with the others.

    :param dataset: the dataset's declaration.
    :param project: the folder that holds ``include/``.
    :param stage: the stage's name.
    """
    place = f"`{dataset.arrivals}`" if dataset.query is None else f"a query on {dataset.query.connection}"
    said = {"Arrivals": place, "Owner": dataset.owner}
    return _shared(dataset, stage, said) | {"default_args": _defaults(dataset.owner, project, dataset=dataset.name)}


def of_model(model: ModelSpec, project: str, stage: str) -> dict[str, Any]:
    """Return the arguments that a model's DAG shares with the others.

    :param model: the model's declaration.
    :param project: the folder that holds ``include/``.
    :param stage: the stage's name.
    """
    said = {"Dataset": model.dataset, "Task": model.task, "Primary metric": model.gate.primary, "Owner": model.owner}
    return _shared(model, stage, said) | {"default_args": _defaults(model.owner, project, model=model.name)}


def _shared(spec: DatasetSpec | ModelSpec, stage: str, said: dict[str, str]) -> dict[str, Any]:
    lines = [f"- **{name}**: {value}" for name, value in said.items()]
    return {
        "catchup": False,
        "tags": ["loopwright", stage, spec.name],
        "description": spec.description or None,
        "doc_md": "\n".join([f"### {spec.name}: {stage}", spec.description, "", *lines]),
    }


def _defaults(owner: str, project: str, **about: str) -> dict[str, Any]:
    return {"owner": owner, "project": project, "retries": 2, "retry_delay": RETRY_DELAY, **about}
