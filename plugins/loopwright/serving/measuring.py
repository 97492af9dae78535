"""What it costs to serve a model: time for a row, rows in a second, memory, bytes. Measured where it is rehearsed."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loopwright.serving.kept import PHASE

if TYPE_CHECKING:
    import pandas as pd
    import psutil

    from loopwright.serving.predictor import Predictor

SINGLES = 60
"""Rows that are asked about one at a time."""
SINGLES_SECONDS = 2.0
"""After which no more of them are asked about; at least five are."""
MEGABYTE = 1_000_000
_PR_SET_CHILD_SUBREAPER = 36
PACKAGES = 10
"""Packages of a model that are remembered: the largest are what importing takes its time for."""


def pace(predictor: Predictor, rows: pd.DataFrame) -> dict[str, float | None]:
    """Return what it takes to answer, after the first answer.

    :param predictor: the model, which answered before.
    :param rows: rows to ask about.
    :return: ``latency_p50_ms`` and ``latency_p95_ms`` of one row asked alone, ``rows_per_second`` of all at once;
        ``None`` where there are no rows.
    """
    if rows.empty:
        return {"latency_p50_ms": None, "latency_p95_ms": None, "rows_per_second": None}
    import numpy as np

    started = time.perf_counter()
    predictor.predict(rows)
    whole = time.perf_counter() - started
    singles: list[float] = []
    until = time.perf_counter() + SINGLES_SECONDS
    for number in range(SINGLES):
        row = rows.iloc[[number % len(rows)]]
        began = time.perf_counter()
        predictor.predict(row)
        singles.append((time.perf_counter() - began) * 1000)
        if time.perf_counter() > until and len(singles) >= 5:
            break
    p50, p95 = np.percentile(singles, [50, 95])
    return {"latency_p50_ms": float(p50), "latency_p95_ms": float(p95), "rows_per_second": len(rows) / max(whole, 1e-9)}


def size_mb(folder: Path) -> float:
    """Return the megabytes of a folder's files.

    :param folder: an artifact.
    """
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / MEGABYTE


def peak_memory_mb() -> float:
    """Return the most memory that this process ever had resident, in megabytes."""
    import resource
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / MEGABYTE


def hand_over(files: Path, memory_mb: float | None) -> None:
    """Say that from here on what hangs or dies is the model, and how much memory it may take with all that it starts.

    :param files: the artifact, beside which it is said.
    :param memory_mb: as for :func:`limit_memory`.
    """
    import psutil

    allowed = share_mb(psutil.Process()) + limit_memory(memory_mb)
    _adopt_orphans()
    files.with_name(PHASE).write_text(f"{allowed:.0f}")


def share_mb(process: psutil.Process) -> float:
    """Return a process's share of the memory in use, in megabytes: a page that others use as well counts in part.

    :param process: the process; of one that is gone, or may not be looked at, it is nothing.
    """
    import psutil

    try:
        found = process.memory_full_info()
    except psutil.Error:
        return 0.0
    named = (getattr(found, name, None) for name in ("pss", "uss", "rss"))  # the best that the system tells
    return float(next(value for value in named if value is not None)) / MEGABYTE


def _adopt_orphans() -> None:
    """Be the parent of whoever is orphaned below this process, where the system can: so it is found and ended, too."""
    import ctypes

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def limit_memory(megabytes: float | None) -> float:
    """Let this process have so much more memory than it has, and not a page beyond: what asks for it is told no.

    :param megabytes: how much more; else four fifths of what the machine has left, so that no model takes it all.
    :return: how much more, in megabytes.
    """
    import resource

    import psutil

    allowed = megabytes or 0.8 * psutil.virtual_memory().available / MEGABYTE
    # Private pages, in use or promised: mapped libraries and files count for nothing.
    used = _private_bytes()
    limit = int(used + allowed * MEGABYTE)
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (limit if hard < 0 else min(limit, hard), hard))
    return allowed


def _private_bytes() -> int:
    status = Path("/proc/self/status")
    if not status.is_file():
        import psutil

        return int(psutil.Process(os.getpid()).memory_info().rss)
    said = next(line for line in status.read_text().splitlines() if line.startswith("VmData"))
    return int(said.split()[1]) * 1024


def packages(modules: Iterable[str]) -> list[str]:
    """Return the installed packages that modules belong to, the largest first, :data:`PACKAGES` at most.

    :param modules: names of imported modules, or of what else is in ``sys.modules``.
    """
    import sys
    import sysconfig

    installed = tuple({sysconfig.get_path(place) for place in ("purelib", "platlib")})
    found = [name for name in modules if str(getattr(sys.modules.get(name), "__file__", None)).startswith(installed)]
    counted = Counter(name.partition(".")[0] for name in found)
    return [package for package, _ in counted.most_common(PACKAGES) if package.isidentifier()]


def differing_environment(files: Path) -> list[dict[str, Any]]:
    """Return the distributions that are not here as they were at the training.

    :param files: the artifact, whose ``requirements.txt`` pins them.
    :return: ``name``, ``recorded`` and ``here``, which is ``None`` for what is not installed.
    """
    from importlib import metadata

    listed = files / "requirements.txt"
    found = []
    for line in listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else []:
        name, pinned, version = line.partition(";")[0].strip().partition("==")
        if not pinned:
            continue
        try:
            here: str | None = metadata.version(name)
        except metadata.PackageNotFoundError:
            here = None
        if here != version.strip():
            found.append({"name": name, "recorded": version.strip(), "here": here})
    return found
