"""The loop's face of MLflow: runs, the registry, and where a person finds them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from loopwright.tracking.faults import said_plainly, without_login
from loopwright.tracking.registry import Registry

if TYPE_CHECKING:
    from loopwright.declaration import Workspace


class Tracking(Registry):
    """Runs and registered models of one MLflow; nothing is imported or reached before the first call.

    :param uri: tracking URI.
    """

    @classmethod
    def of(cls, workspace: Workspace) -> Tracking:
        """Return the workspace's MLflow."""
        return cls(workspace.tracking)

    def run_url(self, run_id: str, model: str) -> str | None:
        """Return the address of a run in MLflow's UI; ``None`` where no server shows one.

        :param run_id: the run.
        :param model: whose experiment it is in.
        """
        if not self._is_server:
            return None
        return f"{without_login(self.uri).rstrip('/')}/#/experiments/{self.experiment(model)}/runs/{run_id}"

    def place_of(self, run_id: str, path: str) -> str:
        """Return where a person opens a file of a run: on the server's own page, else its path or URL.

        :param run_id: the run.
        :param path: within the run's artifacts, such as ``evaluation.html``.
        :raises UnknownName: if there is no such run.
        :raises TrackingUnavailable: if MLflow cannot be reached.
        """
        with said_plainly(self.uri):
            run = self._client.get_run(run_id).info
        if self._is_server:
            server = without_login(self.uri).rstrip("/")
            return f"{server}/#/experiments/{run.experiment_id}/runs/{run_id}/artifacts/{quote(path)}"
        place = f"{run.artifact_uri.rstrip('/')}/{path}"
        return unquote(place.removeprefix("file://")) if place.startswith("file:///") else place

    @property
    def _is_server(self) -> bool:
        return self.uri.startswith(("http://", "https://"))
