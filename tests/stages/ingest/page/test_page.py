"""A batch's page and result: kept beside the report, escaped, small, and true to Great Expectations."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from loopwright.lake import Lake
from loopwright.lake.lake import PAGE, RESULT
from loopwright.stages.ingest.page.drawing import LARGEST, drawn
from loopwright.stages.ingest.page.results import suite_result
from loopwright.stages.ingest.stage import ingest_batch
from support.toy import Toy, rides

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def kept(toy: Toy) -> tuple[Lake, str, dict[str, Any]]:
    """The lake, and the report of a batch in which two of three expectations do not hold."""
    frame = rides(1, rows=200)
    frame.loc[3:5, "distance"] = [-5.5, -6.5, -7.5]
    frame.loc[[7, 8], "zone"] = [EVIL, "&"]
    toy.arrive(1, frame)
    report = str(ingest_batch(toy.workspace, toy.rides, "2024-01").report)
    return Lake.of(toy.workspace), report, json.loads(Path(report).read_text())


def test_page_and_result_are_kept_beside_the_report(kept: tuple[Lake, str, dict[str, Any]]) -> None:
    lake, report, told = kept
    page, result = lake.beside_report(report, PAGE), lake.beside_report(report, RESULT)
    assert (page or b"").decode() == drawn(told)
    assert json.loads(result or b"") == suite_result(told)
    assert lake.beside_report(report.replace("2024-01", "2023-01"), PAGE) is None


def test_the_page_says_what_failed_and_how_and_needs_nothing_from_elsewhere(kept: Any) -> None:
    page = drawn(kept[2], links={"JSON": "?as=json"})
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "no expect_column_values_to_be_between(distance)" in text
    assert "3 (1.5%) such as -5.5 , -6.5 , -7.5" in text
    assert "yes expect_column_values_to_not_be_null(ride_id)" in text
    assert not re.search(r"<script|<link|<img|@import|url\(|https?://", page)
    assert set(re.findall(r'(?:src|href)="([^"]*)', page)) == {"?as=json"}


def test_what_data_holds_is_escaped(kept: Any) -> None:
    assert "&lt;script&gt;alert(1)&lt;/script&gt;</code>, <code>&amp;</code>" in drawn(kept[2])


def test_a_page_of_any_suite_is_small(kept: Any) -> None:
    told = kept[2]
    many = {"expectations": told["expectations"] * 2000, "results": told["results"] * 2000}
    wide = {f"{n} {'x' * 200}": "long" for n in range(5000)}
    page = drawn({**told, **many, "columns": wide})
    assert len(page) < LARGEST
    assert "more, in the report as JSON" in page
    assert "no</td>" in page  # what fails comes first, and is never what is left out
    assert "yes</td>" not in page


def test_great_expectations_itself_reads_the_result(kept: Any) -> None:
    from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResultSchema
    from great_expectations.render.renderer import ValidationResultsPageRenderer

    result = ExpectationSuiteValidationResultSchema().load(suite_result(kept[2]))
    assert not result.success
    assert [one.success for one in result.results] == [True, False, False]
    assert result.statistics["unsuccessful_expectations"] == 2
    assert "-6.5" in str(ValidationResultsPageRenderer().render(result).to_json_dict())


def test_a_batch_without_a_suite_has_a_page_and_no_result(toy: Toy) -> None:
    toy.edit("include/datasets/rides/dataset.yaml", "owner: tests", "owner: tests\nexpectations: null")
    toy.arrive(1, rides(1, rows=20))
    lake, report = Lake.of(toy.workspace), str(ingest_batch(toy.workspace, toy.rides, "2024-01").report)
    assert b"20 rows read" in (lake.beside_report(report, PAGE) or b"")
    assert lake.beside_report(report, RESULT) is None
