"""What production looks like: drift, performance once labels are known, and the requests that follow."""

from __future__ import annotations

from loopwright.stages.monitor.conclusion import Monitored, conclude
from loopwright.stages.monitor.drift import DriftReport, detect_drift, draw_drift
from loopwright.stages.monitor.performance import PerformanceReport, measure_performance
from loopwright.stages.monitor.waiting import unmonitored

__all__ = [
    "DriftReport",
    "Monitored",
    "PerformanceReport",
    "conclude",
    "detect_drift",
    "draw_drift",
    "measure_performance",
    "unmonitored",
]
