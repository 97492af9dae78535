"""One question to a fresh interpreter: JSON in, JSON out, in a session of its own, with an end.

The process is started first and asked later: while it imports what serving needs, this one fetches the files that it
will be asked about.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import loopwright
from loopwright.errors import CannotRun, without_logins
from loopwright.serving.kept import PHASE
from loopwright.stages.release.family import Family

if TYPE_CHECKING:
    from loopwright.declaration import Workspace

_BY_OTHERS = (-signal.SIGKILL, -signal.SIGTERM)
"""Endings that say nothing about the model: somebody, or a machine short of memory, ended the process."""
MODULE = "loopwright.serving.rehearsal_process"
_KEPT = 100_000
"""Bytes that are kept of what a process says: many times an answer, and the end of what it printed."""
_LOOKED_AT = 0.25
"""Seconds between two looks at what a process takes."""
_LAST_WORDS = 5.0
"""Seconds that the pipes of an ended process are waited for."""
PASSED_AS_WELL = "LOOPWRIGHT_REHEARSAL_ENV"
"""The variable that names, with commas, further ones that a team's models read, and that are no secrets to them."""
_NAMES = (
    "PATH HOME USER LOGNAME SHELL LANG LANGUAGE TZ TZDIR TMPDIR TEMP TMP SYSTEMROOT LD_LIBRARY_PATH LD_PRELOAD "
    "DYLD_LIBRARY_PATH DYLD_FALLBACK_LIBRARY_PATH VIRTUAL_ENV CONDA_PREFIX JAVA_HOME R_HOME SSL_CERT_FILE SSL_CERT_DIR "
    "PYTHONHOME PYTHONUSERBASE PYTHONNOUSERSITE PYTHONHASHSEED PYTHONUTF8 PYTHONIOENCODING PYTHONMALLOC PYTHONWARNINGS "
    "PYTHONDONTWRITEBYTECODE PYTHONPYCACHEPREFIX PYTHONFAULTHANDLER XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME "
    "MPLCONFIGDIR SKLEARN_SITE_JOBLIB LOKY_MAX_CPU_COUNT BLIS_NUM_THREADS GOTO_NUM_THREADS VECLIB_MAXIMUM_THREADS "
    "NUMEXPR_NUM_THREADS NUMEXPR_MAX_THREADS POLARS_MAX_THREADS RAYON_NUM_THREADS ARROW_DEFAULT_MEMORY_POOL "
    "MALLOC_ARENA_MAX NVIDIA_VISIBLE_DEVICES HIP_VISIBLE_DEVICES ROCR_VISIBLE_DEVICES XLA_FLAGS TORCH_HOME HF_HOME "
    "HF_HUB_OFFLINE TRANSFORMERS_OFFLINE TF_CPP_MIN_LOG_LEVEL TF_NUM_INTRAOP_THREADS TF_NUM_INTEROP_THREADS "
    "TF_ENABLE_ONEDNN_OPTS KERAS_BACKEND NLTK_DATA"
)
_PASSED = frozenset(_NAMES.split())
_PASSED_PREFIXES = ("LC_", "OMP_", "KMP_", "MKL_", "OPENBLAS_", "NUMBA_", "JOBLIB_", "CUDA_")
"""Of threads, devices and languages: no library keeps a login there."""


