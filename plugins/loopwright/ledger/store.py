"""The ledger: events appended under a unique (subject, sequence), and the state that they fold to.

What must stay true: an event and the entries it changes are committed together; of two decisions made on the same
state one is recorded and the other is asked again on the new state; nothing here updates or deletes an event.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeVar, cast

from sqlalchemy.exc import IntegrityError

from loopwright.errors import LedgerConflict, LedgerUnavailable, NotReady, UnknownName, shown_names
from loopwright.ledger import journal, portable, soundness
from loopwright.ledger.database import Database, is_lost_race
from loopwright.ledger.events import Draft, Event, Kind
from loopwright.ledger.state import view

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from loopwright.declaration import Workspace
    from loopwright.ledger.portable import Backup
    from loopwright.ledger.state import DatasetState, ModelState, State

ATTEMPTS = 30
"""How often a lost race is run again; each loss means that somebody else got something recorded."""

FLEET = (
    "lineage",
    "candidate",
    "release",
    "request/retrain",
    "request/rollback",
    "last_verdict",
    "refusals",
    "alias_found",
)
"""The entries that :meth:`Ledger.fleet` holds of each model."""

Result = TypeVar("Result")
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

    def require_there(self) -> Ledger:
        """Return this ledger if there is one: who only reads would else make an empty one in the wrong place.

        :raises NotReady: if its SQLite file is not there.
        """
        if not self._database.is_there():
            raise NotReady(
                "There is no ledger here yet.",
                where=self._database.where,
                mend="Turn the loop first; if it was, say where its ledger is, with --ledger or LOOPWRIGHT_LEDGER.",
            )
        return self

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

    def counts(self) -> dict[str, int]:
        """Return how many events each subject has."""
        with self._database.reading() as connection:
            return journal.counts(connection)

    def verify(self, subject: str) -> list[str]:
        """Return what is wrong with a subject's record, a sentence each; nothing when it is sound."""
        with self._database.reading() as connection:
            recorded = journal.events(connection, subject)
            return soundness.problems(recorded, journal.state(connection, subject))

    def unsound(self) -> dict[str, list[str]]:
        """Return what is wrong with every record that is not sound, by subject: a pass over all events."""
        with self._database.reading() as connection:
            recorded: dict[str, list[Event]] = {}
            for event in journal.streamed(connection):
                recorded.setdefault(event.subject, []).append(event)
            states = journal.states(connection)
        found = {name: soundness.problems(recorded.get(name, []), state) for name, state in states.items()}
        return {name: problems for name, problems in found.items() if problems}

    def rebuild(self, subject: str | None = None) -> int:
        """Fold the entries anew from the events.

        :param subject: only this one; else all.
        :return: how many events were folded.
        :raises UnknownName: if nothing is recorded about it; the nearest is said.
        :raises LedgerUnavailable: if a subject's events are not what was recorded: their state would be made up.
        """
        if subject and subject not in (known := self.subjects()):
            near = get_close_matches(subject, known, n=1)
            raise UnknownName(
                f"Nothing is recorded about {subject!r}.",
                where=self._database.where,
                allowed=shown_names(known) or "the ledger is empty",
                mend=f"Did you mean {near[0]!r}?" if near else "`loopwright ledger check` counts what there is.",
            )
        return sum(self._rebuilt(name) for name in ([subject] if subject else self.subjects()))

    def fleet(self) -> dict[str, ModelState]:
        """Return what matters of every model at once, by name: a few questions, however many models there are.

        Of each it holds :data:`FLEET`, champion, the champion before and the candidate; not its batches and trainings.
        """
        with self._database.reading() as connection:
            found = journal.fleet(connection, FLEET)
        return {
            subject.removeprefix("model/"): cast("ModelState", view(subject, sequence, entries))
            for subject, (sequence, entries) in found.items()
        }

    def states(self) -> dict[str, State]:
        """Return what is true of every subject now, by subject: all of it, at one moment, over one connection."""
        with self._database.reading() as connection:
            return journal.states(connection)

    def revision(self) -> str | None:
        """Return the revision that the database is at; ``None`` for an empty one."""
        return self._database.revision()

    def migrate(self) -> str | None:
        """Bring the database to this release's revision, in one transaction.

        :return: the revision that it was at; ``None`` for an empty one.
        :raises LedgerUnavailable: if it cannot be reached, or is a newer release's.
        """
        return self._database.migrate()

    def backup(self, path: Path) -> Backup:
        """Write everything that was recorded to a file, as it stands at one moment.

        :param path: where to.
        :raises CannotRun: if it cannot be written.
        """
        with self._database.reading() as connection:
            return portable.write(connection, path)

    def departures(self, path: Path) -> dict[str, list[str]]:
        """Return where this ledger does not go on from a backup, a sentence each by subject; nothing where it does.

        A whole new chain of events verifies as well as the one that was recorded; a copy from before shows it up.

        :param path: a backup of this ledger, from any time.
        :raises BackupUnusable: if it is not what was written.
        """
        heads = portable.heads(path)
        with self._database.reading() as connection:
            found = {
                subject: soundness.departed(sequence, digest, journal.hash_at(connection, subject, sequence))
                for subject, (sequence, digest) in heads.items()
            }
        return {subject: [said] for subject, said in found.items() if said}

    def restore(self, path: Path) -> Backup:
        """Take a backup in, whole or not at all, and fold the state from it.

        :param path: a file that :meth:`backup` wrote, here or anywhere.
        :raises BackupUnusable: if it is not what was written, or something is recorded here already.
        """
        held = portable.checked(path)

        def attempt(connection: Connection) -> Backup:
            if not journal.is_empty(connection):
                raise portable.BackupUnusable(
                    "A backup is only taken in where nothing is recorded yet.",
                    where=self._database.where,
                    mend="Name an empty database with --ledger; what is recorded here is never overwritten.",
                )
            for recorded in portable.events(path):
                journal.take_in(connection, recorded)
            for subject in journal.subjects(connection):
                journal.replace_entries(connection, subject, soundness.refolded(journal.events(connection, subject)))
            return held

        return self._raced("all of it", attempt)

    def _rebuilt(self, subject: str) -> int:
        def attempt(connection: Connection) -> int:
            recorded = journal.events(connection, subject)
            broken = soundness.broken(recorded)
            if broken:
                raise LedgerUnavailable(
                    "The record was changed, so no state is folded from it.",
                    where=f"{self._database.where}: {subject}",
                    got=broken[0],
                    mend="Find who changed it; `loopwright ledger restore` takes a backup into an empty ledger.",
                )
            journal.replace_entries(connection, subject, soundness.refolded(recorded))
            return len(recorded)

        return self._raced(subject, attempt)

    def _raced(self, subject: str, attempt: Callable[[Connection], Result]) -> Result:
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
