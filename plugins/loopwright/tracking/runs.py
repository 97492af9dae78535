"""MLflow runs: one finished run for each key, however often a task was killed on the way to it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from loopwright.errors import TrackingUnavailable
from loopwright.tracking.client import connected, fluent, sqlite_file
from loopwright.tracking.faults import said_plainly, unless
from loopwright.tracking.importing import imported
from loopwright.tracking.login import lend, split_login

KEY_TAG = "loopwright.key"
_BATCH = 100
"""MLflow takes no more parameters or tags in one request."""
_DIGEST_LENGTH = 36
"""MLflow takes no longer digest of a dataset."""

Item = TypeVar("Item")


class Runs:
    """The runs of one tracking store; MLflow is imported when first used.

    :param uri: tracking URI; from now on without the login of a server's, which the client is lent.
    """

    def __init__(self, uri: str) -> None:
        self.uri, self._login = split_login(uri)

    @cached_property
    def _client(self) -> Any:
        lend(self._login, os.environ)
        return connected(self.uri)

    def experiment(self, model: str) -> str:
        """Return the id of a model's experiment, made if absent.

        Pass the id on: naming the experiment to MLflow again may, in a race, log to ``Default``.

        :raises TrackingUnavailable: if MLflow cannot be reached.
        """
        found = self._experiment(model)
        return found if found is not None else self._make_experiment(model)

    def run_of(self, model: str, key: str) -> str | None:
        """Return the newest finished run of a key; ``None`` if there is none.

        :param key: as given to :meth:`run`.
        """
        experiment = self._experiment(model)
        finished = self._runs(experiment, key, "FINISHED") if experiment is not None else []
        return finished[0] if finished else None

    @contextmanager
    def run(
        self, model: str, *, key: str, name: str, tags: Mapping[str, str] | None = None, parent: str | None = None
    ) -> Iterator[str]:
        """Yield the id of a new run, which is MLflow's active run meanwhile; it is finished, or failed, at the end.

        Runs of the same key that never ended (their process was killed) are marked as killed.

        :param model: whose experiment it goes to.
        :param key: what the run is about, so that a retry finds it.
        :param name: for people.
        :param tags: more tags.
        :param parent: id of the run that this one is nested in.
        """
        experiment = self.experiment(model)
        tags = {**(tags or {}), KEY_TAG: key} | ({"mlflow.parentRunId": parent} if parent else {})
        with said_plainly(self.uri):
            for dead in self._runs(experiment, key, "RUNNING"):
                self._client.set_terminated(dead, "KILLED")
            run_id = str(self._client.create_run(experiment, tags=tags, run_name=name).info.run_id)
        with fluent(self.uri) as mlflow, self._active(mlflow, experiment, run_id):
            yield run_id

    def log_params(self, run_id: str, params: Mapping[str, object]) -> None:
        """Log parameters, as text."""
        param = imported().entities.Param
        for batch in _batches([param(name, str(value)) for name, value in params.items()]):
            with said_plainly(self.uri):
                self._client.log_batch(run_id, params=batch)

    def log_metrics(self, run_id: str, metrics: Mapping[str, float], *, step: int = 0) -> None:
        """Log metrics, in one request a hundred."""
        metric = imported().entities.Metric
        now = int(time.time() * 1000)
        for batch in _batches([metric(name, float(value), now, step) for name, value in metrics.items()]):
            with said_plainly(self.uri):
                self._client.log_batch(run_id, metrics=batch)

    def log_tags(self, run_id: str, tags: Mapping[str, object]) -> None:
        """Set tags, as text."""
        runtag = imported().entities.RunTag
        for batch in _batches([runtag(name, str(value)) for name, value in tags.items()]):
            with said_plainly(self.uri):
                self._client.log_batch(run_id, tags=batch)

    def log_json(self, run_id: str, path: str, value: object) -> None:
        """Keep plain JSON values as a file of the run.

        :param path: within the run's artifacts, such as ``verdict.json``.
        """
        with said_plainly(self.uri):
            self._client.log_text(run_id, json.dumps(value, indent=1), path)

    def log_text(self, run_id: str, path: str, text: str) -> None:
        """Keep text as a file of the run.

        :param path: within the run's artifacts, such as ``evaluation.html``.
        """
        with said_plainly(self.uri):
            self._client.log_text(run_id, text, path)

    def log_file(self, run_id: str, local: str | Path, folder: str | None = None) -> None:
        """Keep a file in a folder of the run's artifacts."""
        with said_plainly(self.uri):
            self._client.log_artifact(run_id, str(local), folder)

    def log_folder(self, run_id: str, local: str | Path, folder: str | None = None) -> None:
        """Keep all that a folder holds in a folder of the run's artifacts."""
        with said_plainly(self.uri):
            self._client.log_artifacts(run_id, str(local), folder)

    def log_dataset(self, run_id: str, *, name: str, digest: str, source: str, version: int, context: str) -> None:
        """Log a Delta table at a version as an input of the run.

        The version is part of the name, because MLflow answers a known (name, digest) with the source it saw first.

        :param name: of the dataset.
        :param digest: of its rows; MLflow keeps the first 36 characters.
        :param source: path or URL of the table.
        :param version: of the table.
        :param context: what for, such as ``training`` or ``holdout``.
        """
        entities = imported().entities
        # Written by hand: MLflow's own DeltaDatasetSource leaves version 0 out.
        where = json.dumps({"path": source, "delta_table_version": version})
        dataset = entities.Dataset(f"{name}@{version}", digest[:_DIGEST_LENGTH], "delta_table", where)
        with said_plainly(self.uri):
            self._client.log_inputs(
                run_id, [entities.DatasetInput(dataset, [entities.InputTag("mlflow.data.context", context)])]
            )

    def keeps(self, run_id: str, path: str) -> bool:
        """Whether a run has a file among its artifacts.

        Asked of the list: read, a file that is not there and a store that cannot be reached may fail alike.

        :param path: within the run's artifacts, such as ``verdict.json``.
        :raises UnknownName: if there is no such run.
        :raises TrackingUnavailable: if MLflow cannot be reached.
        """
        folder = path.rpartition("/")[0] or None
        with said_plainly(self.uri):
            return any(found.path == path for found in self._client.list_artifacts(run_id, folder))

    def read_json(self, run_id: str, path: str) -> Any:
        """Return what :meth:`log_json` kept.

        :raises UnknownName: if the run has no such file.
        """
        with TemporaryDirectory() as folder:
            return json.loads(self.download(run_id, path, Path(folder)).read_text(encoding="utf-8"))

    def download(self, run_id: str, path: str, into: Path) -> Path:
        """Copy a file or folder of the run's artifacts.

        :param into: the folder to copy into, made if absent.
        :return: where the copy is.
        :raises UnknownName: if the run has no such file.
        """
        with said_plainly(self.uri):
            into.mkdir(parents=True, exist_ok=True)
            return Path(self._client.download_artifacts(run_id, path, str(into)))

    def _experiment(self, model: str) -> str | None:
        with said_plainly(self.uri):
            found = self._client.get_experiment_by_name(model)
        if found is None:
            return None
        if found.lifecycle_stage != "active":
            raise TrackingUnavailable(
                "The model's experiment was deleted in MLflow.",
                where=f"experiment {found.experiment_id}, {model}",
                mend=f"Restore it: mlflow experiments restore --experiment-id {found.experiment_id}",
            )
        return str(found.experiment_id)

    def _make_experiment(self, model: str) -> str:
        file = sqlite_file(self.uri)
        artifacts = str(file.with_name("artifacts") / model) if file else None  # else they land in ./mlruns
        made = None
        with said_plainly(self.uri), unless("RESOURCE_ALREADY_EXISTS"):  # another process made it first
            made = self._client.create_experiment(model, artifact_location=artifacts)
        return self.experiment(model) if made is None else str(made)

    def _runs(self, experiment: str, key: str, status: str) -> list[str]:
        wanted = f"tags.`{KEY_TAG}` = '{key}' AND attributes.status = '{status}'"
        with said_plainly(self.uri):
            found = self._client.search_runs([experiment], wanted, order_by=["attributes.start_time DESC"])
        return [str(run.info.run_id) for run in found]

    @contextmanager
    def _active(self, mlflow: Any, experiment: str, run_id: str) -> Iterator[None]:
        outer = mlflow.active_run()
        with said_plainly(self.uri):
            mlflow.set_experiment(experiment_id=experiment)  # else one that user code had set is in the way
            mlflow.start_run(run_id=run_id, nested=True)
        try:
            yield
        except BaseException:
            with suppress(TrackingUnavailable):  # what went wrong in the run matters more; the next run marks this one
                self._end(mlflow, run_id, outer, "FAILED")
            raise
        self._end(mlflow, run_id, outer, "FINISHED")

    def _end(self, mlflow: Any, run_id: str, outer: Any, status: str) -> None:
        with said_plainly(self.uri):
            ended = set()
            # User code may have left runs of its own open above ours, or have ended ours.
            while (active := mlflow.active_run()) and (outer is None or active.info.run_id != outer.info.run_id):
                mlflow.end_run(status)
                ended.add(active.info.run_id)
            if run_id not in ended:
                self._client.set_terminated(run_id, status)


def _batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    return (items[start : start + _BATCH] for start in range(0, len(items), _BATCH))
