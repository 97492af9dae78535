from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from loopwright.serving.artifact import load
from loopwright.serving.rehearsal_process import answered, difference
from support.toy import rides


@pytest.mark.parametrize(
    ("expected", "found", "rows", "largest"),
    [
        ({"p": [1.0, 2.0]}, {"p": [1.0, 2.0 + 1e-9]}, 0, None),
        ({"p": [1.0, np.nan]}, {"p": [1.0, np.nan]}, 0, None),
        ({"p": [1.0, np.nan]}, {"p": [1.0, 0.5]}, 1, None),
        ({"p": [1.0, 2.0, 3.0]}, {"p": [1.0, np.inf, 3.5]}, 2, 0.5),
        ({"p": [1.0, 2.0]}, {"p": [1.5, 2.0]}, 1, 0.5),
        ({"p": [1, 2]}, {"p": [1.0, 2.0]}, 0, None),
        ({"p": [True, False]}, {"p": [True, True]}, 1, 1.0),
        ({"p": ["a", "b"]}, {"p": ["a", "c"]}, 1, None),
        ({"p": ["a", None]}, {"p": ["a", None]}, 0, None),
        ({"p": [1.0, 2.0]}, {"p": [1.0]}, 2, None),
        ({"p": [1.0, 2.0], "score": [0.1, 0.2]}, {"p": [1.0, 2.0]}, 2, None),
        ({"p": [1.0, 2.0]}, {"p": [1.0, 2.0], "more": [0, 0]}, 0, None),
        ({"p": [1.0, 5.0], "score": [0.1, 0.2]}, {"p": [2.0, 5.0], "score": [0.1, 0.9]}, 2, 1.0),
        ({"p": []}, {"p": []}, 0, None),
    ],
)
def test_difference(expected, found, rows, largest):
    assert difference(pd.DataFrame(expected), pd.DataFrame(found)) == (rows, largest)


@pytest.fixture
def question(written, tmp_path) -> dict[str, str]:
    """The toy's model, and rows with the answers that it gives."""
    files, digest = written
    rows, expected = tmp_path / "rows.parquet", tmp_path / "expected.parquet"
    rides(3).to_parquet(rows)
    load(files, digest).predict(pd.read_parquet(rows)).to_parquet(expected)
    return {"files": str(files), "digest": digest, "rows": str(rows), "expected": str(expected)}


def test_the_files_are_all_it_takes(question):
    figures = answered(question)["figures"]
    assert (figures["rows"], figures["differ"], figures["largest"]) == (2000, 0, None)


def test_other_bytes_are_a_fault_of_the_model(question):
    assert answered({**question, "digest": "0" * 64})["fault"]["type"] == "ArtifactTampered"


def test_a_process_that_loads_a_model_imports_no_mlflow_and_no_database():
    code = "import loopwright.serving.rehearsal_process, loopwright.serving.artifact, sys; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"mlflow", "sqlalchemy", "deltalake", "airflow"} & set(told.stdout.split())
