"""Asking what waits, every few seconds for ever, without wearing anybody out.

The listing is asked for each time; the connections and the ledger only when the listing changed, while something
waits, and once a minute besides, in case somebody changed them.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loopwright.declaration import DatasetSpec, Workspace
    from loopwright.hooks.loopwright import LoopwrightHook
    from loopwright.ledger.store import Ledger
    from loopwright.stages.ingest.arriving.arrival import Arrival, Refused

BELIEVED_FOR = 60.0
"""Seconds until what was learned is asked again."""


class Lookout:
    """Looks for the arrivals of one dataset that have no answer yet, and for files of labels that nobody took in.

    It blocks: keep it off the event loop.

    :param spec: the dataset; only its name, its globs and how its batches are named matter here.
    :param hook: knows the places.
    :param judged_by: the digest of what batches are judged by today; ``None`` where that is not known.
    """

    def __init__(self, spec: DatasetSpec, hook: LoopwrightHook, judged_by: str | None = None) -> None:
        self._spec = spec
        self._hook = hook
        self._judged_by = judged_by
        self.refused: tuple[Refused, ...] = ()
        self._places: tuple[Workspace, Ledger] | None = None
        self._answered: frozenset[Arrival] | None = None
        self._learned_at = 0.0

    def waiting(self) -> list[Arrival]:
        """Return what waits, oldest batch first, then labels; what can be no batch is kept in ``refused``."""
        from loopwright.stages.ingest.arriving.labels import labels_there, labels_untaken
        from loopwright.stages.ingest.arriving.listing import listed_for
        from loopwright.stages.ingest.arriving.waiting import unhandled

        workspace, ledger = self._resolved()
        found = listed_for(workspace, self._spec)
        arrivals, self.refused = found.arrivals, found.refused
        labels = labels_there(workspace, self._spec)
        if frozenset((*arrivals, *labels)) == self._answered:
            return []
        state = ledger.dataset(self._spec.name)
        waiting = [*unhandled(state, arrivals, self._judged_by), *labels_untaken(state, labels)]
        self._answered = None if waiting else frozenset((*arrivals, *labels))
        return waiting

    def _resolved(self) -> tuple[Workspace, Ledger]:
        from loopwright.ledger.store import Ledger

        if self._places is None or time.monotonic() - self._learned_at > BELIEVED_FOR:
            workspace = self._hook.workspace()
            if self._places is None or self._places[0] != workspace:
                self._places = (workspace, Ledger.of(workspace))
            self._answered, self._learned_at = None, time.monotonic()
        return self._places
