"""Keeps the libraries' chatter out of a conversation between the loop and a person."""

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
