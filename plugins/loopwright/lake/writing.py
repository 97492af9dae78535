"""One commit: a batch in place of what the table held of it, with the table's columns brought to fit first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError

from loopwright.lake.rows import BATCH, RESERVED, ROW, Rows
from loopwright.lake.schema import widen

ONTO_THIS_VERSION = CommitProperties(max_commit_retries=0)
"""For a commit that another's would make wrong: it is ours to look again, and not Delta-rs's to commit on top."""

CONFIGURATION = {
    "delta.logRetentionDuration": "interval 36500 days",  # the default forgets versions after 30 days
    "delta.deletedFileRetentionDuration": "interval 36500 days",
    # The log repeats the least and the greatest value of each column of a file, for as long as there is a log: values
    # of people would outlive their rows. Batches are found by partition, which needs none of them.
    "delta.dataSkippingStatsColumns": ROW,
}


def create(uri: str, target: Rows, batch: pa.Table, storage_options: dict[str, str] | None) -> int:
    """Make the table, with its first batch in it.

    :return: its version.
    :raises CommitFailedError: if another made it first.
    """
    with made_once(uri, storage_options):
        write_deltalake(
            uri,
            batch,
            mode="error",
            partition_by=list(target.marks),
            configuration=CONFIGURATION,
            storage_options=storage_options,
            commit_properties=ONTO_THIS_VERSION,
        )
    return 0


@contextmanager
def made_once(uri: str, storage_options: dict[str, str] | None) -> Iterator[None]:
    """Turn whatever Delta-rs says of a table that another made meanwhile into a lost commit.

    :raises CommitFailedError: if another made it first.
    """
    try:
        yield
    except DeltaError as error:
        if isinstance(error, CommitFailedError) or not DeltaTable.is_deltatable(uri, storage_options):
            raise
        raise CommitFailedError("The table was made by another meanwhile.") from error


def overwrite(table: DeltaTable, target: Rows, batch: pa.Table, widened: Mapping[str, str], *, where: str) -> int:
    """Put the batch in place of its rows.

    :param batch: in the types that the table is to have.
    :param widened: columns of the table that must be rewritten first, with their new types.
    :param where: the table, for errors.
    :return: the version that holds it.
    :raises ColumnConflict: if a column's type cannot be reconciled with the table's.
    :raises CommitFailedError: if another committed what this one must know.
    """
    if widened:
        _rewrite(table, target, batch, widened, where)
    else:
        write_deltalake(table, batch, mode="overwrite", predicate=target.predicate, schema_mode="merge")
    return int(table.version())


def files_of(table: DeltaTable, batch_id: str) -> frozenset[str]:
    """Return the files that hold a batch: others as soon as anything of it is written anew."""
    return frozenset(uri for uri in table.file_uris() if f"{BATCH}={batch_id}" in unquote(uri).split("/"))


def removal_marks(batch_id: str, request: str) -> dict[str, str]:
    """Return what the log says of a removal of rows, by which it is known again."""
    return {"loopwright.removed_for": request, "loopwright.removed_of": batch_id}


def remove_rows(table: DeltaTable, chosen: str, rows: Sequence[int], batch_id: str, request: str) -> None:
    """Remove rows in one commit.

    :param chosen: the condition before their numbers.
    :param request: what the removal is for; written into the log where it is given.
    :raises CommitFailedError: if another committed what this one must know.
    """
    numbers = ", ".join(str(int(number)) for number in rows)
    marks = removal_marks(batch_id, request) if request else None
    # What others commit meanwhile is not for Delta-rs to judge: the rows may have other numbers then.
    onto_this = CommitProperties(max_commit_retries=0, custom_metadata=marks)
    table.delete(f"{chosen} IN ({numbers})", commit_properties=onto_this)


def types_of(table: DeltaTable) -> dict[str, str]:
    """Return the names and Delta types of the columns that batches brought."""
    fields = table.schema().fields
    return {field.name: str(field.type.type) for field in fields if field.name not in RESERVED}


def _rewrite(table: DeltaTable, target: Rows, batch: pa.Table, widened: Mapping[str, str], where: str) -> None:
    """Write the whole table anew: Delta-rs cannot change a column's type in place."""
    others = table.to_pyarrow_dataset().to_table(filter=~_is(target))
    wide = widen(others, widened, where=where)
    write_deltalake(
        table,
        pa.concat_tables([wide, batch], promote_options="default"),
        mode="overwrite",
        schema_mode="overwrite",
        partition_by=table.metadata().partition_columns,
        # Without a predicate Delta-rs sees no conflict with a batch that was added meanwhile in the old type.
        commit_properties=ONTO_THIS_VERSION,
    )


def _is(target: Rows) -> pc.Expression:
    first, *others = (pc.field(column) == value for column, value in target.marks.items())
    for condition in others:
        first = first & condition
    return first
