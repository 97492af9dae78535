"""The lake: the loop's own tables, in Delta, and plain files beside them.

Modules are imported when asked for: to reach a file needs none of what the tables need.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from loopwright.on_demand import on_demand

if TYPE_CHECKING:
    from loopwright.lake.lake import Lake
    from loopwright.lake.table import Table

__all__ = ["Lake", "Table"]

os.environ.setdefault("RUST_LOG", "error")
"""Delta-rs reads it when it is imported; its warnings are raw records, and what fails is said as an error."""

__getattr__ = on_demand(
    __name__,
    {"Lake": "lake", "Table": "table"},
)
