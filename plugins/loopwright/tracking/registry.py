"""MLflow's registry: one version for each run, and aliases as a projection of what the ledger says."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from loopwright.errors import TrackingUnavailable
from loopwright.tracking.client import fluent
from loopwright.tracking.faults import said_plainly, unless, without_login
from loopwright.tracking.importing import imported
from loopwright.tracking.runs import Runs

_ALIAS_ATTEMPTS = 3


class Registry(Runs):
    """The registered models of one tracking store."""

    def register(
        self, model: str, *, run_id: str, source: str, tags: Mapping[str, str], taken: Collection[str] = frozenset()
    ) -> str:
        """Return the version of a run's model, registered if it is not yet.

        MLflow has no idempotency key. So of several versions of one run, which only a race can make, the first stays.

        :param model: the registered model, made if absent.
        :param run_id: the run that trained it.
        :param source: URI of the model's files: ``models:/m-…`` or ``runs:/…``.
        :param tags: of the version.
        :param taken: numbers of other runs' versions, which a registry that was made anew would give once more: what
            was approved by such a number would be another model.
        """
        known = self._untaken(model, run_id, taken)
        if not known:
            self._make_model(model)
            made = self._make_version(model, run_id, source, tags)
            while str(made) in taken:
                made = self._make_version(model, run_id, source, tags)
            for number in set(self._versions(model, run_id)) - set(self._untaken(model, run_id, taken)):
                with said_plainly(self.uri), unless("RESOURCE_DOES_NOT_EXIST"):
                    self._client.delete_model_version(model, str(number))
            known = self._untaken(model, run_id, taken)
            if made != known[0]:
                with said_plainly(self.uri):
                    self._client.delete_model_version(model, str(made))
        return str(known[0])

    def alias_of(self, model: str, alias: str) -> str | None:
        """Return the version that an alias names; ``None`` if it names none."""
        return self.aliases_of(model).get(alias)

    def move_alias(self, model: str, alias: str, version: str | None) -> None:
        """Make an alias name a version, or none.

        :raises UnknownName: if there is no such model or version.
        """
        with said_plainly(self.uri):
            if version is None:
                self._client.delete_registered_model_alias(model, alias)
            else:
                self._set_alias(model, alias, version)

    def versions_of(self, model: str) -> list[str]:
        """Return every version of a model that the registry has."""
        with said_plainly(self.uri):
            return [str(found.version) for found in self._client.search_model_versions(f"name = '{model}'")]

    def aliases_of(self, model: str) -> dict[str, str]:
        """Return the version that each alias of a model names."""
        found: Mapping[str, object] = {}
        with said_plainly(self.uri), unless("RESOURCE_DOES_NOT_EXIST"):
            found = self._client.get_registered_model(model).aliases
        return {alias: str(version) for alias, version in found.items()}

    def require_known(self, model: str) -> None:
        """Refuse to conclude anything from what is not there, where nothing of the model is.

        :raises TrackingUnavailable: if the registry never heard of the model.
        """
        found = None
        with said_plainly(self.uri), unless("RESOURCE_DOES_NOT_EXIST"):
            found = self._client.get_registered_model(model)
        if found is None:
            raise TrackingUnavailable(
                "This MLflow knows nothing of a model that the ledger has versions of: it may be another MLflow.",
                where=without_login(self.uri),
                got=f"no registered model {model}",
                mend="Look whether MLFLOW_TRACKING_URI names the MLflow that goes with this ledger. If somebody "
                "deleted the registered model there, restore it, or train: that makes it anew.",
            )

    def delete_version(self, model: str, version: str, *, run_id: str | None = None) -> None:
        """Delete a version, and the run that made it: MLflow keeps a deleted run until ``mlflow gc``.

        :param run_id: the run; ``None`` when another version is of it as well.
        """
        with said_plainly(self.uri), unless("RESOURCE_DOES_NOT_EXIST"):
            self._client.delete_model_version(model, version)
        if run_id is not None:
            with said_plainly(self.uri), unless("RESOURCE_DOES_NOT_EXIST"):
                self._client.delete_run(run_id)

    def tag_version(self, model: str, version: str, tags: Mapping[str, object]) -> None:
        """Set tags of a version, as text."""
        with said_plainly(self.uri):
            for name, value in tags.items():
                self._client.set_model_version_tag(model, version, name, str(value))

    def download_source(self, source: str, into: Path) -> Path:
        """Copy a version's files.

        :param source: the version's URI, as it was registered.
        :param into: the folder to copy into, made if absent.
        :return: where the copy is.
        """
        with fluent(self.uri) as mlflow, said_plainly(self.uri):
            into.mkdir(parents=True, exist_ok=True)
            return Path(mlflow.artifacts.download_artifacts(artifact_uri=source, dst_path=str(into)))

    def _versions(self, model: str, run_id: str) -> list[int]:
        with said_plainly(self.uri):
            found = self._client.search_model_versions(f"name = '{model}' AND run_id = '{run_id}'")
        return sorted(int(version.version) for version in found)

    def _untaken(self, model: str, run_id: str, taken: Collection[str]) -> list[int]:
        return [number for number in self._versions(model, run_id) if str(number) not in taken]

    def _make_model(self, model: str) -> None:
        with said_plainly(self.uri), unless("RESOURCE_ALREADY_EXISTS"):
            self._client.create_registered_model(model)

    def _make_version(self, model: str, run_id: str, source: str, tags: Mapping[str, str]) -> int:
        with fluent(self.uri), said_plainly(self.uri):  # MLflow looks ``models:/m-…`` up where the global URI points
            made = self._client.create_model_version(model, source, run_id, tags=dict(tags))
        return int(made.version)

    def _set_alias(self, model: str, alias: str, version: str) -> None:
        for attempt in range(1, _ALIAS_ATTEMPTS + 1):
            try:
                self._client.set_registered_model_alias(model, alias, version)
            except imported().exceptions.MlflowException as error:
                # A server's two workers that set it at once collide in its database (UNIQUE constraint).
                if attempt == _ALIAS_ATTEMPTS or "unique" not in str(error).lower():
                    raise
            else:
                return
