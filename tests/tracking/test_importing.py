from __future__ import annotations

import os
import subprocess
import sys

import pytest

from loopwright.errors import MissingExtra
from loopwright.tracking import importing


def said(program: str, **environment: str) -> str:
    """Return what a program prints that starts with none of MLflow's settings made.

    It must not look like a test or a build either: there MLflow leaves telemetry off by itself.
    """
    settings = {*importing._SETTINGS, "PYTEST_CURRENT_TEST", "CI", "GITHUB_ACTIONS"}
    clean = {name: value for name, value in os.environ.items() if name not in settings}
    run = subprocess.run(
        [sys.executable, "-c", program], env={**clean, **environment}, check=True, capture_output=True, text=True
    )
    assert run.stderr == ""
    return run.stdout.strip()


def test_mlflow_waits_for_a_first_call():
    program = """
import sys
from loopwright.tracking import Tracking
Tracking("sqlite:///mlflow.db")
print("mlflow" in sys.modules)
"""
    assert said(program) == "False"


@pytest.mark.parametrize(
    "call", ["run_of('tips', 'k')", "run('tips', key='k', name='n').__enter__()", "alias_of('tips', 'champion')"]
)
def test_telemetry_is_off_whichever_call_is_first(tracking, call):
    program = f"""
from loopwright.tracking import Tracking
Tracking("{tracking.uri}").{call}
from mlflow.telemetry import get_telemetry_client
from mlflow.telemetry.utils import is_telemetry_disabled
print(get_telemetry_client(), is_telemetry_disabled())
"""
    assert said(program) == "None True"


def test_what_a_deployment_has_set_stays():
    program = """
import os
from loopwright.tracking.importing import imported
imported()
print(os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"], os.environ["MLFLOW_LOGGING_LEVEL"])
"""
    assert said(program, MLFLOW_HTTP_REQUEST_MAX_RETRIES="7") == "7 WARNING"


def test_without_mlflow_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(MissingExtra, match=r"not installed(.|\n)*loopwright\[ml\]"):
        importing.imported()
