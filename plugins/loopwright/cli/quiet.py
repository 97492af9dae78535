"""Keeps the libraries in their place: their chatter out of the conversation, their idle threads off the cores."""

from __future__ import annotations

import logging
import os
import warnings

CHATTERS = ("alembic", "evidently", "great_expectations", "mlflow", "optuna", "py.warnings", "sqlalchemy")


def quieten() -> None:
    """Let only errors of other libraries through; to be called before they are imported."""
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    warnings.simplefilter("ignore")
    for name in CHATTERS:
        logging.getLogger(name).setLevel(logging.ERROR)


def share_cores() -> None:
    """Let OpenMP's threads sleep while they wait; to be called before scikit-learn is imported.

    By default they spin. Where another process wants the cores too, boosted trees that fit in 0.4 s then take 5 s to
    20 s; asleep, they take 0.4 s either way.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
