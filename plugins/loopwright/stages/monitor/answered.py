"""What production answered, beside the labels: of one batch, and of those before it where it alone holds too few.

The batches of a day or an hour may each hold too few rows, or groups of rows, for any interval, and would never tell.
What could not tell is looked at together with the next, until it can. Who told stands by itself, so that no row is
asked by two batches, and k of n of them are as many looks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loopwright.declaration import Project
from loopwright.evaluation.asking import codes
from loopwright.evaluation.predicted import Predicted
from loopwright.ledger.store import Ledger
from loopwright.serving import known_labels
from loopwright.stages.monitor.judging import too_small
from loopwright.stages.monitor.watched import Watched, as_scored
from loopwright.verdict import Outcome

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.evaluation.predicted import Array
    from loopwright.serving import Predictor

MOST = 50
"""Batches before it that are looked at together with one, at the most: each is read."""


@dataclass(frozen=True)
class Answered:
    """Rows that have both a label and an answer.

    :param truth: their labels.
    :param predicted: the answers.
    :param drawn: what makes rows one group; ``None`` where they are independent.
    :param lost: labelled rows that have no whole answer.
    """

    truth: Array
    predicted: Predicted
    drawn: Array | None = None
    lost: int = 0

    @property
    def groups(self) -> Array | None:
        """A code for each row's group."""
        return None if self.drawn is None else codes(self.drawn)

    def after(self, earlier: Answered) -> Answered:
        """Return the rows of both, those of another batch first."""
        ours, theirs = self.predicted, earlier.predicted
        score = None
        if ours.score is not None and theirs.score is not None:
            score = np.concatenate([theirs.score, ours.score])
        drawn = None
        if self.drawn is not None and earlier.drawn is not None:
            drawn = np.concatenate([earlier.drawn.astype(object), self.drawn.astype(object)])
        return Answered(
            np.concatenate([earlier.truth, self.truth]),
            Predicted(np.concatenate([theirs.label, ours.label]), score, ours.classes),
            drawn,
            earlier.lost + self.lost,
        )


def answered(
    workspace: Workspace, model: ModelSpec, one: Watched, predictor: Predictor, rows: pd.DataFrame | None = None
) -> Answered | None:
    """Return a batch's rows that have both a label and an answer; ``None`` where it lacks what makes rows one group.

    :param one: the batch as it was scored.
    :param predictor: the version that scored it.
    :param rows: of the batch, with their labels, where somebody has them.
    """
    rows = one.labelled_rows(workspace, model) if rows is None else rows
    groups = model.gate.groups
    if groups and groups not in rows:
        return None
    known = known_labels(model, Project.at(workspace.project).model_folder(model.name), rows)
    answers = one.predictions(workspace, model)
    usable = known.mask & _whole(answers)
    return Answered(
        known.values[usable[known.mask]],
        predictor.as_arrays(answers).take(np.flatnonzero(usable)),
        np.asarray(rows[groups])[usable] if groups else None,
        int(known.mask.sum() - usable.sum()),
    )


def untold(workspace: Workspace, model: ModelSpec, one: Watched) -> Iterator[Watched]:
    """Yield the batches before one that could not tell by themselves, the newest first, back to the last that did.

    :param one: a batch as it was scored; only those that the same version scored count.
    """
    ledger = Ledger.of(workspace)
    state, published = ledger.model(model.name), ledger.dataset(model.dataset).published()
    place = [batch["batch_id"] for batch in published].index(one.batch["batch_id"])
    for batch in reversed(published[max(place - MOST, 0) : place]):
        earlier, record = as_scored(state, batch), state.get(f"monitored/{batch['batch_id']}") or {}
        report = record.get("performance")
        versions = {record.get("version"), earlier.version["version"]} if earlier else set()
        if earlier is None or not report or versions != {one.version["version"]}:
            continue
        if report["outcome"] == Outcome.NOT_APPLICABLE or not report.get("value"):
            continue  # the gate knew it, or its labels were not final: it is looked at by itself when they are
        if not too_small(report):
            return
        yield earlier


def _whole(answers: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Tell rows with a whole answer from those where the model gave a missing or infinite one."""
    given = answers[[column for column in answers if column == "prediction" or str(column).startswith("score")]]
    given = given.drop(columns="scored_at", errors="ignore")
    return ~given.replace([np.inf, -np.inf], np.nan).isna().any(axis=1).to_numpy(dtype=bool)
