"""The ledger: events appended under a unique (subject, sequence), and the state that they fold to.

What must stay true: an event and the entries it changes are committed together; of two decisions made on the same
state one is recorded and the other is asked again on the new state; nothing here updates or deletes an event.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, cast

from sqlalchemy.exc import IntegrityError

from loopwright.errors import LedgerConflict, LedgerUnavailable
from loopwright.ledger import journal, soundness
from loopwright.ledger.database import Database, is_lost_race
from loopwright.ledger.events import Draft, Event, Kind

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from loopwright.declaration import Workspace
    from loopwright.ledger.state import DatasetState, ModelState, State

ATTEMPTS = 30
"""How often a lost race is run again; each loss means that somebody else got something recorded."""

Decision = Callable[["State"], Draft | Sequence[Draft] | None]


class Ledger:
    """A ledger, connected to when it is first used; threads may share it.

    :param url: SQLAlchemy URL of its database.
    """

    def __init__(self, url: str) -> None:
        self._database = Database(url)

    @classmethod
    def of(cls, workspace: Workspace) -> Ledger:
        """Return the workspace's ledger."""
        return cls(workspace.ledger)

    def record(self, subject: str, draft: Draft) -> Event:
        """Append one event.

        :param subject: ``dataset/<name>``, ``model/<name>`` or ``project``.
        :param draft: the event to be.
        :raises DataFault: if its evidence is not plain JSON values.
        :raises LedgerUnavailable: if the database cannot be reached.
        """
        return self._raced(subject, lambda connection: journal.append(connection, subject, [draft]))[0]

    def decide(self, subject: str, decision: Decision) -> list[Event]:
        """Append what a decision on the subject's state asks for, if the state is still the one it saw.

        :param subject: as for :meth:`record`.
        :param decision: from the state to the drafts to record (``None`` or none at all: record nothing). Called again
            with the fresh state when somebody else was first. It runs inside the transaction, so it must be quick and
            must not use the ledger itself.
        :raises LedgerConflict: if others were first every time.
        """

        def attempt(connection: Connection) -> list[Event]:
            state = journal.state(connection, subject)
            return journal.append(connection, subject, _drafts(decision(state)))

        return self._raced(subject, attempt)

    def state(self, subject: str) -> State:
        """Return what is true of a subject now, as the view of its kind."""
        with self._database.reading() as connection:
            return journal.state(connection, subject)

    def dataset(self, name: str) -> DatasetState:
        """Return what is true of a dataset now."""
        return cast("DatasetState", self.state(f"dataset/{name}"))

    def model(self, name: str) -> ModelState:
        """Return what is true of a model now."""
        return cast("ModelState", self.state(f"model/{name}"))

    def events(
        self,
        subject: str | None = None,
        *,
        kinds: Collection[Kind] | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> list[Event]:
        """Return events in the order of their recording.

        :param subject: only this subject's.
        :param kinds: only these kinds.
        :param limit: at most so many, counted from the end that comes first.
        :param newest_first: the other way round.
        """
        with self._database.reading() as connection:
            return journal.events(connection, subject, kinds=kinds, limit=limit, newest_first=newest_first)

    def subjects(self) -> list[str]:
        """Return every subject that something was recorded about, sorted."""
        with self._database.reading() as connection:
            return journal.subjects(connection)

    def verify(self, subject: str) -> list[str]:
        """Return what is wrong with a subject's record, a sentence each; nothing when it is sound."""
        with self._database.reading() as connection:
            recorded = journal.events(connection, subject)
            return soundness.problems(recorded, journal.state(connection, subject))

    def rebuild(self, subject: str | None = None) -> int:
        """Fold the entries anew from the events.

        :param subject: only this one; else all.
        :return: how many events were folded.
        """
        return sum(self._rebuilt(name) for name in ([subject] if subject else self.subjects()))

    def _rebuilt(self, subject: str) -> int:
        with self._database.writing() as connection:
            recorded = journal.events(connection, subject)
            journal.replace_entries(connection, subject, soundness.refolded(recorded))
            return len(recorded)

    def _raced(self, subject: str, attempt: Callable[[Connection], list[Event]]) -> list[Event]:
        for lost in range(ATTEMPTS):
            try:
                with self._database.writing() as connection:
                    return attempt(connection)
            except (IntegrityError, LedgerUnavailable) as error:
                if not is_lost_race(error):
                    raise
            time.sleep(random.uniform(0, 0.01 * 2 ** min(lost, 6)))  # noqa: S311 - spreads the racers, hides nothing
        raise LedgerConflict(
            "Others recorded about this subject first, every time.",
            where=f"{self._database.where}: {subject}",
            got=f"{ATTEMPTS} lost races",
            mend="Run again; if it stays, find what records about this subject without pause.",
        )


def _drafts(decided: Draft | Sequence[Draft] | None) -> Sequence[Draft]:
    if decided is None:
        return []
    return [decided] if isinstance(decided, Draft) else decided
