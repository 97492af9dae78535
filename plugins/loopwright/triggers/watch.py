"""When to say that batches wait: a file must hold still first, and what still waits is said again.

Airflow merges and strands asset events, so one that was lost must not lose a batch. The watch is level-triggered: it
speaks of everything that waits, at once when something new does, and again, ever more seldom, while it stays so. It
falls silent when the ledger has an answer for every arrival.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loopwright.stages.ingest.arriving.arrival import Arrival

REMEMBERED_AT_MOST = 500
"""Arrivals whose signatures are kept across a restart; what is beyond is looked at twice again."""
NAMED_AT_MOST = 50
"""Batch ids that an event carries: it is a hint, and is kept in a database."""


@dataclass
class Watch:
    """What was seen and what was said.

    :param stable_for: seconds for which a file's signature must not change before it counts.
    :param first_pause: seconds until the same waiting batches are spoken of again.
    :param longest_pause: the pause doubles up to this.
    """

    stable_for: float = 2.0
    first_pause: float = 10.0
    longest_pause: float = 300.0
    seen: dict[str, tuple[str, float]] = field(default_factory=dict)
    said: frozenset[str] = frozenset()
    said_at: float = 0.0
    pause: float = 0.0

    def ready(self, waiting: Sequence[Arrival], now: float) -> list[Arrival]:
        """Return those that hold still; remember the others.

        :param waiting: the arrivals that have no answer yet.
        :param now: seconds, of any one clock.
        """
        before = self.seen
        self.seen = {
            arrival.path: before[arrival.path]
            if before.get(arrival.path, ("", 0.0))[0] == arrival.signature
            else (arrival.signature, now)
            for arrival in waiting
        }
        return [
            arrival
            for arrival in waiting
            if arrival.path in before
            and before[arrival.path][0] == arrival.signature
            and now - self.seen[arrival.path][1] >= self.stable_for
        ]

    def speaks(self, ready: Sequence[Arrival], now: float) -> bool:
        """Tell whether to speak now, and if so, remember having spoken.

        :param ready: the arrivals that hold still.
        :param now: seconds, of the same clock.
        """
        these = frozenset(f"{arrival.path}@{arrival.signature}" for arrival in ready)
        if not these:
            self.said, self.pause = these, 0.0
            return False
        if these <= self.said and now - self.said_at < self.pause:
            return False
        again = these == self.said
        self.pause = min(self.pause * 2, self.longest_pause) if again else self.first_pause
        self.said, self.said_at = these, now
        return True

    def to_dict(self) -> dict[str, Any]:
        """Return what must survive a restart: which files were seen to hold still."""
        return {"seen": {path: mark for path, (mark, _) in list(self.seen.items())[:REMEMBERED_AT_MOST]}}

    def restore(self, raw: Any, now: float) -> None:
        """Take up what an earlier process saw; anything unreadable is no memory.

        :param raw: what :meth:`to_dict` gave.
        :param now: seconds, of this process's clock.
        """
        seen = raw.get("seen") if isinstance(raw, Mapping) else None
        if isinstance(seen, Mapping):
            long_ago = now - self.stable_for
            self.seen = {str(path): (str(mark), long_ago) for path, mark in seen.items()}


def payload(dataset: str, ready: Sequence[Arrival]) -> dict[str, Any]:
    """Return what an event says: bounded, for it is only a hint.

    :param dataset: the dataset's name.
    :param ready: the arrivals that wait.
    """
    return {
        "dataset": dataset,
        "waiting": len(ready),
        "batch_ids": [arrival.batch_id for arrival in ready[:NAMED_AT_MOST]],
    }
