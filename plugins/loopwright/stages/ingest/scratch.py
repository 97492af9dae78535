"""Folders for copies of arrivals and for staged batches: gone with the process that made them, also when it was killed.

What must stay true: rows of people do not stay in a temporary folder for ever, and no folder that a living process uses
is swept. Each holds a file that its process keeps locked; the system lets go of the lock when the process ends.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PREFIX = "loopwright-ingest-"
_LOCK = ".lock"
_YOUNG = 600.0
"""Seconds in which a folder is left alone: its process may not have come to lock it."""


@dataclass(frozen=True)
class Scratch:
    """A folder of this process's own.

    :param path: of it.
    :param erase: removes it; done anyway when nobody refers to it any more.
    """

    path: Path
    erase: Callable[[], Any]


def scratch() -> Scratch:
    """Make a folder, and remove those of processes that were killed."""
    sweep()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    lock = (folder / _LOCK).open("w")
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    made = Scratch(folder, lambda: None)
    object.__setattr__(made, "erase", weakref.finalize(made, _erase, folder, lock))
    return made


def sweep(*, now: float | None = None) -> list[Path]:
    """Remove the folders of processes that are gone.

    :param now: seconds since 1970; the present when left out.
    :return: those that were removed.
    """
    at = time.time() if now is None else now
    gone = []
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):  # another's, or removed meanwhile
            if at - folder.stat().st_mtime > _YOUNG and not _is_used(folder):
                shutil.rmtree(folder)
                gone.append(folder)
    return gone


def _is_used(folder: Path) -> bool:
    try:
        with (folder / _LOCK).open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:  # killed before it could lock it
        return False
    except OSError:
        return True
    return False


def _erase(folder: Path, lock: Any) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    lock.close()
