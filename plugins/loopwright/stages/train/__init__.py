"""Train: decide whether to, fit on a frozen snapshot, judge on the frozen holdout, register what passed.

Each of the four is idempotent per training: what the ledger already holds is returned, not done again. Their modules
are imported when asked for, because deciding needs none of what fitting needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.on_demand import on_demand

if TYPE_CHECKING:
    from loopwright.stages.train.deciding import TrainingDecision, decide_training
    from loopwright.stages.train.fitting import Fitted, fit_candidate
    from loopwright.stages.train.judging import Judged, judge_candidate
    from loopwright.stages.train.overriding import override_gate
    from loopwright.stages.train.registering import Candidate, register_candidate

__all__ = [
    "Candidate",
    "Fitted",
    "Judged",
    "TrainingDecision",
    "decide_training",
    "fit_candidate",
    "judge_candidate",
    "override_gate",
    "register_candidate",
]

__getattr__ = on_demand(
    __name__,
    {
        "TrainingDecision": "deciding",
        "decide_training": "deciding",
        "Fitted": "fitting",
        "fit_candidate": "fitting",
        "Judged": "judging",
        "judge_candidate": "judging",
        "override_gate": "overriding",
        "Candidate": "registering",
        "register_candidate": "registering",
    },
)
