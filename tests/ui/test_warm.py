"""Warm workers: only in a scheduler, only when wanted, and never in anybody's way."""

import json
import os
import subprocess
import sys

import pytest

from loopwright.ui import warm

STARTING = """
import json, os, sys
sys.argv = json.loads(sys.argv[1])
from airflow.listeners.listener import get_listener_manager
get_listener_manager().hook.on_starting(component=None)
print(json.dumps({"pandas": "pandas" in sys.modules, "threads": os.environ.get("OMP_NUM_THREADS")}))
"""


def started(command, **environment):
    clean = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    done = subprocess.run(
        [sys.executable, "-c", STARTING, json.dumps(command)], capture_output=True, text=True, check=False,
        env={**clean, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_scheduler_that_wants_it_imports_ahead():
    found = started(["airflow", "scheduler"], AIRFLOW__LOOPWRIGHT__PRELOAD="True")
    assert found == {"pandas": True, "threads": "1"}


def test_what_the_deployment_set_stays():
    found = started(["airflow", "scheduler"], AIRFLOW__LOOPWRIGHT__PRELOAD="True", OMP_NUM_THREADS="4")
    assert found["threads"] == "4"


@pytest.mark.parametrize(
    ("command", "wanted"), [(["airflow", "scheduler"], "False"), (["airflow", "triggerer"], "True"), (["x"], "True")]
)
def test_nobody_else_pays_for_it(command, wanted):
    assert started(command, AIRFLOW__LOOPWRIGHT__PRELOAD=wanted)["pandas"] is False


def test_a_module_that_cannot_be_imported_stops_nobody(tmp_path, monkeypatch):
    (tmp_path / "breaks_on_import.py").write_text("raise RuntimeError('no')")
    monkeypatch.syspath_prepend(tmp_path)
    assert warm.warm_up(("json", "breaks_on_import", "no_such_module")) == ["json"]


def test_every_module_it_names_is_there():
    found = subprocess.run(
        [sys.executable, "-c", f"import importlib\nfor name in {warm.HEAVY!r}: importlib.import_module(name)"],
        capture_output=True, text=True, check=False, env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
