from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module",
    ["loopwright.stages.release", "loopwright.stages.score.waiting", "loopwright.stages.monitor.waiting"],
)
def test_asking_what_waits_imports_nothing_heavy(module):
    heavy = "{'pandas', 'numpy', 'mlflow', 'evidently', 'sklearn', 'deltalake'}"
    said = subprocess.run(
        [sys.executable, "-c", f"import sys, {module}; print(sorted({heavy} & set(sys.modules)))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "[]"
