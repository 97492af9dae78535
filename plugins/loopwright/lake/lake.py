"""Where each table of the lake is, and the reports that are kept beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from loopwright.lake.faults import said_plainly
from loopwright.lake.files import write_whole
from loopwright.lake.table import Table

if TYPE_CHECKING:
    from loopwright.declaration import Workspace


class Lake:
    """The tables that the loop owns, below one root.

    :param root: folder or URL.
    :param storage_options: what the object store needs, as ``deltalake`` names it.
    """

    def __init__(self, root: str, storage_options: Mapping[str, str] | None = None) -> None:
        self.root = root.rstrip("/")
        self._options = dict(storage_options or {})

    @classmethod
    def of(cls, workspace: Workspace) -> Lake:
        """Return the workspace's lake."""
        return cls(workspace.lake, workspace.storage_options)

    def batches(self, dataset: str) -> Table:
        """Return the table of a dataset's published batches."""
        return self._table(f"datasets/{dataset}/batches")

    def quarantine(self, dataset: str) -> Table:
        """Return the table of a dataset's rows that were set aside."""
        return self._table(f"datasets/{dataset}/quarantine")

    def predictions(self, model: str) -> Table:
        """Return the table of a model's predictions."""
        return self._table(f"models/{model}/predictions")

    def write_report(self, dataset: str, batch_id: str, name: str, text: str) -> str:
        """Keep a report about a batch, whole or not at all; one of the same name is replaced.

        :param name: what it is, such as ``json`` or ``validation.html``: the file is ``<batch_id>.<name>``.
        :return: its path or URL.
        :raises LakeUnavailable: if the storage fails.
        """
        uri = f"{self.root}/datasets/{dataset}/reports/{batch_id}.{name}"
        with said_plainly(uri):
            write_whole(uri, text, self._options)
        return uri

    def _table(self, path: str) -> Table:
        return Table(f"{self.root}/{path}", self._options)
