"""One table of the lake: batches, each replaced whole, in one commit, or not at all.

What must stay true: a batch written twice leaves what it left when written once; a reader sees all of a batch's rows
or none; a version once committed stays readable, because nothing but our own retention may ever clean up.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, TableNotFoundError

from loopwright.errors import LakeUnavailable, NotReady
from loopwright.lake import erasing, files, part, reading, replaced, rows, writing
from loopwright.lake.columns import columns_of
from loopwright.lake.faults import said_plainly
from loopwright.lake.rows import ROW, Rows
from loopwright.lake.schema import require_as_is, settle

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.lake.columns import Columns
    from loopwright.lake.part import Piece

ATTEMPTS = 30
"""How often a lost commit is run again; each loss means that another writer got something done."""

Result = TypeVar("Result")


class BatchChanged(LakeUnavailable):
    """A batch is not what it was when its rows were looked at."""


class Table:
    """A Delta table of batches; it need not exist before it is written to.

    :param uri: folder or URL.
    :param storage_options: what the object store needs, as ``deltalake`` names it.
    """

    def __init__(self, uri: str, storage_options: Mapping[str, str] | None = None) -> None:
        self.uri = uri
        self._options = dict(storage_options or {}) or None

    def exists(self) -> bool:
        """Whether anything was ever written."""
        return self._opened() is not None

    def version(self) -> int | None:
        """Return the newest version; ``None`` if nothing was ever written."""
        table = self._opened()
        return None if table is None else _version(table)

    def replace(
        self, frame: pd.DataFrame, batch_id: str, *, role: str | None = None, as_text: Collection[str] = ()
    ) -> int:
        """Put a frame in place of a batch's rows, whatever they were.

        :param frame: the batch's rows, none at all included; ``_batch_id`` and ``_row`` are added if it lacks them.
        :param batch_id: the batch.
        :param role: only this role's rows of the batch (column ``_role``).
        :param as_text: columns whose whole numbers, also those in the table, become text where the frame brings text.
        :return: the version of the table that holds them.
        :raises ColumnConflict: if a column's type cannot be reconciled with the table's.
        :raises ColumnUnfit: if a column is of no type that a table can hold.
        :raises LakeUnavailable: if the storage fails, or others were first every time.
        """
        target = Rows(batch_id, role)
        target.require(frame)
        columns = columns_of(frame.drop(columns=list(rows.RESERVED), errors="ignore"))
        numbers = rows.numbers_of(frame)

        def attempt(table: DeltaTable | None) -> int:
            types = {} if table is None else writing.types_of(table)
            settled = settle(columns, types, where=self.uri, as_text=as_text)
            if part.is_large(columns) and not settled.widened:
                pieces, fitting = part.sliced(numbers, settled.own), replace(columns, types=settled.types)
                with part.written(self.uri, target, fitting, pieces, self._options or {}) as file:
                    return self._put(table, target, file)
            batch = target.assembled(settled.own, numbers, columns.untyped)
            if table is None:
                return writing.create(self.uri, target, batch, self._options)
            return writing.overwrite(table, target, batch, settled.widened, where=self.uri)

        return self._committed(attempt)

    def replace_in_pieces(self, pieces: Iterable[Piece], batch_id: str, columns: Columns) -> int:
        """Put rows that come in pieces in place of a batch's, in one commit, holding one piece at a time.

        :param pieces: the row numbers and the columns of each.
        :param batch_id: the batch.
        :param columns: all columns and their types; of the values none are looked at.
        :return: the version of the table that holds them.
        :raises ColumnConflict: if a column is of another type in the table.
        :raises LakeUnavailable: if the storage fails, or others were first every time.
        """
        target = Rows(batch_id)

        def attempt(table: DeltaTable | None) -> int:
            if table is not None:
                require_as_is(columns, writing.types_of(table), where=self.uri)
            return self._put(table, target, file)

        with said_plainly(self.uri), part.written(self.uri, target, columns, pieces, self._options or {}) as file:
            return self._committed(attempt)

    def require_as_is(self, columns: Columns) -> None:
        """Refuse what :meth:`replace_in_pieces` would refuse of these columns as the table is now, and write nothing.

        :param columns: names and types.
        :raises ColumnConflict: if a column is of another type in the table, one that it could widen to included.
        """
        table = self._opened()
        if table is not None:
            require_as_is(columns, writing.types_of(table), where=self.uri)

    def require_fit(self, frame: pd.DataFrame) -> None:
        """Refuse what :meth:`replace` would refuse of a frame's columns as the table is now, and write nothing.

        :raises ColumnConflict: if a column's type cannot be reconciled with the table's.
        :raises ColumnUnfit: if a column is of no type that a table can hold.
        """
        columns = columns_of(frame.drop(columns=list(rows.RESERVED), errors="ignore"))
        table = self._opened()
        if table is not None:
            settle(columns, writing.types_of(table), where=self.uri)

    def remove(self, batch_id: str, *, only: Mapping[str, str] | None = None) -> int | None:
        """Remove a batch's rows.

        :param only: just those with this value in this column, or with none: rows that an earlier release wrote.
        :return: the version without them; ``None`` if there were none.
        """

        def attempt(table: DeltaTable | None) -> int | None:
            if table is None or not reading.count_of(table, batch_id):
                return None
            known = writing.types_of(table)
            marks = {column: value.replace("'", "''") for column, value in (only or {}).items() if column in known}
            narrowed = [f"({column} = '{value}' OR {column} IS NULL)" for column, value in marks.items()]
            before = _version(table)
            table.delete(" AND ".join([Rows(batch_id).predicate, *narrowed]))
            return None if _version(table) == before else _version(table)

        return self._committed(attempt)

    def forget(self, batch_id: str, rows: Sequence[int], *, seen: int | None = None, request: str = "") -> int | None:
        """Remove rows of a batch by their numbers, and erase every older file of that batch, so that none can be read.

        Older versions keep what they hold of other batches. Done again, it finishes what was left.

        :param batch_id: the batch.
        :param rows: their numbers; none at all only erases older files.
        :param seen: the version in which the numbers are theirs; any, when left out.
        :param request: names the removal in the table's log, so that one that was begun is known again.
        :return: the version without them; ``None`` if nothing was ever written.
        :raises BatchChanged: if the batch was written anew since: the numbers are other rows' now, and nothing is done.
        :raises LakeUnavailable: if the storage fails; run again.
        """

        def attempt(table: DeltaTable | None) -> int | None:
            if table is None or not len(rows):
                return None if table is None else _version(table)
            done = _removal(table, batch_id, request) if seen is not None else None
            known = self._required(seen if done is None else done)
            if seen is not None and writing.files_of(table, batch_id) != writing.files_of(known, batch_id):
                raise BatchChanged(
                    f"The batch {batch_id!r} was written anew since its rows were looked at.",
                    where=self.uri,
                    mend="Look at it again: its rows have other numbers now.",
                )
            if done is None:
                writing.remove_rows(table, f"{Rows(batch_id).predicate} AND {ROW}", rows, batch_id, request)
            return _version(table)

        version = self._committed(attempt)
        with said_plainly(self.uri):
            table = self._opened()
            if table is not None:
                erasing.erase_dead_files(table, self.uri, batch_id, self._options or {})
        return version

    def clean(self, *, keep_versions: Sequence[int], older_than: timedelta, dry_run: bool = False) -> int:
        """Erase files that neither the newest version nor any of those named needs.

        :param keep_versions: versions that stay readable.
        :param older_than: how long ago a file must have been replaced.
        :param dry_run: only count them.
        :return: how many files.
        """
        table = self._opened()
        if table is None:
            return 0
        with said_plainly(self.uri):
            kept = [version for version in keep_versions if version <= _version(table)]
            hours = int(older_than.total_seconds() // 3600)
            return erasing.erase_unneeded(table, self.uri, kept, hours, self._options or {}, dry_run=dry_run)

    def erase_unnamed(self, *, older_than: timedelta, dry_run: bool = False) -> int:
        """Erase files that no version of the table names, since their writer was killed before it could commit.

        :param older_than: how long ago a file must have been written: longer than any writing takes.
        :param dry_run: only count them.
        :return: how many files.
        """
        with said_plainly(self.uri):
            return erasing.erase_unnamed(self._opened, self.uri, older_than, self._options or {}, dry_run=dry_run)

    def erase_old_versions(self) -> int:
        """Erase the files that only older versions of the table need, which cannot be read any more then.

        A file that somebody is just writing is not touched.

        :return: how many files.
        """

        def attempt(table: DeltaTable | None) -> int:
            if table is None:
                return 0
            return len(table.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False, full=False))

        return self._committed(attempt)

    def read(
        self,
        batch_ids: Sequence[str] | None = None,
        *,
        columns: Sequence[str] | None = None,
        version: int | None = None,
        role: str | None = None,
    ) -> pd.DataFrame:
        """Return rows, ordered by batch as asked (all: sorted) and by row number, indexed from 0.

        Whole numbers with nulls come as floats (as ``Int64`` where a float would lose digits); a column without a
        single value comes as nulls. A batch that the table does not hold has no rows.

        :param batch_ids: which batches; ``None`` for all.
        :param columns: which columns; ``None`` for all.
        :param version: as of this version; ``None`` for the newest.
        :param role: only this role's rows.
        :raises NotReady: if nothing was ever written.
        :raises UnknownName: if a column does not exist; the nearest is said.
        """
        table = self._required(version)
        with said_plainly(self.uri):
            return reading.frame_of(table, batch_ids, columns, role)

    def read_as_of(self, versions: Mapping[str, int]) -> pd.DataFrame:
        """Return the rows of batches as :meth:`read` does, but each batch as of a version of its own.

        So read, a batch is what was recorded of it, whatever an unfinished writing has left in the table since.

        :param versions: batch to version, at least one, in the order that the rows shall have.
        :raises NotReady: if nothing was ever written.
        """
        opened = {version: self._required(version) for version in set(versions.values())}
        with said_plainly(self.uri):
            return reading.frame_as_of({batch: opened[version] for batch, version in versions.items()})

    def erased_of(self, versions: Mapping[str, int]) -> list[str]:
        """Return the batches that cannot be read as of these versions any more, since files of them were erased.

        :param versions: batch to version.
        :raises NotReady: if nothing was ever written.
        :raises LakeUnavailable: if the storage cannot be reached: then nobody knows.
        """
        opened = {version: self._required(version) for version in set(versions.values())}
        with said_plainly(self.uri):
            there = lambda file: files.exists(file, self._options or {})  # noqa: E731
            return [b for b, v in versions.items() if not all(map(there, writing.files_of(opened[v], b)))]

    def log_shows_values(self) -> bool:
        """Whether the table's log repeats values of its columns, as those that earlier releases made do."""
        table = self._opened()
        return table is not None and "delta.dataSkippingStatsColumns" not in table.metadata().configuration

    def replaced_files(self) -> dict[str, list[str]]:
        """Return the files of each batch that only older versions read and that are still there; for `rows_of_file`."""
        table = self._opened()
        with said_plainly(self.uri):
            return {} if table is None else replaced.replaced_files(table, self.uri, self._options or {})

    def rows_of_file(self, path: str, columns: Sequence[str]) -> pd.DataFrame | None:
        """Return the rows of one file, without what the table knows of its batch.

        :param path: as :meth:`replaced_files` gives it.
        :param columns: which; those that the file does not have are left out.
        :return: ``None`` if it was erased meanwhile.
        """
        with said_plainly(self.uri):
            return replaced.rows_of_file(f"{self.uri}/{path}", columns, self._options or {})

    def columns(self) -> list[str]:
        """Return the names of the columns that batches brought with a value; none if nothing was ever written."""
        table = self._opened()
        return [] if table is None else list(writing.types_of(table))

    def count(self, batch_id: str) -> int:
        """Return how many rows a batch has; 0 for one that is not there."""
        table = self._opened()
        with said_plainly(self.uri):
            return 0 if table is None else reading.count_of(table, batch_id)

    def _put(self, table: DeltaTable | None, target: Rows, file: part.Part) -> int:
        if table is None:
            return part.create_with(self.uri, target, file, self._options)
        return part.replace_by(table, target, file)

    def _opened(self, version: int | None = None) -> DeltaTable | None:
        with said_plainly(self.uri):
            try:
                return DeltaTable(self.uri, version=version, storage_options=self._options)
            except TableNotFoundError:
                return None

    def _required(self, version: int | None = None) -> DeltaTable:
        table = self._opened(version)
        if table is None:
            raise NotReady(
                "Nothing was written to this table yet.",
                where=self.uri,
                mend="Publish a batch first; if some were, say where the lake is, with --lake or LOOPWRIGHT_LAKE.",
            )
        return table

    def _committed(self, attempt: Callable[[DeltaTable | None], Result]) -> Result:
        for lost in range(ATTEMPTS):
            try:
                with said_plainly(self.uri):
                    return attempt(self._opened())
            except CommitFailedError:
                time.sleep(random.uniform(0, 0.02 * 2 ** min(lost, 6)))  # noqa: S311 - spreads the racers
        raise LakeUnavailable(
            "Other writers committed to this table first, every time.",
            where=self.uri,
            got=f"{ATTEMPTS} lost commits",
            mend="Run again; if it stays, find what writes to this table without pause.",
        )


def _version(table: DeltaTable) -> int:
    return int(table.version())


def _removal(table: DeltaTable, batch_id: str, request: str) -> int | None:
    """Return the version in which a removal of that name took rows out of a batch; ``None`` if it did not yet."""
    marks = writing.removal_marks(batch_id, request).items()
    done = (entry for entry in table.history() if marks <= entry.items()) if request else ()
    return next((int(entry["version"]) for entry in done), None)
