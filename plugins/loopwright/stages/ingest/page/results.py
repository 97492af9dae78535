"""A batch's results as Great Expectations keeps those of a suite, for whatever reads or draws these.

What must stay true: it is one of its ``ExpectationSuiteValidationResult``, whichever engine answered; a test reads it
back through Great Expectations itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def suite_result(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return a report's results as a suite's, as plain JSON values.

    :param report: as :meth:`loopwright.stages.ingest.results.ValidationReport.to_dict` gives it.
    """
    results = list(report.get("results") or [])
    held = sum(bool(result["success"]) for result in results)
    return {
        "success": held == len(results),
        "suite_name": report["dataset"],
        "suite_parameters": {},
        "results": results,
        "statistics": {
            "evaluated_expectations": len(results),
            "successful_expectations": held,
            "unsuccessful_expectations": len(results) - held,
            "success_percent": 100 * held / len(results) if results else None,
        },
        "meta": {
            "run_id": {"run_name": report["batch_id"], "run_time": None},
            "loopwright": {"batch_id": report["batch_id"], "arrival_digest": report["arrival_digest"]},
        },
    }
