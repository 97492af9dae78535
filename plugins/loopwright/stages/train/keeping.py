"""What a training leaves in its MLflow run, besides the model and its samples: inputs and provenance."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from loopwright.lake import Lake
from loopwright.lake.lake import PAGE, RESULT
from loopwright.ledger.store import Ledger
from loopwright.stages.train.environment import environment_of, git_commit

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.tracking import Tracking

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
