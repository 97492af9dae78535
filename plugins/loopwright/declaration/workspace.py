"""Where a loop keeps its things: project, arrivals, lake, ledger, MLflow. Plain values, so it crosses any border."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Workspace:
    """The five places every stage works with.

    :param project: the folder that holds ``include/``.
    :param arrivals: the root that relative ``arrivals`` globs are taken from.
    :param lake: folder or URL of the Delta tables.
    :param ledger: SQLAlchemy URL of the ledger.
    :param tracking: MLflow tracking URI.
    :param storage_options: what object stores need (endpoint, region, credentials); never logged.
    :param hash_key: the secret by which sensitive columns are hashed; never logged. Empty where none is given.
    """

    project: str
    arrivals: str
    lake: str
    ledger: str
    tracking: str
    storage_options: Mapping[str, str] = field(default_factory=dict, repr=False)
    hash_key: str = field(default="", repr=False)

    @classmethod
    def resolve(
        cls,
        project: str | Path = ".",
        *,
        lake: str | None = None,
        ledger: str | None = None,
        tracking: str | None = None,
        arrivals: str | None = None,
        storage_options: Mapping[str, str] | None = None,
        hash_key: str | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> Workspace:
        """Find each place: as given, else from the environment, else under ``<project>/.loopwright``.

        :param project: the folder that holds ``include/``.
        :param lake: else ``LOOPWRIGHT_LAKE``.
        :param ledger: else ``LOOPWRIGHT_LEDGER``.
        :param tracking: else ``MLFLOW_TRACKING_URI``.
        :param arrivals: else ``LOOPWRIGHT_ARRIVALS``, else the project itself.
        :param storage_options: for object stores, as ``deltalake`` and ``fsspec`` name them.
        :param hash_key: else ``LOOPWRIGHT_HASH_KEY``.
        :param environ: the environment.
        """
        folder = Path(project).expanduser().resolve()
        home = folder / ".loopwright"
        return cls(
            project=str(folder),
            arrivals=_place(arrivals or environ.get("LOOPWRIGHT_ARRIVALS") or str(folder)),
            lake=_place(lake or environ.get("LOOPWRIGHT_LAKE") or str(home / "lake")),
            ledger=ledger or environ.get("LOOPWRIGHT_LEDGER") or f"sqlite:///{home / 'ledger.db'}",
            tracking=tracking or environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home / 'mlflow.db'}",
            storage_options=dict(storage_options or {}),
            hash_key=hash_key or environ.get("LOOPWRIGHT_HASH_KEY") or "",
        )

    def arrivals_glob(self, arrivals: str) -> str:
        """Return a dataset's declared glob as an absolute path or URL.

        :param arrivals: as declared.
        """
        if "://" in arrivals or Path(arrivals).is_absolute():
            return arrivals
        return f"{self.arrivals.rstrip('/')}/{arrivals}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for another process. Holds credentials if there are any: pass it, never print it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Workspace:
        """Rebuild what :meth:`to_dict` gave."""
        return cls(**raw)


def _place(uri: str) -> str:
    return uri if "://" in uri else str(Path(uri).expanduser().resolve())
