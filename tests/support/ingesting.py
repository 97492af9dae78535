"""A process that ingests: ``python -m support.ingesting PROJECT BATCH [WHERE]``, killed at a place if one is named.

``WHERE`` is the number of the call, among those that write, before which the process ends as by ``kill -9``.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path


def main(project: str, batch: str, at: int | None = None) -> None:
    from loopwright.declaration import Project, Workspace
    from loopwright.lake import Lake
    from loopwright.lake.table import Table
    from loopwright.ledger.store import Ledger
    from loopwright.stages.ingest.stage import ingest_batch

    calls = 0

    def counted(real):
        def call(*given, **named):
            nonlocal calls
            calls += 1
            if calls == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*given, **named)

        return call

    for owner, name in (
        (Lake, "hold"),
        (Table, "replace"),
        (Table, "remove"),
        (Lake, "write_report"),
        (Ledger, "decide"),
    ):
        setattr(owner, name, counted(getattr(owner, name)))
    result = ingest_batch(Workspace.resolve(Path(project), environ={}), Project.at(project).dataset("rides"), batch)
    print(result.status)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else None)
