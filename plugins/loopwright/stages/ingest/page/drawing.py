"""The page of a batch's report, drawn from the report as it is stored: at ingest to be kept, and when it is asked for.

What must stay true: the file needs nothing but itself (no script, font, image or style from elsewhere); everything in
it is escaped; it shows what the report holds and so no sensitive value; and it stays small, however long the suite is.
Light, because the API server draws, too: no table library, and no Great Expectations, whose own page takes seconds of
imports, and is blank where its browser does not reach the hosts of its styles and scripts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, Template, select_autoescape

from loopwright.errors import shown

LARGEST = 1_500_000
"""Characters of a page, about; what does not fit is said to be in the report."""
_EXAMPLES = 5
_CLIPPED = 80


def drawn(report: Mapping[str, Any], *, links: Mapping[str, str] | None = None) -> str:
    """Return the page.

    :param report: as :meth:`loopwright.stages.ingest.results.ValidationReport.to_dict` gives it.
    :param links: what else there is about the batch, words to address.
    """
    limit = 4096
    while True:
        page = _drawn(report, links or {}, limit)
        if len(page) <= LARGEST or limit == 1:
            return page
        limit //= 4


def _drawn(report: Mapping[str, Any], links: Mapping[str, str], limit: int) -> str:
    verdict = report.get("verdict") or {}
    asked = {one["name"] for one in report.get("expectations") or []}
    structural = [one for one in verdict.get("checks") or [] if one["name"] not in asked]
    expectations = [_expectation(*one) for one in _with_results(report)]
    columns = list((report.get("columns") or {}).items())
    return _template().render(
        report=report,
        verdict=verdict,
        checks=_first(structural, limit, lambda one: one["outcome"] in ("pass", "not_applicable")),
        expectations=_first(expectations, limit, lambda one: one["success"]),
        columns=columns[:limit],
        left={
            "checks": max(0, len(structural) - limit),
            "expectations": max(0, len(expectations) - limit),
            "columns": max(0, len(columns) - limit),
        },
        links=links,
    )


def _with_results(report: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    answers, results = report.get("expectations") or [], report.get("results") or []
    if len(results) != len(answers):
        return [(answer, {}) for answer in answers]
    return [(answer, result.get("result") or {}) for answer, result in zip(answers, results, strict=True)]


def _first(rows: Sequence[Mapping[str, Any]], limit: int, good: Any) -> list[Mapping[str, Any]]:
    """Return what is not good first, and of all no more than that."""
    return sorted(rows, key=good)[:limit]


def _expectation(answer: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a row of the table says."""
    asked = {key: value for key, value in (answer.get("kwargs") or {}).items() if not key.startswith("column")}
    return {
        **answer,
        "asked": [f"{key} {_clipped(value)}" for key, value in list(asked.items())[:8]],
        "examples": [_clipped(value) for value in (result.get("partial_unexpected_list") or [])[:_EXAMPLES]],
        "observed": None if answer.get("observed") is None else _clipped(answer["observed"]),
    }


def _clipped(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _CLIPPED else f"{text[:_CLIPPED]}…"


@cache
def _template() -> Template:
    folder = FileSystemLoader(Path(__file__).parent)
    pages = Environment(loader=folder, autoescape=select_autoescape(default=True), trim_blocks=True, lstrip_blocks=True)
    pages.filters["shown"] = shown
    return pages.get_template("report.html")
