from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from loopwright.errors import DataFault
from loopwright.lake import rows
from loopwright.lake.rows import Rows


def test_a_predicate_cannot_be_broken_out_of():
    assert Rows("o'clock").predicate == "_batch_id = 'o''clock'"
    assert Rows("a", "champion").predicate == "_batch_id = 'a' AND _role = 'champion'"


def test_rows_are_marked_numbered_and_noted():
    table = Rows("a", "champion").assembled({"x": pa.array([1.5, 2.5])}, np.array([7, 8]), {"tip": "double"})
    assert table.column_names == ["_batch_id", "_role", "_row", "x", "_untyped"]
    assert table["_row"].to_pylist() == [7, 8]
    assert rows.notes(table) == {"tip": "double"}


def test_no_rows_still_have_the_reserved_types():
    table = Rows("a").assembled({}, np.array([], dtype=np.int64), {})
    assert table.schema == pa.schema({"_batch_id": pa.string(), "_row": pa.int64()})


def test_notes_of_several_batches_come_together():
    table = pa.table({"_untyped": ['{"a": "double"}', '{"b": "string"}', None]})
    assert rows.notes(table) == {"a": "double", "b": "string"}
    assert rows.notes(pa.table({"x": [1]})) == {}


@pytest.mark.parametrize(
    ("mark", "target"),
    [
        ({"_batch_id": ["a", "b"]}, Rows("a")),
        ({"_role": ["challenger", "challenger"]}, Rows("a", "champion")),
        ({"_role": ["champion", "champion"]}, Rows("a")),  # it would be lost
    ],
)
def test_rows_of_another_batch_or_role_are_refused(mark, target):
    with pytest.raises(DataFault, match="not all of the batch"):
        target.require(pd.DataFrame({"x": [1, 2], **mark}))


def test_numbers_are_the_arrivals_own_where_it_has_them():
    assert rows.numbers_of(pd.DataFrame({"x": [1, 2]})).tolist() == [0, 1]
    assert rows.numbers_of(pd.DataFrame({"x": [1, 2], "_row": [5, 9]})).tolist() == [5, 9]
