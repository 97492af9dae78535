"""The loop's face of MLflow: runs, the registry, and where a person finds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.tracking.faults import without_login
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
        if not self.uri.startswith(("http://", "https://")):
            return None
        return f"{without_login(self.uri).rstrip('/')}/#/experiments/{self.experiment(model)}/runs/{run_id}"
