"""The champion over every published batch, once, into the table of its predictions.

Modules are imported when asked for: to list what waits needs none of what scoring needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.on_demand import on_demand

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

__getattr__ = on_demand(
    __name__,
    {
        "Scored": "stage",
        "score_batch": "stage",
        "Shadowed": "shadowing",
        "shadow_batch": "shadowing",
        "unscored": "waiting",
        "unshadowed": "waiting",
    },
)
