"""The rates of each group, as the checks of fairness observed them: one table for a column and rate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from loopwright.evaluation.page.drawing import strip

if TYPE_CHECKING:
    from loopwright.verdict import Check

_FAIRNESS = "fairness:"
_SAID = {
    "selection": "The share of whom the candidate says that they are of the second class.",
    "true positive": "Of those who are of the second class, the share of whom the candidate says so.",
    "false positive": "Of those who are not of the second class, the share of whom the candidate says that they are.",
}


def rates_by_group(checks: Iterable[Check]) -> list[dict[str, Any]]:
    """Return a table for each sensitive column and rate: ``column``, ``rate``, ``said``, ``rows`` and ``asked``.

    :param checks: of a verdict; those that are not about fairness are passed over, as those that kept no rates.
    """
    tables: dict[tuple[str, str], dict[str, Any]] = {}
    for check in checks:
        if not check.name.startswith(_FAIRNESS) or not isinstance(check.observed, dict):
            continue
        _, metric, column = check.name.split(":", 2)
        groups = check.observed.get("groups") or []
        for rate in dict.fromkeys(row["rate"] for row in groups):
            table = tables.setdefault(
                (column, rate), {"column": column, "rate": rate, "said": _SAID.get(rate, ""), "asked": []}
            )
            table["rows"] = [_drawn(row) for row in groups if row["rate"] == rate]
            table["asked"].append({"metric": metric.replace("_", " "), "outcome": check.outcome.value})
    return list(tables.values())


def _drawn(row: dict[str, Any]) -> dict[str, Any]:
    bounds = (row["low"], row["point"], row["high"])
    return {**row, "strip": "" if None in bounds else strip(*bounds, (0.0, 1.0), "ours")}
