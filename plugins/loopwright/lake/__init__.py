"""The lake: the loop's own tables, in Delta, and plain files beside them.

Modules are imported when asked for: to reach a file needs none of what the tables need.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loopwright.lake.lake import Lake
    from loopwright.lake.table import Table

__all__ = ["Lake", "Table"]

os.environ.setdefault("RUST_LOG", "error")
"""Delta-rs reads it when it is imported; its warnings are raw records, and what fails is said as an error."""

_MODULES = {"Lake": "lake", "Table": "table"}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
