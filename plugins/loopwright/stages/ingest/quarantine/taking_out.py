"""Rows of the quarantine written to a file, as they came, so that a person can mend them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from loopwright.declaration.sensitive import hidden, shy_of
from loopwright.errors import DataFault
from loopwright.lake import Lake
from loopwright.lake.rows import ROW
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.examining.setting_aside import REASONS
from loopwright.stages.ingest.keeping.held import ROWS, taken_up
from loopwright.stages.ingest.reading.dialect import AUTO

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from loopwright.declaration import Workspace
    from loopwright.declaration.dataset import CsvFormat, DatasetSpec


def write_rows(workspace: Workspace, dataset: DatasetSpec, batch_id: str, target: Path) -> int:
    """Write what a batch has in quarantine, with each row's number and its reasons; sensitive columns are left out.

    :param workspace: the five places.
    :param dataset: its declaration; delimited text is written as it says.
    :param batch_id: a batch with rows in quarantine.
    :param target: a new file; its ending says the format.
    :return: how many rows.
    :raises DataFault: if the file is there already, its ending says no format, or nothing is held.
    """
    write = _WRITERS.get(target.suffix.lower())
    if write is None:
        raise DataFault("The file's ending says no format.", where=target, allowed=", ".join(_WRITERS))
    known = Ledger.of(workspace).dataset(dataset.name).arrival(batch_id) or {}
    place = known.get("held")
    if not str(place).endswith(ROWS):
        raise DataFault("No rows are held of this batch that could be written.", where=f"{dataset.name} {batch_id}")
    lake = Lake.of(workspace)
    kept = lake.quarantine(dataset.name).read([batch_id], columns=[ROW, REASONS]).set_index(ROW)[REASONS]
    raw = taken_up(lake, str(place)).frame
    rows = raw.loc[raw.index.isin(kept.index)].drop(columns=shy_of(raw.columns, hidden(dataset)))
    said = kept.reindex(rows.index).fillna("[]").map(lambda text: "; ".join(json.loads(text)))
    rows = rows.assign(**{REASONS: said})
    rows.insert(0, ROW, rows.index)
    try:
        with target.open("xb"):
            pass
    except FileExistsError as error:
        raise DataFault("The file is there already.", where=target, mend="Name a new one.") from error
    write(rows, target, dataset.csv)
    return len(rows)


def _csv(rows: pd.DataFrame, target: Path, declared: CsvFormat) -> None:
    delimiter = "," if declared.delimiter == AUTO else declared.delimiter
    encoding = "utf-8" if declared.encoding == AUTO else declared.encoding
    rows.to_csv(target, index=False, sep=delimiter, encoding=encoding, quotechar=declared.quote or '"')


def _parquet(rows: pd.DataFrame, target: Path, _: CsvFormat) -> None:
    rows.to_parquet(target, index=False)


def _jsonl(rows: pd.DataFrame, target: Path, _: CsvFormat) -> None:
    rows.to_json(target, orient="records", lines=True, date_format="iso")


_WRITERS = {".csv": _csv, ".parquet": _parquet, ".jsonl": _jsonl}
