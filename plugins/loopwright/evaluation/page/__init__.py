"""The gate's report for people: one HTML file with its own charts, in words that need no statistician."""

from __future__ import annotations

from loopwright.evaluation.page.report import Judgement, report

__all__ = ["Judgement", "report"]
