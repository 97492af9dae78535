"""What can go wrong, said so that a person can mend it.

Every error carries *what* happened, *where*, what was *got*, what is *allowed* and how to *mend* it. Two families
decide what a caller does next and are never mixed: a :class:`DataFault` is deterministic (the same input gives the
same answer, so a retry is a waste), a :class:`CannotRun` is about the surroundings (a retry may well succeed).
Errors cross process borders (Airflow tasks, fresh interpreters), so they survive pickling.
"""

from __future__ import annotations

import re
from typing import Any

MAX_SHOWN = 300
"""Characters of a user's value that an error repeats: a message is read by people and stored in logs."""
_LONGEST_NAME = 100
"""Characters of one name in a list of names: a column may well be called by a page of text."""
_PASSWORD = re.compile(r"(://[^\s/:@]*:)(?:[^\s/]*|(?!\d+[/?#])[^\s@]*)@")
"""Of a URL; it may hold ``@`` and ``/`` as they are, though it should not. Digits and a slash are a port and a path."""
_TOKEN = re.compile(r"://[^\s/:@]+@")


def without_logins(text: str) -> str:
    """Return text in which no URL shows its password, nor a token in place of one.

    :param text: what somebody else wrote.
    """
    return _TOKEN.sub("://***@", _PASSWORD.sub(r"\1***@", text)) if "://" in text else text


def shown(value: object) -> str:
    """Return ``value`` as text short enough for a message, URLs without their passwords.

    :param value: anything a user gave.
    """
    text = without_logins(value if isinstance(value, str) else repr(value))
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}… ({len(text)} characters)"


def shown_names(names: list[str], limit: int = 12) -> str:
    """Return a bounded, comma-separated list: ``a, b, c … and 12 more``.

    :param names: names to list, in the order they should be read.
    :param limit: how many are written out.
    """
    head = ", ".join(name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…" for name in names[:limit])
    return head if len(names) <= limit else f"{head} … and {len(names) - limit} more"


def counted(number: int, what: str, several: str | None = None) -> str:
    """Return a number with its noun: ``1 batch``, ``2 batches``.

    :param number: how many.
    :param what: one of them.
    :param several: more of them, where it is not ``what`` with ``s`` (or ``es``) behind it.
    """
    more = several or f"{what}{'es' if what.endswith(('ch', 's', 'x')) else 's'}"
    return f"{number:,} {what if number == 1 else more}"


class LoopwrightError(Exception):
    """The root of every error that Loopwright raises on purpose. None of its parts shows the password of a URL.

    :param what: one sentence that says what happened.
    :param where: the file and key path, table, batch or URL it happened at.
    :param got: the offending value.
    :param allowed: what would have been accepted.
    :param mend: what the reader can do about it.
    """

    exit_status = 2
    retryable = False

    def __init__(
        self,
        what: str,
        *,
        where: object | None = None,
        got: object | None = None,
        allowed: object | None = None,
        mend: str | None = None,
    ) -> None:
        self.what = without_logins(what)
        self.where = None if where is None else shown(str(where))
        self.got = None if got is None else shown(got)
        self.allowed = None if allowed is None else shown(allowed)
        self.mend = None if mend is None else without_logins(mend)
        super().__init__(self.what)

    def __str__(self) -> str:
        lines = [self.what]
        for name in ("where", "got", "allowed", "mend"):
            value = getattr(self, name)
            if value is not None:
                lines.append(f"  {name}: {value}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.to_dict())

    def to_dict(self) -> dict[str, str | None]:
        """Return the parts as plain values, for JSON and for another process."""
        return {name: getattr(self, name) for name in ("what", "where", "got", "allowed", "mend")}


def _rebuild(cls: type[LoopwrightError], parts: dict[str, str | None]) -> LoopwrightError:
    what = parts.pop("what") or ""
    return cls(what, **parts)


class DataFault(LoopwrightError):
    """The data, the model or the declaration is wrong: the same input fails the same way again."""


class CannotRun(LoopwrightError):
    """The surroundings failed (a server, a disk, a lock): the same call may succeed later."""

    retryable = True


class DeclarationError(DataFault):
    """A ``dataset.yaml`` or ``model.yaml`` that does not say what it must."""


class UnknownName(DataFault):
    """A dataset, model, batch or version that does not exist; names the nearest that does."""


class ArrivalUnreadable(DataFault):
    """A batch whose bytes are not the declared format (empty, truncated, wrong magic)."""


class NotReady(DataFault):
    """Asked for a step whose input does not exist yet (no champion to score with, no candidate to release)."""


class UserCodeFailed(DataFault):
    """The team's own function (cleaning, features, training) raised or returned something unusable."""


class ArtifactTampered(DataFault):
    """A registered artifact whose bytes are not those that were judged."""


class MissingExtra(CannotRun):
    """A library of an optional extra is not installed here."""

    retryable = False


class LakeUnavailable(CannotRun):
    """The lake could not be read or written."""


class LedgerUnavailable(CannotRun):
    """The ledger's database could not be reached, or its schema is not ours."""


class LedgerConflict(CannotRun):
    """Someone else decided first: the subject moved on since it was read."""


class TrackingUnavailable(CannotRun):
    """MLflow could not be reached."""
