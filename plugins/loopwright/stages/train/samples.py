"""The samples that a training leaves in its MLflow run: what production is held against, and what rehearsals ask.

The reference sample is of the training's features, with predictions that the model made on rows it had *not* learned
from: what a flexible model says of its own training rows is bolder than anything it will say in production, and
would look like drift from the first batch on. Columns are compared one by one, so the two need not be paired. Columns
about people hold a crowd's values in all of them (:mod:`loopwright.serving.disclosure`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from loopwright.declaration.quoting import UNSAID
from loopwright.declaration.sensitive import shy_of
from loopwright.errors import LoopwrightError, UserCodeFailed, shown_names
from loopwright.serving.disclosure import crowded
from loopwright.serving.kept import REFERENCE, REHEARSAL_EXPECTED, REHEARSAL_ROWS, golden_digest
from loopwright.serving.predictor import CANNOT_ANSWER
from loopwright.serving.rows import brought_by_labels

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec
    from loopwright.evaluation.predicted import Array
    from loopwright.serving import Predictor
    from loopwright.tracking import Tracking

REFERENCE_ROWS = 20_000


def keep_reference(
    tracking: Tracking,
    run_id: str,
    spec: ModelSpec,
    features: pd.DataFrame,
    unseen: pd.DataFrame,
    *,
    empty: Sequence[str] = (),
    unshown: Collection[str] = (),
) -> None:
    """Keep what production's batches are compared with.

    :param features: of the training rows, as the estimator saw them.
    :param unseen: the model's answers for rows it did not learn from.
    :param empty: features without a value in the training, kept so: the constant that stands for them in the
        estimator is not what the code makes of a batch.
    :param unshown: columns about people, as :func:`loopwright.declaration.sensitive.readable` has them.
    """
    drift = spec.monitor.drift if spec.monitor else None
    size = min(len(features), drift.sample if drift else REFERENCE_ROWS, REFERENCE_ROWS)
    rng = np.random.default_rng(spec.train.seed)
    chosen = np.sort(rng.choice(len(features), size, replace=False))
    sample = features.iloc[chosen].reset_index(drop=True).assign(**dict.fromkeys(empty, np.nan))
    sample = crowded(sample, shy_of(sample.columns, unshown), seed=spec.train.seed)
    drawn = unseen.iloc[rng.integers(0, len(unseen), size)] if len(unseen) else unseen.reindex(range(size))
    _keep(tracking, run_id, REFERENCE, sample.assign(**{str(name): drawn[name].to_numpy() for name in drawn}))


def keep_rehearsal(
    tracking: Tracking,
    run_id: str,
    spec: ModelSpec,
    raw: pd.DataFrame,
    predictor: Predictor,
    *,
    unshown: Collection[str] = (),
) -> tuple[Array, pd.DataFrame, str]:
    """Keep a few raw rows and the answers to them, for a rehearsal in a fresh process.

    The answers are to the rows as read back, so that a rehearsal gets exactly the same question.

    :param raw: rows of the holdout.
    :param predictor: the candidate.
    :param unshown: columns about people, as :func:`loopwright.declaration.sensitive.readable` has them.
    :return: which rows, the answers to them as they came, and the digest of the questions and answers that were kept.
    :raises UserCodeFailed: if the model cannot answer where columns about people hold a crowd's values.
    """
    with TemporaryDirectory() as scratch:
        rows = Path(scratch) / _name(REHEARSAL_ROWS)
        chosen = draw_rehearsal(spec, raw, rows, unshown=unshown)
        shy = shy_of(raw.columns, unshown)
        try:
            expected = predictor.predict(pd.read_parquet(rows))
        except CANNOT_ANSWER as fault:
            if not shy:
                raise
            raise _needs_the_real(spec, shy, fault) from fault
        alone = predictor.predict(raw.iloc[chosen].reset_index(drop=True)) if shy else expected
        return chosen, alone, keep_golden(tracking, run_id, rows, expected)


def _needs_the_real(spec: ModelSpec, shy: list[str], fault: LoopwrightError) -> UserCodeFailed:
    return UserCodeFailed(
        "The model cannot answer for rows whose columns about people hold other values than their own; the rows that "
        "a version is rehearsed on are kept so.",
        where=f"include/models/{spec.name}: features",
        got=fault.got if fault.got not in (None, UNSAID) else fault.what,
        allowed=f"any value of its type, and no relation to other columns, in {shown_names(shy)}",
        mend="Let the feature code answer for values it has not met, or declare the column sensitive: hash or drop.",
    )


def draw_rehearsal(spec: ModelSpec, raw: pd.DataFrame, rows: Path, *, unshown: Collection[str] = ()) -> Array:
    """Write the rows that a version will be rehearsed on, and return which they are.

    :param raw: rows of the holdout.
    :param rows: the file to write.
    :param unshown: columns about people, as :func:`loopwright.declaration.sensitive.readable` has them.
    """
    raw = raw.drop(columns=brought_by_labels(raw))
    size = min(len(raw), spec.release.rehearsal_rows)
    chosen = np.sort(np.random.default_rng(spec.train.seed).choice(len(raw), size, replace=False))
    shown = crowded(raw, shy_of(raw.columns, unshown), seed=spec.train.seed)
    shown.iloc[chosen].reset_index(drop=True).to_parquet(rows, index=False)
    return chosen


def keep_golden(tracking: Tracking, run_id: str, rows: Path, expected: pd.DataFrame) -> str:
    """Keep a golden sample with a run, and return its digest.

    :param rows: the file that :func:`draw_rehearsal` wrote.
    :param expected: the answers to these rows.
    """
    answers = rows.with_name(_name(REHEARSAL_EXPECTED))
    _storable(expected).to_parquet(answers, index=False)
    for path in (rows, answers):
        tracking.log_file(run_id, path, REHEARSAL_ROWS.rpartition("/")[0])
    return golden_digest(rows, answers)


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _keep(tracking: Tracking, run_id: str, path: str, frame: pd.DataFrame) -> None:
    folder, _, name = path.rpartition("/")
    with TemporaryDirectory() as scratch:
        local = Path(scratch) / name
        _storable(frame).to_parquet(local, index=False)
        tracking.log_file(run_id, local, folder)


def _storable(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame that Parquet takes: columns of mixed objects as text."""
    mixed = [c for c in frame if pd.api.types.infer_dtype(frame[c], skipna=True).startswith("mixed")]
    return frame.astype(dict.fromkeys(mixed, str)) if mixed else frame
