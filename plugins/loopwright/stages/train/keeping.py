"""What a training leaves in its MLflow run, besides the model: inputs, provenance, and what production is held against.

The reference sample is of the training's features, with predictions that the model made on rows it had *not* learned
from: what a flexible model says of its own training rows is bolder than anything it will say in production, and
would look like drift from the first batch on. Columns are compared one by one, so the two need not be paired.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loopwright.lake import Lake
from loopwright.lake.lake import PAGE, RESULT
from loopwright.ledger.store import Ledger
from loopwright.serving.kept import REFERENCE, REHEARSAL_EXPECTED, REHEARSAL_ROWS, golden_digest
from loopwright.stages.train.environment import environment_of, git_commit

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.evaluation.predicted import Array
    from loopwright.serving import Predictor
    from loopwright.tracking import Tracking

REFERENCE_ROWS = 20_000
_REPORTS = 24
"""Batches whose reports go into a run; the lake has those of all, and ``data.json`` says where."""
VALIDATION = "validation"
"""Where they are among a run's artifacts."""
_SNAPSHOT = ("batches", "holdout", "data_version", "data_versions")


def keep_provenance(
    tracking: Tracking, workspace: Workspace, spec: ModelSpec, run_id: str, entry: Mapping[str, Any], folder: Path
) -> None:
    """Log where a training comes from: data versions and digests, code, declaration, environment.

    :param entry: the training as the ledger has it.
    :param folder: the model's folder.
    """
    digests = {name: entry[name] for name in ("data_digest", "code_digest", "declaration_digest", "fingerprint")}
    tags = {f"loopwright.{name}": value for name, value in digests.items()}
    commit = git_commit(folder)
    tracking.log_tags(run_id, {**tags, **({"mlflow.source.git.commit": commit} if commit else {})})
    tracking.log_json(run_id, "declaration.json", spec.model_dump(mode="json", exclude={"release": {"tell"}}))
    tracking.log_json(run_id, "environment.json", environment_of(folder))
    tracking.log_json(run_id, "snapshot.json", {name: entry.get(name) for name in _SNAPSHOT})
    _keep_treatment(tracking, workspace, spec, run_id, entry)
    where = {
        "name": spec.dataset,
        "digest": entry["data_digest"],
        "source": Lake.of(workspace).batches(spec.dataset).uri,
        "version": entry["data_version"],
    }
    tracking.log_dataset(run_id, **where, context="training")


def _keep_treatment(
    tracking: Tracking, workspace: Workspace, spec: ModelSpec, run_id: str, entry: Mapping[str, Any]
) -> None:
    """Log what ingest did to each batch: rows that came, changed, were left out or set aside; and its report."""
    state = Ledger.of(workspace).dataset(spec.dataset)
    known = {batch: state.get(f"batch/{batch}") or {} for batch in (*entry["batches"], *entry["holdout"])}
    told = {
        batch: {name: found.get(name) for name in ("rows_read", "rows", "quarantined", "cleaned", "dropped")}
        for batch, found in known.items()
    }
    reports = {batch: (state.arrival(str(batch)) or {}).get("report") for batch in known}
    tracking.log_json(run_id, "data.json", {batch: {**told[batch], "report": reports[batch]} for batch in known})
    _keep_reports(tracking, workspace, run_id, {batch: report for batch, report in reports.items() if report})
    learned = [told[batch] for batch in entry["batches"]]
    counts = {
        "data_rows": sum(batch["rows"] or 0 for batch in learned),
        "data_rows_quarantined": sum(batch["quarantined"] or 0 for batch in learned),
        "data_rows_dropped": sum(sum((batch["dropped"] or {}).values()) for batch in learned),
        "data_changed": sum(sum((batch["cleaned"] or {}).values()) for batch in learned),
    }
    tracking.log_metrics(run_id, {name: float(count) for name, count in counts.items()})


def _keep_reports(tracking: Tracking, workspace: Workspace, run_id: str, reports: Mapping[str, str]) -> None:
    """Log what was found of the newest batches, as pages and as Great Expectations' results."""
    lake = Lake.of(workspace)
    with TemporaryDirectory() as scratch:
        for batch, report in list(reports.items())[-_REPORTS:]:
            for kind in (PAGE, RESULT):
                found = lake.beside_report(report, kind)
                if found is not None:  # an earlier release kept the report alone
                    Path(scratch, f"{batch}{kind}").write_bytes(found)
        tracking.log_folder(run_id, scratch, VALIDATION)


def keep_reference(
    tracking: Tracking,
    run_id: str,
    spec: ModelSpec,
    features: pd.DataFrame,
    unseen: pd.DataFrame,
    *,
    empty: Sequence[str] = (),
) -> None:
    """Keep what production's batches are compared with.

    :param features: of the training rows, as the estimator saw them.
    :param unseen: the model's answers for rows it did not learn from.
    :param empty: features without a value in the training, kept so: the constant that stands for them in the
        estimator is not what the code makes of a batch.
    """
    drift = spec.monitor.drift if spec.monitor else None
    size = min(len(features), drift.sample if drift else REFERENCE_ROWS, REFERENCE_ROWS)
    rng = np.random.default_rng(spec.train.seed)
    chosen = np.sort(rng.choice(len(features), size, replace=False))
    sample = features.iloc[chosen].reset_index(drop=True).assign(**dict.fromkeys(empty, np.nan))
    drawn = unseen.iloc[rng.integers(0, len(unseen), size)] if len(unseen) else unseen.reindex(range(size))
    _keep(tracking, run_id, REFERENCE, sample.assign(**{str(name): drawn[name].to_numpy() for name in drawn}))


def keep_rehearsal(
    tracking: Tracking, run_id: str, spec: ModelSpec, raw: pd.DataFrame, predictor: Predictor
) -> tuple[Array, pd.DataFrame, str]:
    """Keep a few raw rows and the answers to them, for a rehearsal in a fresh process.

    The answers are to the rows as read back, so that a rehearsal gets exactly the same question.

    :param raw: rows of the holdout.
    :param predictor: the candidate.
    :return: which rows, the answers to them, and the digest of both as they were kept.
    """
    with TemporaryDirectory() as scratch:
        rows = Path(scratch) / _name(REHEARSAL_ROWS)
        chosen = draw_rehearsal(spec, raw, rows)
        expected = predictor.predict(pd.read_parquet(rows))
        return chosen, expected, keep_golden(tracking, run_id, rows, expected)


def draw_rehearsal(spec: ModelSpec, raw: pd.DataFrame, rows: Path) -> Array:
    """Write the rows that a version will be rehearsed on, and return which they are.

    :param raw: rows of the holdout.
    :param rows: the file to write.
    """
    size = min(len(raw), spec.release.rehearsal_rows)
    chosen = np.sort(np.random.default_rng(spec.train.seed).choice(len(raw), size, replace=False))
    raw.iloc[chosen].reset_index(drop=True).to_parquet(rows, index=False)
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
