"""The champion over every published batch, once, into the table of its predictions."""

from __future__ import annotations

from loopwright.stages.score.stage import ROLE, Scored, score_batch
from loopwright.stages.score.waiting import unscored

__all__ = ["ROLE", "Scored", "score_batch", "unscored"]
