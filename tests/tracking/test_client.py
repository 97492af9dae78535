from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from loopwright.errors import TrackingUnavailable
from loopwright.tracking import Tracking
from loopwright.tracking.client import connected, fluent, sqlite_file

RACER = """
import sys
from loopwright.tracking import Tracking

tracking, me = Tracking(sys.argv[1]), sys.argv[2]
with tracking.run("tips", key=me, name=me) as run_id:
    tracking.log_metrics(run_id, {"auc": 0.5})
print(tracking.experiment("tips"))
"""


def test_processes_at_once_make_one_store_and_one_experiment(tmp_path):
    uri = f"sqlite:///{tmp_path / 'home' / 'mlflow.db'}"
    racers = [
        subprocess.Popen([sys.executable, "-c", RACER, uri, str(n)], stdout=subprocess.PIPE, text=True)
        for n in range(3)
    ]
    said = [racer.communicate()[0].strip() for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0, 0]
    assert set(said) == {"1"}
    assert all(Tracking(uri).run_of("tips", str(n)) for n in range(3))


@pytest.mark.parametrize(
    ("uri", "file"),
    [
        ("sqlite:////srv/mlflow.db", Path("/srv/mlflow.db")),
        ("sqlite:///mlflow.db", Path("mlflow.db").absolute()),
        ("http://localhost:5000", None),
        ("postgresql://host/mlflow", None),
    ],
)
def test_which_file_an_address_means(uri, file):
    assert sqlite_file(uri) == file


def test_globals_are_put_back(tracking, monkeypatch):
    import mlflow

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://somebody.else")
    monkeypatch.delenv("MLFLOW_EXPERIMENT_ID", raising=False)
    with fluent(tracking.uri):
        mlflow.set_experiment(experiment_id=tracking.experiment("tips"))
        assert mlflow.get_tracking_uri() == os.environ["MLFLOW_TRACKING_URI"] == tracking.uri
        with fluent(tracking.uri):
            pass
        assert mlflow.get_tracking_uri() == tracking.uri
    assert mlflow.get_tracking_uri() == os.environ["MLFLOW_TRACKING_URI"] == "http://somebody.else"
    assert "MLFLOW_EXPERIMENT_ID" not in os.environ


def test_globals_are_put_back_after_an_error(tracking, monkeypatch):
    import mlflow

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://somebody.else")
    with pytest.raises(ZeroDivisionError, match="mine"), fluent(tracking.uri):
        raise ZeroDivisionError("mine")
    assert mlflow.get_tracking_uri() == "http://somebody.else"


FULL = """
import resource, sys
from loopwright.tracking.client import connected
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
connected(sys.argv[1])
"""


def test_a_store_that_was_left_half_made_is_made_by_the_next(tmp_path):
    """MLflow itself cannot go on where a full disk or a kill ended the making of its tables."""
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    ran = subprocess.run([sys.executable, "-c", FULL, uri], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "MLflow cannot be used" in ran.stderr
    assert "Free space" in ran.stderr
    assert list(tmp_path.glob("mlflow.db.making-*"))
    assert Tracking(uri).experiment("tips") == "1"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mlflow.db", "mlflow.db.lock"]


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "home").write_text("a file")
    with pytest.raises(TrackingUnavailable, match=r"cannot be used(.|\n)*MLFLOW_TRACKING_URI"):
        connected(f"sqlite:///{tmp_path / 'home' / 'mlflow.db'}")


def test_a_file_that_is_no_database(tmp_path):
    (tmp_path / "mlflow.db").write_text("a diary, and no database at all " * 100)
    with pytest.raises(TrackingUnavailable, match=r"cannot be used(.|\n)*not a database"):
        connected(f"sqlite:///{tmp_path / 'mlflow.db'}")
