"""Starts a real Airflow and a real MLflow server on localhost, waits until they answer, and ends all of it.

What must stay true: every process is ended, and so is everything that it started, whatever group or session that put
itself into (Airflow gives each task a group of its own); and nothing is declared ready by its banner, only by its
answer.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import httpx
import psutil

REPOSITORY = Path(__file__).resolve().parents[1]
USER = PASSWORD = "admin"
"""The demonstration listens on the loopback interface only; nobody else can use them."""

_AIRFLOW_PARTS = ("scheduler", "dag-processor", "triggerer", "api-server")
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux's prctl


class StackError(Exception):
    """Something that the demonstration needs is not to be had; the message says what and how to mend it."""


@dataclass
class Stack:
    """One Airflow and one MLflow, with all their state in one folder.

    :param home: where databases, logs, lake and arrivals live.
    :param project: the folder that holds ``include/`` and ``dags/``.
    :param port: Airflow's API and UI; 0 chooses a free one.
    :param mlflow_port: MLflow's server; 0 chooses a free one.
    :param environment: more environment variables for every process.
    """

    home: Path
    project: Path = REPOSITORY
    port: int = 8080
    mlflow_port: int = 5000
    environment: dict[str, str] = field(default_factory=dict)
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.port = self.port or free_port()
        self.mlflow_port = self.mlflow_port or free_port()
        self._log_ports = (free_port(), free_port())
        self._secret = secrets.token_hex(16)

    @property
    def url(self) -> str:
        """Where Airflow's UI is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def mlflow_url(self) -> str:
        """Where MLflow's UI is."""
        return f"http://127.0.0.1:{self.mlflow_port}"

    @property
    def env(self) -> dict[str, str]:
        """The environment of every process of the stack."""
        airflow = {
            "CORE__DAGS_FOLDER": str(self.project / "dags"),
            "CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
            "CORE__LOAD_EXAMPLES": "False",
            "CORE__EXECUTOR": "LocalExecutor",
            "CORE__PARALLELISM": "4",
            "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
            "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.home / "airflow" / "passwords.json"),
            "API__HOST": "127.0.0.1",
            "API__PORT": str(self.port),
            "API__WORKERS": "1",
            "API__BASE_URL": self.url,
            "API__SECRET_KEY": self._secret,
            "API_AUTH__JWT_SECRET": self._secret * 4,
            "LOGGING__WORKER_LOG_SERVER_PORT": str(self._log_ports[0]),
            "LOGGING__TRIGGER_LOG_SERVER_PORT": str(self._log_ports[1]),
            "SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
            "SCHEDULER__ENABLE_HEALTH_CHECK": "False",
            "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
            "LOOPWRIGHT__PROJECT": str(self.project),
            "LOOPWRIGHT__PRELOAD": "True",
        }
        return {
            **os.environ,
            **{f"AIRFLOW__{key}": value for key, value in airflow.items()},
            "AIRFLOW_HOME": str(self.home / "airflow"),
            "LOOPWRIGHT_LAKE": str(self.home / "lake"),
            "LOOPWRIGHT_LEDGER": f"sqlite:///{self.home / 'ledger.db'}",
            "LOOPWRIGHT_ARRIVALS": str(self.home),
            "MLFLOW_TRACKING_URI": self.mlflow_url,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "DO_NOT_TRACK": "true",
            "OMP_NUM_THREADS": "1",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            **self.environment,
        }

    def start(self) -> None:
        """Start MLflow and Airflow, and return when both answer.

        :raises StackError: if a port is taken, or a part does not come up.
        """
        self.require_ports()
        (self.home / "logs").mkdir(parents=True, exist_ok=True)
        (self.home / "airflow").mkdir(exist_ok=True)
        (self.home / "airflow" / "passwords.json").write_text(json.dumps({USER: PASSWORD}))
        self.start_part("mlflow")
        self._run("db-migrate", ["airflow", "db", "migrate"])
        for part in _AIRFLOW_PARTS:
            self.start_part(part)
        self._await(f"{self.mlflow_url}/health", "mlflow", 120)
        self._await(f"{self.url}/api/v2/version", "api-server", 180)

    def require_ports(self) -> None:
        """Raise if a port is taken, or asked for twice.

        :raises StackError: saying how to choose another.
        """
        if self.port == self.mlflow_port:
            raise StackError(
                f"Airflow and MLflow cannot both have port {self.port}.\n"
                f"  mend: give each its own: make demo PORT={self.port} MLFLOW_PORT={self.port + 1}"
            )
        for name, port in (("Airflow", self.port), ("MLflow", self.mlflow_port)):
            require_free(name, port)

    def start_part(self, part: str) -> None:
        """Start one part: of Airflow, such as ``triggerer``, or ``mlflow``."""
        if part == "mlflow":
            self._start_mlflow()
        else:
            self._spawn(part, ["airflow", part])

    def kill_part(self, part: str) -> None:
        """End one part at once, as a crash would."""
        process = self._running.pop(part)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def check(self) -> None:
        """Raise if a part has died.

        :raises StackError: naming the part and the end of its log.
        """
        for name, process in self._running.items():
            if process.poll() is not None:
                raise StackError(f"{name} ended with status {process.returncode}.\n{self.log_tail(name)}")

    def stop(self) -> None:
        """End every process of the stack and whatever it started: asked first, then told."""
        started = self._everything()
        for process in self._running.values():
            _signal_group(process.pid, signal.SIGTERM)
        psutil.wait_procs(
            [psutil.Process(p.pid) for p in self._running.values() if psutil.pid_exists(p.pid)], timeout=8
        )
        # What came into being while the rest was being asked is found by its session, or below what is known.
        left = {process for known in started | self._everything() for process in _with_descendants(known)}
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(list(left), timeout=5)
        for popen in self._running.values():
            popen.poll()
        self._running.clear()

    def _everything(self) -> set[psutil.Process]:
        """Return the processes of the stack: those of its sessions, and their descendants."""
        sessions = {process.pid for process in self._running.values()}
        own = {process for process in psutil.process_iter() if _session(process) in sessions}
        return {found for process in own for found in _with_descendants(process)}

    def log_tail(self, name: str, lines: int = 15) -> str:
        """Return the end of one part's log."""
        path = self.home / "logs" / f"{name}.log"
        text = path.read_text(errors="replace").splitlines()[-lines:] if path.exists() else []
        return "\n".join([f"The end of {path}:", *(f"  {line}" for line in text)])

    def _start_mlflow(self) -> None:
        store = self.home / "mlflow"
        store.mkdir(exist_ok=True)
        self._spawn(
            "mlflow",
            ["mlflow", "server", "--host", "127.0.0.1", "--port", str(self.mlflow_port), "--workers", "1",
             "--backend-store-uri", f"sqlite:///{store / 'mlflow.db'}",
             "--artifacts-destination", str(store / "artifacts")],
        )  # fmt: skip

    def _spawn(self, name: str, command: list[str]) -> None:
        with self._log(name) as log:
            self._running[name] = subprocess.Popen(
                command, env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True, preexec_fn=_end_with_parent, cwd=self.home,  # noqa: PLW1509 - no threads here
            )  # fmt: skip

    def _run(self, name: str, command: list[str]) -> None:
        with self._log(name) as log:
            done = subprocess.run(
                command, env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, check=False,
                cwd=self.home,
            )  # fmt: skip
        if done.returncode:
            raise StackError(f"`{' '.join(command)}` failed.\n{self.log_tail(name)}")

    def _log(self, name: str) -> IO[bytes]:
        return (self.home / "logs" / f"{name}.log").open("ab")

    def _await(self, url: str, name: str, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.check()
            try:
                if httpx.get(url, timeout=5).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.3)
        raise StackError(f"{name} did not answer at {url} within {seconds:.0f} seconds.\n{self.log_tail(name)}")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def require_free(name: str, port: int) -> None:
    """Raise if somebody listens on a port already.

    :raises StackError: saying how to choose another.
    """
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            option = "PORT" if name == "Airflow" else "MLFLOW_PORT"
            raise StackError(
                f"{name} needs port {port} on this machine, and another program has it.\n"
                f"  mend: end that program, or choose another port: make demo {option}={port + 10}"
            ) from error


def _signal_group(group: int, sign: signal.Signals) -> None:
    try:
        os.killpg(group, sign)
    except ProcessLookupError:
        return


def _session(process: psutil.Process) -> int | None:
    try:
        return os.getsid(process.pid)
    except (ProcessLookupError, PermissionError):
        return None


def _with_descendants(process: psutil.Process) -> set[psutil.Process]:
    try:
        return {process, *process.children(recursive=True)}
    except psutil.NoSuchProcess:
        return set()


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGTERM)
