"""MLflow, imported late and quietly.

Importing it costs a task 1.6 s, so it waits for a first call; and it reads some of its settings while it is imported,
telemetry among them, so nothing in this house may import it but through here.
"""

from __future__ import annotations

import os
from typing import Any

from loopwright.errors import MissingExtra

_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    # Its own seven retries take four minutes to say that a server is down; a task has retries of its own.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "60",
}
"""What MLflow's environment variables are set to where the deployment has not set them."""


def imported() -> Any:
    """Return the module ``mlflow``, imported with telemetry off.

    :raises MissingExtra: if it is not installed.
    """
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        import mlflow
    except ModuleNotFoundError as error:
        raise MissingExtra("MLflow is not installed here.", mend="pip install 'loopwright[ml]'") from error
    return mlflow