class FreshProcess:
    """An interpreter that has nothing of this one, and answers one question; ended, whole, when the block is left.

    :param workspace: whose secrets are kept out of what it says; nothing of it is handed over.
    :param where: for errors.
    :param module: what it runs: one that reads a question and writes an answer.
    :param imports: packages that it will want, by their names.
    """

    def __init__(self, workspace: Workspace, where: str, imports: Sequence[str] = (), *, module: str = MODULE) -> None:
        self._workspace, self._where, self._module = workspace, where, module
        command = [sys.executable, "-P", "-m", module, *imports]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(  # noqa: S603 - our own module by our own interpreter
            command, stdin=pipe, stdout=pipe, stderr=pipe, env=_environment(), start_new_session=True
        )
        self._said, self._noise = _Tail(self._process.stdout), _Tail(self._process.stderr)
        self._family = Family(self._process.pid)

    def __enter__(self) -> FreshProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self._family.end()
        for tail in (self._said, self._noise):
            tail.join(_LAST_WORDS)
        with self._process:  # closes its pipes, and waits for it
            pass

    def answer(self, question: Mapping[str, Any], timeout: float) -> dict[str, Any]:
        """Return what it answers.

        :param question: plain JSON values.
        :param timeout: seconds after which the process, and all that it started, is ended.
        :return: ``figures``, or a ``fault`` of the data or the model: also when the model let it hang or crash.
        :raises CannotRun: if it was ended, died, or met a failure of the surroundings.
        """
        phase = Path(question["files"]).with_name(PHASE)
        try:
            said, noise = self._asked(json.dumps(question).encode(), timeout, phase)
        except _TooMuch as over:
            return {"fault": {"what": "It needs more memory than there is for it.", "got": str(over), "type": "memory"}}
        except subprocess.TimeoutExpired:
            if phase.is_file():
                what = f"It did not answer within {timeout:.0f} s and was ended."
                return {"fault": {"what": what, "got": None, "type": "hang"}}
            raise CannotRun(
                "The fresh process took too long and was ended.", allowed=f"{timeout:.0f} s", where=self._where
            ) from None
        status = self._process.returncode
        if not said and status not in _BY_OTHERS and phase.is_file():
            last = without_secrets(noise.strip().rpartition("\n")[2], self._workspace)
            return {"fault": {"what": f"It took its process with it ({_died(status)}).", "got": last, "type": "crash"}}
        answer = _read(said, noise, status, self._workspace, self._where)
        if "memory_mb" in (answer.get("figures") or {}):  # what it says of itself leaves its children out
            answer["figures"]["memory_mb"] = max(answer["figures"]["memory_mb"], self._family.peak_mb)
        return answer

    def _asked(self, question: bytes, timeout: float, phase: Path) -> tuple[str, str]:
        """Return what came out of it and what it printed, of either the end."""
        until = time.monotonic() + timeout
        if self._process.stdin is not None:
            with suppress(BrokenPipeError), self._process.stdin as stream:  # who is dead already says so by its status
                stream.write(question)
        self._wait(until, phase)
        for tail in (self._said, self._noise):
            tail.join(max(0.0, until - time.monotonic()))
            if tail.is_alive():  # something that it started holds the pipe
                raise subprocess.TimeoutExpired(self._module, timeout)
        return self._said.text, self._noise.text

    def _wait(self, until: float, phase: Path) -> None:
        """Wait for its end, and meanwhile look what it takes with all that it started.

        :raises _TooMuch: if that is more than it may have.
        """
        while True:
            left = until - time.monotonic()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(max(min(left, _LOOKED_AT), 0))
                return
            taken, allowed = self._family.look(), _allowed_mb(phase)
            if allowed is not None and taken > allowed:
                raise _TooMuch(f"{taken:,.0f} MB with all that it started, of {allowed:,.0f} MB")
            if left <= 0:
                raise subprocess.TimeoutExpired(self._module, until)


class _TooMuch(Exception):
    """It takes more memory than it may."""


def _allowed_mb(phase: Path) -> float | None:
    """Return what it may take with all that it started, in megabytes, once it handed over to the model."""
    try:
        return float(phase.read_text())
    except (OSError, ValueError):  # not there yet, or being written
        return None


class _Tail(threading.Thread):
    """Takes all that comes out of a pipe, so that nobody waits, and keeps the end, so that no memory fills."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        super().__init__(daemon=True)
        self._stream, self._kept = stream, b""
        self.start()

    def run(self) -> None:
        """Read until the pipe is at its end, or was closed."""
        with suppress(OSError, ValueError):
            while self._stream and (piece := os.read(self._stream.fileno(), 65_536)):
                self._kept = (self._kept + piece)[-_KEPT:]

    @property
    def text(self) -> str:
        """What was kept."""
        return self._kept.decode(errors="replace")


def _environment() -> dict[str, str]:
    """Return what libraries need to be found and to run; a login in the worker's environment is none of a model's."""
    named = {*_PASSED, *filter(None, (name.strip() for name in os.environ.get(PASSED_AS_WELL, "").split(",")))}
    passed = {key: value for key, value in os.environ.items() if key in named or key.startswith(_PASSED_PREFIXES)}
    # A plugins folder that Airflow put on its path is on no path of a fresh interpreter's.
    home = str(Path(loopwright.__file__).parent.parent)
    return {**passed, "PYTHONPATH": os.pathsep.join([home, *filter(None, [os.environ.get("PYTHONPATH")])])}


def _died(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else f"status {status}"


def _read(said: str, noise: str, status: int, workspace: Workspace, where: str) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = json.loads(said)
    except ValueError:
        last = without_secrets(noise.strip().rpartition("\n")[2], workspace)
        raise CannotRun(
            f"The fresh process died with status {status}.",
            where=where,
            got=last or None,
            mend="A negative status is a signal: -9 is often a lack of memory.",
        ) from None
    failure = answer.get("failure")
    if failure:
        parts = {key: value and without_secrets(value, workspace) for key, value in failure.items() if key != "type"}
        raise CannotRun(parts.pop("what") or failure["type"], **parts)
    return answer


def without_secrets(text: str, workspace: Workspace) -> str:
    """Return text without passwords in URLs and without the values of storage options.

    :param text: what somebody else wrote.
    :param workspace: whose secrets they are.
    """
    for value in workspace.storage_options.values():
        text = text.replace(value, "***") if len(value) > 3 else text
    return without_logins(text)
