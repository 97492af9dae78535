"""Where each table of the lake is, and the reports that are kept beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from loopwright.lake.faults import said_plainly
from loopwright.lake.files import erase_unfinished, names_in, read_whole, remove, write_whole
from loopwright.lake.table import Table

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from loopwright.declaration import Workspace

PAGE, RESULT = ".html", ".great_expectations.json"
"""What is kept beside a report: itself as a page, and its results as Great Expectations keeps those of a suite."""


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

    def labels(self, dataset: str) -> Table:
        """Return the table of a dataset's labels, where these come in files of their own: a file a batch of it."""
        return self._table(f"datasets/{dataset}/labels")

    def predictions(self, model: str) -> Table:
        """Return the table of a model's predictions."""
        return self._table(f"models/{model}/predictions")

    def models(self) -> list[str]:
        """Return the names of the models that ever had a table, declared still or not.

        :raises LakeUnavailable: if the storage fails.
        """
        with said_plainly("models"):
            return names_in(f"{self.root}/models", self._options)

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

    def beside_report(self, report: str, kind: str) -> bytes | None:
        """Return what is kept beside a report; ``None`` if it is not there.

        :param report: as :meth:`write_report` returned it.
        :param kind: ``PAGE`` or ``RESULT``.
        :raises LakeUnavailable: if the storage fails.
        """
        uri = report.removesuffix(".json") + kind
        with said_plainly(uri):
            try:
                return read_whole(uri, self._options)
            except FileNotFoundError:
                return None

    def reports_of(self, dataset: str, batch_id: str) -> list[str]:
        """Return the names of the reports that are kept about a batch.

        :raises LakeUnavailable: if the storage fails.
        """
        place = f"datasets/{dataset}/reports"
        with said_plainly(place):
            names = names_in(f"{self.root}/{place}", self._options)
        return [name for name in names if name.startswith(f"{batch_id}.")]

    def write_fetched(self, dataset: str, batch_id: str, content: bytes) -> str:
        """Keep what a query gave, whole or not at all, where it is an arrival like any other.

        :return: its path or URL.
        :raises LakeUnavailable: if the storage fails.
        """
        uri = f"{self.root}/datasets/{dataset}/fetched/{batch_id}.parquet"
        with said_plainly(uri):
            write_whole(uri, content, self._options)
        return uri

    def fetched_of(self, dataset: str) -> list[str]:
        """Return the places, below the lake's root, of all that queries gave.

        :raises LakeUnavailable: if the storage fails.
        """
        return self._below(f"datasets/{dataset}/fetched")

    def remove_fetched(self, dataset: str, batch_id: str) -> None:
        """Remove what a query gave, once it is in the tables.

        :raises LakeUnavailable: if the storage fails.
        """
        place = f"{self.root}/datasets/{dataset}/fetched/{batch_id}.parquet"
        with said_plainly(place):
            remove(place, self._options)

    def hold(self, dataset: str, batch_id: str, name: str, content: bytes) -> str:
        """Keep what came of a batch that was set aside, whole or not at all, so that it can be resumed from there.

        :param name: ends in ``.parquet`` for rows, or says otherwise what it is; it follows the content.
        :return: its place below the lake's root.
        :raises LakeUnavailable: if the storage fails.
        """
        place = f"datasets/{dataset}/held/{batch_id}/{name}"
        with said_plainly(place):
            write_whole(f"{self.root}/{place}", content, self._options)
        return place

    def held(self, place: str) -> bytes:
        """Return what :meth:`hold` kept.

        :param place: as it returned it.
        :raises LakeUnavailable: if the storage fails, or it is not there any more.
        """
        with said_plainly(place):
            return read_whole(f"{self.root}/{place}", self._options)

    def held_of(self, dataset: str, batch_id: str, *, before: datetime | None = None) -> list[str]:
        """Return the places of all that is held of a batch.

        :param before: only what was written before this moment.
        :raises LakeUnavailable: if the storage fails.
        """
        return self._below(f"datasets/{dataset}/held/{batch_id}", before=before)

    def held_batches(self, dataset: str) -> list[str]:
        """Return the batches of which anything is held.

        :raises LakeUnavailable: if the storage fails.
        """
        place = f"datasets/{dataset}/held"
        with said_plainly(place):
            return names_in(f"{self.root}/{place}", self._options)

    def erase_unfinished(
        self, dataset: str, *, older_than: timedelta, batch_id: str | None = None, dry_run: bool = False
    ) -> int:
        """Erase files beside a dataset's tables whose writer was killed before they were whole.

        :param older_than: how long ago a file must have been written.
        :param batch_id: only of what is held of this batch.
        :param dry_run: only count them.
        :return: how many files.
        :raises LakeUnavailable: if the storage fails.
        """
        places = ("held", "fetched", "reports") if batch_id is None else (f"held/{batch_id}",)
        with said_plainly(f"datasets/{dataset}"):
            return sum(
                erase_unfinished(f"{self.root}/datasets/{dataset}/{place}", older_than=older_than, dry_run=dry_run)
                for place in places
            )

    def let_go(self, place: str) -> None:
        """Erase what :meth:`hold` kept; if it is not there any more, that is fine.

        :param place: as it returned it.
        :raises LakeUnavailable: if the storage fails.
        """
        with said_plainly(place):
            remove(f"{self.root}/{place}", self._options)

    def _table(self, path: str) -> Table:
        return Table(f"{self.root}/{path}", self._options)

    def _below(self, folder: str, *, before: datetime | None = None) -> list[str]:
        with said_plainly(folder):
            return [f"{folder}/{name}" for name in names_in(f"{self.root}/{folder}", self._options, before=before)]
