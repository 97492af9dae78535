"""Whether an arrival that is to be held whole has room in memory: asked before it is read, for the system asks nobody.

A process that takes more memory than its container or machine has is killed, and with it what else runs there. What
must stay true: only what is certain to have no room is refused; where free memory cannot be told, nothing is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from loopwright.stages.ingest.arriving.arrival import ArrivalOutOfReach
from loopwright.stages.ingest.reading.footers import decoded_size
from loopwright.stages.ingest.reading.frames import format_of
from loopwright.stages.ingest.reading.unpacking import UNPACKERS

if TYPE_CHECKING:
    from loopwright.declaration.dataset import DatasetSpec

LOOKED_AT = 64 * 2**20
"""Bytes of files below which nothing is asked."""
TIMES = {"parquet": 1.5, "csv": 2.0, "jsonl": 4.0}
"""How many times its plain (of Parquet: decoded) size an arrival takes at the least while it is looked at whole."""
PACKED = 3.0
"""How many times its packed size a table of text has at the least."""
_GROUP = Path("/sys/fs/cgroup")


class ArrivalTooLarge(ArrivalOutOfReach):
    """An arrival that memory has no room for now; the others may well have room."""


def require_room(paths: Sequence[Path], dataset: DatasetSpec, why: str | None = None) -> None:
    """Refuse an arrival that the memory that is free has no room for.

    :param paths: its files.
    :param dataset: says the format.
    :param why: why it is looked at whole, where it could have been looked at in pieces.
    :raises ArrivalTooLarge: saying what it takes, what there is, and what to do.
    """
    if sum(path.stat().st_size for path in paths) < LOOKED_AT:
        return
    with suppress(pa.ArrowException, OSError, ValueError):  # whoever reads it says what is wrong with it
        needed, free = sum(_needed(path, dataset) for path in paths), free_memory()
        if free is not None and needed > free:
            because = f", since {why}" if why else ""
            raise ArrivalTooLarge(
                "The arrival has no room in memory, and is not read.",
                where=", ".join(path.name for path in paths[:3]),
                got=f"at least {needed / 2**20:,.0f} MiB are taken while it is looked at whole{because}",
                allowed=f"{free / 2**20:,.0f} MiB are free here",
                mend="Mend what is said of it, give the task more memory, or ask for smaller batches. What is as "
                "expected, and cleaned by steps that look at single rows, is looked at in pieces, in less than 1 GiB.",
            )


def free_memory(group: Path = _GROUP, machine: Path = Path("/proc/meminfo")) -> int | None:
    """Return the bytes that this process may still take: of its container and its machine the lesser.

    :param group: the folder in which a container finds its limits (cgroup 2).
    :param machine: the system's own account.
    :return: ``None`` where neither can be read.
    """
    known = [_told(lambda: _of_machine(machine)), _told(lambda: _of_group(group))]
    return min((free for free in known if free is not None), default=None)


def _told(ask: Callable[[], int]) -> int | None:
    try:
        return ask()
    except (OSError, ValueError, KeyError):
        return None


def _of_machine(machine: Path) -> int:
    lines = dict(line.split(":", 1) for line in machine.read_text().splitlines())
    return int(lines["MemAvailable"].split()[0]) * 1024


def _of_group(group: Path) -> int:
    """Return what is left of a container's limit; files that the system merely keeps in memory give way."""
    lines = dict(line.split(" ", 1) for line in (group / "memory.stat").read_text().splitlines())
    used = int((group / "memory.current").read_text()) - int(lines["inactive_file"])
    return int((group / "memory.max").read_text()) - used  # "max" where there is no limit, which is no number


def plain_size(path: Path) -> float:
    """Return the bytes that a table of text has at the least when it is unpacked."""
    return path.stat().st_size * (PACKED if path.suffix.lower() in UNPACKERS else 1.0)


def _needed(path: Path, dataset: DatasetSpec) -> float:
    kind = format_of(path, dataset)
    return TIMES[kind] * (decoded_size(pq.read_metadata(path)) if kind == "parquet" else plain_size(path))
