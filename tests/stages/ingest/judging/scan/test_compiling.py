"""Which expectations are compiled, and what is left to Great Expectations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from loopwright.errors import DeclarationError
from loopwright.stages.ingest.judging.judgement import Judgement
from loopwright.stages.ingest.judging.scan.answering import answered
from loopwright.stages.ingest.judging.scan.compiling import COMPILED, compiled
from loopwright.stages.ingest.judging.scan.question import Found, Question
from loopwright.stages.ingest.judging.scan.source import parquet, table
from loopwright.stages.ingest.judging.scanning import judge_in_place
from loopwright.stages.ingest.judging.suite import Expectation, Suite

FRAME = pd.DataFrame(
    {
        "n": [1, 2, 2, 4],
        "x": [1.0, np.nan, 2.0, 500.0],
        "s": ["a", "b", None, "z"],
        "t": pd.to_datetime(["2024-01-01", None, "2024-02-01", "2025-01-01"]),
        "d": [pd.Timestamp("2024-01-01").date()] * 4,
        'odd "name";--': [1, 2, 3, 4],
    }
)
SOURCE = table(pa.Table.from_pandas(FRAME, preserve_index=False).append_column("_row", pa.array([0, 2, 4, 6])))


def asked(kind: str, **kwargs: Any) -> Expectation:
    return Expectation(type=kind, kwargs=kwargs)


def judged(*expectations: Expectation) -> tuple[Judgement, list[Any]]:
    """Return the judgement, and what Great Expectations was given to answer."""
    loaded: list[Any] = []

    def load(names: Any) -> pd.DataFrame:
        loaded.append(names)
        return FRAME.set_axis([0, 2, 4, 6])[list(FRAME if names is None else names)]

    return judge_in_place(SOURCE, Suite(expectations=list(expectations)), load), loaded


def test_the_commonest_are_compiled() -> None:
    assert len(COMPILED) >= 35
    assert "expect_column_values_to_be_unique" in COMPILED


@pytest.mark.parametrize(
    "expectation",
    [
        asked("expect_column_values_to_be_between", column="gone", min_value=0),
        asked("expect_column_values_to_be_between", column="s", min_value=0),
        asked("expect_column_values_to_be_between", column="n", min_value=9, max_value=1),
        asked("expect_column_values_to_be_between", column="n", min_value={"$PARAMETER": "low"}),
        asked("expect_column_values_to_be_between", column="d", min_value="2024-01-01"),
        asked("expect_column_values_to_be_between", column="n", min_value=0, row_condition="x > 1"),
        asked("expect_column_values_to_be_between", column="n", min_value=0, mostly="all"),
        asked("expect_column_values_to_be_in_set", column="n", value_set=["1"]),
        asked("expect_column_values_to_be_in_set", column="n", value_set=[2**60, 0.5]),
        asked("expect_column_values_to_be_in_set", column="s", value_set=["a", None]),
        asked("expect_column_values_to_match_regex", column="s", regex="(?=a)"),
        asked("expect_column_values_to_match_regex", column="n", regex="1"),
        asked("expect_column_values_to_match_regex", column="s", regex="\0"),
        asked("expect_column_values_to_be_dateutil_parseable", column="s"),
        asked("expect_column_pair_values_to_be_equal", column_A="n", column_B="s"),
        asked("expect_column_values_to_be_unique", column="n", kolumn="m"),
    ],
)
def test_what_is_unusual_is_left_to_great_expectations(expectation: Expectation) -> None:
    assert compiled(expectation, SOURCE.columns) is None


def test_great_expectations_answers_the_rest_in_its_place_and_loads_no_more_than_that() -> None:
    found, loaded = judged(
        asked("expect_column_values_to_be_between", column="n", max_value=1),
        asked("expect_column_values_to_match_regex", column="s", regex="^(?=a)"),
        asked("expect_column_values_to_be_unique", column="n"),
    )
    assert [answer.engine for answer in found.expectations] == ["scan", "great_expectations", "scan"]
    assert loaded == [["s"]]
    between, regex, unique = (answer.name for answer in found.expectations)
    assert found.failing.reasons() == {2: [between, regex, unique], 4: [between, unique], 6: [between, regex]}


def test_what_cannot_be_asked_fails_and_what_is_wrongly_asked_is_refused() -> None:
    found, _ = judged(asked("expect_column_values_to_be_between", column="gone", min_value=0))
    assert not found.expectations[0].success
    assert found.expectations[0].raised
    with pytest.raises(DeclarationError, match="no argument 'kolumn'"):
        judged(asked("expect_column_values_to_be_unique", column="n", kolumn="m"))


def test_great_expectations_is_not_imported_where_all_is_compiled() -> None:
    _, loaded = judged(asked("expect_column_values_to_be_unique", column='odd "name";--'))
    assert loaded == []


def test_a_question_that_duckdb_will_not_answer_spoils_no_other() -> None:
    good = compiled(asked("expect_column_values_to_be_unique", column="x"), SOURCE.columns)
    bad = Question(["error('out of range')"], lambda facts, scan: Found(True, {}))
    rows, found = answered(SOURCE, [bad, good, None])
    assert (rows, found[0], found[2]) == (4, None, None)
    assert found[1] is not None
    assert found[1].success


def test_a_parquet_file_is_scanned_whatever_it_and_its_columns_are_called(tmp_path: Path) -> None:
    path = tmp_path / "we[i]rd '*?.parquet"
    pd.DataFrame({"A": [1], "a": [2], "k'": [3], "_key 0": [4], "file_row_number": [9]}).to_parquet(path)
    (tmp_path / "weird '*?.parquet").write_text("another")
    source = parquet(path)
    assert {name: column.kind for name, column in source.columns.items()} == {
        "A": None,  # to SQL they are one
        "a": None,
        "k'": "long",
        "_key 0": "long",
        "file_row_number": "long",
    }
    suite = Suite(expectations=[asked("expect_column_values_to_be_between", column="k'", max_value=2)])
    found = judge_in_place(source, suite, lambda names: pd.read_parquet(path))
    assert found.expectations[0].engine == "scan"
    assert found.failing.reasons() == {0: [found.expectations[0].name]}
