"""The champion over every published batch, once, into the table of its predictions.

Modules are imported when asked for: to list what waits needs none of what scoring needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loopwright.stages.score.shadowing import Shadowed, shadow_batch
    from loopwright.stages.score.stage import Scored, score_batch
    from loopwright.stages.score.waiting import unscored, unshadowed

__all__ = [
    "Scored",
    "Shadowed",
    "score_batch",
    "shadow_batch",
    "unscored",
    "unshadowed",
]

_MODULES = {
    "Scored": "stage",
    "score_batch": "stage",
    "Shadowed": "shadowing",
    "shadow_batch": "shadowing",
    "unscored": "waiting",
    "unshadowed": "waiting",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
