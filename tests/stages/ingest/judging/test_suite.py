"""Suites: read without Great Expectations, checked by it, wrong ones answered with what is near."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from loopwright.errors import DeclarationError
from loopwright.stages.ingest.judging.suite import check_suite, read_suite


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "expectations.yaml"
    path.write_text(text)
    return path


def test_a_suite_is_read(tmp_path: Path) -> None:
    suite = read_suite(
        written(
            tmp_path,
            """
expectations:
  - {type: expect_column_values_to_be_unique, kwargs: {column: id}}
  - {type: expect_column_values_to_be_unique, kwargs: {column: id, mostly: 0.9}, severity: warning}
  - {type: expect_table_row_count_to_be_between, kwargs: {min_value: 1}, severity: info, notes: why not}
  - {type: expect_compound_columns_to_be_unique, kwargs: {column_list: [a, b]}}
  - {type: expect_column_pair_values_to_be_equal, kwargs: {column_A: a, column_B: b}}
""",
        )
    )
    assert suite.names() == [
        "expect_column_values_to_be_unique(id)",
        "expect_column_values_to_be_unique(id)#2",
        "expect_table_row_count_to_be_between(table)",
        "expect_compound_columns_to_be_unique(a,b)",
        "expect_column_pair_values_to_be_equal(a,b)",
    ]
    assert [one.required for one in suite.expectations] == [True, False, False, True, True]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("expectation: []", "did you mean 'expectations'"),
        ("expectations:\n  - {type: expect_x, kwarg: {}}", "did you mean 'kwargs'"),
        ("expectations:\n  - {kwargs: {}}", r"expectations\[0\].type: missing"),
        ("expectations:\n  - {type: expect_x, severity: bad}", "'critical', 'warning' or 'info'"),
        ("[]", "not a mapping"),
        ("expectations: [", "not valid YAML"),
    ],
)
def test_what_is_no_suite_says_where_and_what_is_near(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(DeclarationError, match=why):
        read_suite(written(tmp_path, text))


@pytest.mark.parametrize(
    ("one", "why"),
    [
        ("{type: expect_column_values_to_be_uniqe, kwargs: {column: a}}", "'expect_column_values_to_be_unique'"),
        ("{type: expect_column_values_to_be_between, kwargs: {column: a, min_valu: 1}}", "Did you mean 'min_value'"),
        ("{type: expect_column_values_to_be_between, kwargs: {min_value: 1}}", "column: field required"),
        ("{type: expect_column_values_to_be_between, kwargs: {column: a}}", "cannot both be None"),
        ("{type: expect_column_values_to_not_be_null, kwargs: {column: a, mostly: 2}}", "mostly: "),
        ("{type: unexpected_rows_expectation, kwargs: {unexpected_rows_query: x}}", "asks a SQL database"),
    ],
)
def test_the_deep_check_asks_great_expectations_itself(tmp_path: Path, one: str, why: str) -> None:
    path = written(tmp_path, f"expectations:\n  - {{type: expect_column_to_exist, kwargs: {{column: a}}}}\n  - {one}\n")
    read_suite(path)
    with pytest.raises(DeclarationError, match=rf"{why}") as caught:
        check_suite(path)
    assert "expectations[1]" in str(caught.value)


def test_a_good_suite_passes_the_deep_check(toy) -> None:
    path = toy.path / "include" / "datasets" / "rides" / "expectations.yaml"
    assert len(check_suite(path).expectations) == 3


def test_reading_a_suite_does_not_import_great_expectations() -> None:
    program = "import loopwright.stages.ingest.judging.suite, sys; print('great_expectations' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
