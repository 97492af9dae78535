"""The lake: the loop's own tables, in Delta."""

from __future__ import annotations

from loopwright.lake.lake import Lake
from loopwright.lake.table import Table

__all__ = ["Lake", "Table"]
