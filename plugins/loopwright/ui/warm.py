"""Warm workers: the scheduler imports what tasks need before its LocalExecutor forks them.

Only imports: a parent that has *run* OpenMP code before it forks hangs its children. And nothing here may ever stop a
scheduler from starting.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
import time
from typing import Any

from airflow.listeners import hookimpl
from airflow.sdk.configuration import conf

HEAVY = (
    "numpy",
    "pandas",
    "pyarrow.parquet",
    "deltalake",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.pipeline",
    "mlflow",
    "mlflow.pyfunc",
    "great_expectations",
    "evidently",
    "optuna",
    "loopwright.stages.ingest.stage",
    "loopwright.stages.train",
    "loopwright.stages.release",
    "loopwright.stages.score",
    "loopwright.stages.monitor",
)
"""What the stages import; one that is not installed is passed over."""
_log = logging.getLogger(__name__)


@hookimpl
def on_starting(component: Any) -> None:  # noqa: ARG001 - Airflow's signature; a job's type is not known yet
    """Import, if this is a scheduler about to fork its workers and the deployment wants it."""
    if is_scheduler(sys.argv) and wanted():
        warm_up(HEAVY)


def is_scheduler(command: list[str]) -> bool:
    """Tell whether this process is ``airflow scheduler``; a task forked from it has imported everything already.

    :param command: ``sys.argv``.
    """
    return command[1:2] == ["scheduler"]


def wanted() -> bool:
    """Return ``[loopwright] preload``."""
    return bool(conf.getboolean("loopwright", "preload", fallback=False))


def warm_up(modules: tuple[str, ...]) -> list[str]:
    """Import modules, and return those that could be.

    :param modules: their names.
    """
    # Forked tasks share the cores already; two OpenMP threads in each of them only get in each other's way.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    started, cold = time.monotonic(), [name for name in modules if name not in sys.modules]
    imported = [name for name in modules if _imports(name)]
    if cold:  # a task forked from a warm parent has nothing to report
        _log.info("Imported %d of %d modules in %.1f s.", len(imported), len(modules), time.monotonic() - started)
    return imported


def _imports(name: str) -> bool:
    if name in sys.modules:
        return True
    try:
        importlib.import_module(name)
    except Exception as error:  # noqa: BLE001 - observability never stops a scheduler
        _log.warning("%s could not be imported ahead: %s", name, error)
        return False
    return True
