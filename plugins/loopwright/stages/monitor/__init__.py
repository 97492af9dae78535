"""What production looks like: drift, performance once labels are known, and the requests that follow.

Modules are imported when asked for: to list what waits needs none of what looking needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.on_demand import on_demand

if TYPE_CHECKING:
    from loopwright.stages.monitor.conclusion import Monitored, conclude
    from loopwright.stages.monitor.drift import DriftReport, detect_drift, draw_drift
    from loopwright.stages.monitor.performance import PerformanceReport, measure_performance
    from loopwright.stages.monitor.requests import OpenRequest, open_request
    from loopwright.stages.monitor.waiting import unmonitored

__all__ = [
    "DriftReport",
    "Monitored",
    "OpenRequest",
    "PerformanceReport",
    "conclude",
    "detect_drift",
    "draw_drift",
    "measure_performance",
    "open_request",
    "unmonitored",
]

__getattr__ = on_demand(
    __name__,
    {
        "DriftReport": "drift",
        "detect_drift": "drift",
        "draw_drift": "drift",
        "PerformanceReport": "performance",
        "measure_performance": "performance",
        "Monitored": "conclusion",
        "conclude": "conclusion",
        "OpenRequest": "requests",
        "open_request": "requests",
        "unmonitored": "waiting",
    },
)
