"""A process and all that it started: what they take together, and the end of them all.

A limit that a process sets itself is for each of its children anew and for private pages only, and whoever makes a
session of its own is in no group that a signal reaches. Looked at often enough, nobody of them is overlooked.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress

from loopwright.serving.measuring import share_mb


class Family:
    """A process, its children and theirs, as far as they were seen; one that is orphaned later stays known.

    :param pid: of the process, which leads a session of its own.
    """

    def __init__(self, pid: int) -> None:
        import psutil

        self._session, self._known = pid, set[psutil.Process]()
        self.peak_mb = 0.0
        with suppress(psutil.Error):
            self._known.add(psutil.Process(pid))

    def look(self) -> float:
        """Look who is there now, and return what they take together, in megabytes: a page that they share, once."""
        import psutil

        for member in list(self._known):
            with suppress(psutil.Error):
                self._known.update(member.children(recursive=True))
        taken = sum(map(share_mb, self._known))
        self.peak_mb = max(self.peak_mb, taken)
        return taken

    def end(self) -> None:
        """End all of them, if any is left: also when this process is told to stop."""
        import psutil

        with suppress(psutil.Error):
            self.look()
        with suppress(ProcessLookupError):
            os.killpg(self._session, signal.SIGKILL)
        for member in self._known:
            with suppress(psutil.Error):
                member.kill()  # psutil looks whether it is still the same process
