"""What the gate asks that answers alone cannot tell: a candidate's features, its columns, its clock, its company."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loopwright.declaration.sensitive import hidden, shy_of
from loopwright.errors import DeclarationError, shown_names
from loopwright.evaluation.importance import importance, importance_check
from loopwright.evaluation.latency import ROWS, Timing, best_of
from loopwright.serving.disclosure import shown_levels
from loopwright.serving.predictor import CANNOT_ANSWER
from loopwright.serving.rows import label_rows
from loopwright.serving.served import raw_rows
from loopwright.verdict import Check, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from loopwright.declaration import DatasetSpec, ModelSpec
    from loopwright.evaluation.predicted import Array
    from loopwright.serving import Predictor

SAMPLE = 200
"""Rows that are enough to see whether features need a column."""
NEAR = 1e-6
"""Answers closer than this are the same: sums over another number of rows round differently."""


def looked_at(spec: ModelSpec, raw: pd.DataFrame) -> dict[str, Array]:
    """Return the columns that the gate is declared to look at, by name.

    :param raw: the rows that are judged.
    :raises DeclarationError: if one is not there.
    """
    gate = spec.gate
    names = [gate.groups] if gate.groups else []
    if gate.slices:
        names += [*gate.slices.columns, *(name for cross in gate.slices.crosses for name in cross)]
    if gate.fairness:
        names += gate.fairness.columns
    known = {**label_rows(raw), **raw_rows(raw)}  # a batch's own column is what is scored
    missing = sorted({name for name in names if name not in known})
    if missing:
        raise DeclarationError(
            "The holdout does not have a column that the gate is declared to look at.",
            where=f"model {spec.name}, gate",
            got=shown_names(missing),
            allowed=shown_names([str(name) for name in known]),
            mend="Correct the name under gate.slices, gate.fairness or gate.groups.",
        )
    return {name: np.asarray(known[name]) for name in dict.fromkeys(names)}


def named_of(columns: Mapping[str, Array], dataset: DatasetSpec) -> dict[str, list[Any]]:
    """Return the values that checks may name, of those columns that are about people.

    :param columns: as :func:`looked_at` gives them.
    :param dataset: says which.
    """
    return {name: shown_levels(pd.Series(columns[name])) for name in shy_of(columns, hidden(dataset))}


def absent_check(
    spec: ModelSpec, features: Callable[[pd.DataFrame], pd.DataFrame], raw: pd.DataFrame
) -> tuple[Check, ...]:
    """Ask whether the candidate's features come out the same without the columns that scoring lacks.

    :param features: what the candidate makes of raw rows.
    :param raw: rows of the holdout.
    :raises DeclarationError: if one that is declared so is not there.
    """
    unknown = [name for name in spec.gate.leakage.absent if name not in label_rows(raw)]
    if unknown:
        raise DeclarationError(
            "The holdout does not have a column that is declared absent when rows are scored.",
            where=f"model {spec.name}, gate.leakage.absent",
            got=shown_names(unknown),
            allowed=shown_names([str(name) for name in label_rows(raw)]),
            mend="Correct the name, or leave it out.",
        )
    lacking = [*spec.gate.leakage.absent, *([] if spec.label_is_function else [spec.label])]
    lacking = [name for name in dict.fromkeys(lacking) if name in raw]
    if not lacking or raw.empty:
        return ()
    name, rows = "leakage:absent", raw.head(SAMPLE)
    try:
        without = features(rows.drop(columns=lacking))
    except CANNOT_ANSWER as fault:
        why = f"its features need a column that is not there when rows are scored ({shown_names(lacking)}): {fault.got}"
        return (Check(name, Outcome.FAIL, why, fault.to_dict(), lacking, len(rows)),)
    whole = features(rows)
    changed = [str(column) for column in whole if not without[column].equals(whole[column])]
    if changed:
        why = f"features change when rows lack what scoring lacks ({shown_names(lacking)}): {shown_names(changed)}"
        return (Check(name, Outcome.FAIL, why, changed, lacking, len(rows)),)
    why = f"its features come out the same without {shown_names(lacking)}"
    return (Check(name, Outcome.PASS, why, None, lacking, len(rows)),)


def stable_check(among: pd.DataFrame, alone: pd.DataFrame) -> Check:
    """Ask whether rows get the same answers in other company; what depends on the batch is told, and refuses nobody.

    :param among: answers for some rows, as given among all of them.
    :param alone: answers for the same rows, asked by themselves.
    """
    same = np.ones(len(alone), dtype=bool)
    for name in alone:
        ours, theirs = among[name].to_numpy(), alone[name].to_numpy()
        if ours.dtype.kind == "f" and theirs.dtype.kind == "f":
            same &= np.isclose(ours, theirs, rtol=NEAR, atol=NEAR, equal_nan=True)
        elif name == "prediction" and len(alone.columns) == 1:
            same &= ours == theirs  # where there are scores, they tell; a label may turn on a rounding
    n, other = len(alone), int((~same).sum())
    if other:
        why = f"{other} of {n} rows get another answer when fewer rows are asked with them: its features use the batch"
        return Check("stable", Outcome.FAIL, why, {"changed": other}, n=n, required=False)
    return Check("stable", Outcome.PASS, f"{n} rows get the same answer in other company", None, n=n, required=False)


def worth_check(spec: ModelSpec, candidate: Predictor, features: pd.DataFrame, truth: Array) -> tuple[Check, ...]:
    """Measure what each feature is worth, where that is declared.

    :param features: of the labelled rows, as the estimator sees them.
    :param truth: their labels.
    """
    declared = spec.gate.importance
    if (
        declared is None
        or len(truth) < declared.rows // 10
        or (spec.task != "regression" and len(np.unique(truth)) < 2)
    ):
        return ()
    chosen = np.unique(np.linspace(0, len(truth) - 1, min(len(truth), declared.rows)).astype(int))
    found = importance(
        spec.gate.primary,
        truth[chosen],
        features.iloc[chosen].reset_index(drop=True),
        lambda frame: candidate.as_arrays(candidate.answers(frame)),
        repeats=declared.repeats,
        confidence=spec.gate.champion.confidence,
        seed=spec.train.seed,
    )
    return (importance_check(found, spec.gate.primary, len(chosen)),)


def timed(candidate: Predictor, champion: Predictor | None, raw: pd.DataFrame) -> Timing | None:
    """Return how long both take for the same rows; ``None`` where there are none.

    :param raw: rows of the holdout.
    """
    rows = raw.head(ROWS)
    if rows.empty:
        return None

    def of(predictor: Predictor) -> Any:
        return best_of(lambda: predictor.predict(rows))

    try:
        theirs = of(champion) if champion is not None else None
    except CANNOT_ANSWER:
        theirs = None
    return Timing(len(rows), of(candidate), theirs)
