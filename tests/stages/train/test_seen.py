"""A row is the same row whatever type its columns were read in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loopwright.stages.train.seen import identities, repeated, repeated_check

ROWS = pd.DataFrame(
    {"n": [1, 2, 3], "t": ["a", "b", None], "b": [True, False, True], "d": pd.to_datetime(["2024-01-01"] * 3)}
)
AS_READ = {
    "a gap elsewhere made floats": {"n": "float64"},
    "nullable": {"n": "Int64", "b": "boolean", "t": "string"},
    "small": {"n": "int8"},
    "objects": dict.fromkeys("ntbd", object),
    "categories": {"n": "category", "t": "category"},
    "microseconds": {"d": "datetime64[us]"},
}


@pytest.mark.parametrize("types", AS_READ.values(), ids=AS_READ)
def test_a_row_is_known_again_in_other_types(types) -> None:
    assert identities(ROWS.astype(types), []).tolist() == identities(ROWS, []).tolist()


def test_a_row_is_known_again_beside_a_row_with_gaps() -> None:
    beside = pd.concat([ROWS, pd.DataFrame([{"t": "z"}])], ignore_index=True)
    assert identities(beside, [])[:3].tolist() == identities(ROWS, []).tolist()
    assert identities(beside, ["n"])[:3].tolist() == identities(ROWS, ["n"]).tolist()


def test_other_rows_are_others() -> None:
    several = pd.DataFrame({"n": [2**60 + 1, 2**60 + 2, -1, 0, 1], "m": [0, 0, 0, -1, 1]})
    assert len(set(identities(several, []).tolist())) == 5
    assert len(set(identities(several, ["n"]).tolist())) == 5
    swapped = pd.DataFrame({"a": [1, 2], "b": [2, 1]})
    assert len(set(identities(swapped, []).tolist())) == 2
    zeros = identities(pd.DataFrame({"x": [0.0, -0.0, np.inf, np.nan]}), [])
    assert zeros[0] == zeros[1]
    assert len(set(zeros.tolist())) == 3
    assert len(set(identities(pd.DataFrame({"x": [[1], {"a": 2}, "[1]"]}), []).tolist())) == 2


def test_of_rows_that_come_again_the_newest_is_asked() -> None:
    ids = identities(pd.DataFrame({"id": [1, 2, 3, 2]}), ["id"])
    assert repeated(ids).tolist() == [False, True, False, False]
    [check] = repeated_check(ids)
    assert (check.required, check.observed) == (False, {"rows": 1})
    assert "1 of 4 held-out rows come again under the same key" in check.why
    assert repeated_check(ids[1:3]) == ()
