from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from loopwright.tracking import Tracking


def test_the_workspaces_mlflow(toy):
    assert Tracking.of(toy.workspace).uri == toy.workspace.tracking


def test_no_server_shows_a_run_of_a_file(tracking):
    assert tracking.run_url("r", "tips") is None


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """MLflow's own server, as a deployment has it."""
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--workers", "1", "--port", str(port)]
    command += [
        "--backend-store-uri",
        f"sqlite:///{folder}/mlflow.db",
        "--artifacts-destination",
        f"{folder}/artifacts",
    ]
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    environment.pop("MLFLOW_TRACKING_URI", None)
    with Path(folder / "log").open("w") as log:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log, start_new_session=True)
    uri = f"http://127.0.0.1:{port}"
    try:
        _wait(uri, process)
        yield uri
    finally:
        os.killpg(process.pid, 15)  # its workers too; the session is its own
        process.wait()


def _wait(uri: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended"
        try:
            with urllib.request.urlopen(f"{uri}/health"):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the server did not answer")


def test_the_same_on_a_server(server, tmp_path):
    tracking = Tracking(server)
    with tracking.run("tips", key="k", name="fit") as run_id:
        tracking.log_json(run_id, "model/MLmodel", {"flavors": {}})
    assert tracking.run_of("tips", "k") == run_id
    assert tracking.read_json(run_id, "model/MLmodel") == {"flavors": {}}
    version = tracking.register("tips", run_id=run_id, source=f"runs:/{run_id}/model", tags={})
    tracking.move_alias("tips", "champion", version)
    assert tracking.alias_of("tips", "champion") == version == "1"
    copy = tracking.download_source(f"runs:/{run_id}/model", tmp_path)
    assert (copy / "MLmodel").is_file()
    experiment = tracking.experiment("tips")
    assert tracking.run_url(run_id, "tips") == f"{server}/#/experiments/{experiment}/runs/{run_id}"
    page = f"{server}/#/experiments/{experiment}/runs/{run_id}/artifacts/monitor/b%201/drift.html"
    assert tracking.place_of(run_id, "monitor/b 1/drift.html") == page


def test_a_link_holds_no_login(server):
    with_login = Tracking(server.replace("http://", "http://ada:secret@"))
    assert with_login.run_url("r", "tips").startswith(f"{server}/#/experiments/")
