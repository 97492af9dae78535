from __future__ import annotations

import os
import time
import traceback

import pytest

from loopwright.errors import TrackingUnavailable, UnknownName
from loopwright.tracking import Tracking
from loopwright.tracking.faults import TrackingRefused, said_plainly, unless, without_login
from loopwright.tracking.importing import imported

WITH_LOGIN = "http://u:s3%2Fcretpw@127.0.0.1:9"


def mlflow_error(code: str) -> Exception:
    return imported().exceptions.MlflowException("it said so", error_code=getattr(_codes(), code))


def _codes():
    from mlflow.protos import databricks_pb2

    return databricks_pb2


@pytest.mark.parametrize(
    ("code", "ours", "mend"),
    [
        ("RESOURCE_DOES_NOT_EXIST", UnknownName, "restore it"),
        ("INVALID_PARAMETER_VALUE", TrackingRefused, "Correct what is being logged"),
        ("RESOURCE_ALREADY_EXISTS", TrackingRefused, "Correct what is being logged"),
        ("PERMISSION_DENIED", TrackingUnavailable, "MLFLOW_TRACKING_USERNAME"),
        ("INTERNAL_ERROR", TrackingUnavailable, "MLflow is up"),
        ("TEMPORARILY_UNAVAILABLE", TrackingUnavailable, "MLflow is up"),
    ],
)
def test_complaints_are_told_apart(code, ours, mend):
    error = mlflow_error(code)
    with pytest.raises(ours, match="it said so") as caught, said_plainly("http://ada:secret@host/"):
        raise error
    assert mend in caught.value.mend
    assert caught.value.where == "http://host/"
    assert caught.value.__cause__ is error


def test_a_server_that_is_not_there_is_said_soon():
    began = time.monotonic()
    with pytest.raises(TrackingUnavailable, match=r"cannot be used(.|\n)*127.0.0.1:1(.|\n)*MLflow is up"):
        Tracking("http://127.0.0.1:1").run_of("tips", "k")
    assert time.monotonic() - began < 30  # MLflow's own patience is four minutes


def test_an_expected_answer_passes():
    with unless("RESOURCE_ALREADY_EXISTS"):
        raise mlflow_error("RESOURCE_ALREADY_EXISTS")
    with pytest.raises(imported().exceptions.MlflowException, match="it said so"), unless("RESOURCE_ALREADY_EXISTS"):
        raise mlflow_error("INTERNAL_ERROR")


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("http://ada:secret@host:5000/mlflow", "http://host:5000/mlflow"),
        ("postgresql://ada:s@cret@host/mlflow", "postgresql://host/mlflow"),
        ("http://host:5000", "http://host:5000"),
        ("sqlite:////srv/a@b.db", "sqlite:////srv/a@b.db"),
    ],
)
def test_logins_are_not_shown(uri, shown):
    assert without_login(uri) == shown


def test_a_servers_password_is_in_no_message_and_no_traceback(monkeypatch):
    """MLflow repeats the address it was given, and a task's log shows the whole chain of errors."""
    for name in ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"):
        monkeypatch.setenv(name, "before")
    with pytest.raises(TrackingUnavailable, match=r"127\.0\.0\.1:9") as caught:
        Tracking(WITH_LOGIN).run_of("tips", "k")
    assert "cretpw" not in "".join(traceback.format_exception(caught.value))
    assert (os.environ["MLFLOW_TRACKING_USERNAME"], os.environ["MLFLOW_TRACKING_PASSWORD"]) == ("u", "s3/cretpw")
