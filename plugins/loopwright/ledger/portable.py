"""A ledger as one portable file: JSON lines, which any database takes in again, and any eye can read.

The first line says what it is, the last one what must have come before it: how many events, each subject's head, and
a digest of every byte. What must stay true: a file is whole or absent, it holds one moment of the ledger, and nothing
of it is taken in before all of it was found sound.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

from loopwright.errors import CannotRun, DataFault, shown_names
from loopwright.ledger import journal, soundness
from loopwright.ledger.events import Event, Kind
from loopwright.ledger.tables import REVISION

if TYPE_CHECKING:
    from sqlalchemy import Connection

FORMAT = 1
_BATCH = 1000


class BackupUnusable(DataFault):
    """A backup that is not whole, was changed, or may not be taken in where it was to be."""


@dataclass(frozen=True)
class Backup:
    """What a backup holds.

    :param path: the file.
    :param events: how many.
    :param subjects: about how many.
    :param head: digest over the whole file but its last line, which carries it.
    """

    path: str
    events: int
    subjects: int
    head: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


def write(connection: Connection, path: Path) -> Backup:
    """Write the ledger, as one snapshot sees it, to a file that appears only when it is whole.

    :param connection: in a transaction that reads one snapshot.
    :param path: where to; an older file of that name is replaced.
    :raises CannotRun: if it cannot be written, or its folder is not there: a mistyped path would look like a backup.
    """
    heads: dict[str, list[Any]] = {}
    digest, count = hashlib.sha256(), 0

    def line(value: Any) -> bytes:
        said = (json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False) + "\n").encode()
        digest.update(said)
        return said

    if not path.parent.is_dir():
        raise CannotRun(
            "The folder that the backup was to go to is not there; nothing was written.",
            where=path.parent,
            mend=f"Correct the path, or make the folder first: mkdir -p {path.parent}",
        )
    try:
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            try:
                file.write(line({"loopwright_ledger": FORMAT, "revision": REVISION}))
                for event in journal.streamed(connection):
                    file.write(line(event.to_dict()))
                    heads[event.subject] = [event.sequence, event.hash]
                    count += 1
                head = digest.hexdigest()
                file.write(line({"events": count, "heads": heads, "sha256": head}))
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise CannotRun("The backup cannot be written.", where=path, got=error.strerror) from error
    return Backup(str(path), count, len(heads), head)


def checked(path: Path) -> Backup:
    """Read a backup from end to end, and say what it holds.

    :param path: the file.
    :raises BackupUnusable: if anything of it is not what was written.
    """
    digest, count = hashlib.sha256(), 0
    heads: dict[str, Event] = {}
    found: list[str] = []
    for said, value in _lines(path):
        if "sha256" in value:
            _require_same(path, value, count, heads, digest.hexdigest())
            return Backup(str(path), count, len(heads), value["sha256"])
        digest.update(said)
        if "loopwright_ledger" in value:
            continue
        event, count = _event(path, value), count + 1
        found += soundness.out_of_line(event, heads.get(event.subject))
        heads[event.subject] = event
        if found:
            raise _unusable(path, f"{event.subject}: {found[0]}")
    raise _unusable(path, "it has no last line: it was cut off")


def heads(path: Path) -> dict[str, tuple[int, str]]:
    """Return each subject's last event in a backup: its sequence and its hash.

    :param path: the file.
    :raises BackupUnusable: if anything of it is not what was written.
    """
    checked(path)
    *_, (_, last) = _lines(path)
    return {subject: (int(sequence), str(digest)) for subject, (sequence, digest) in last["heads"].items()}


def events(path: Path) -> Iterator[list[Event]]:
    """Yield a backup's events in their order, so many at a time.

    :param path: the file, found sound by :func:`checked`.
    """
    batch: list[Event] = []
    for _, value in _lines(path):
        if "hash" in value:
            batch.append(_event(path, value))
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _lines(path: Path) -> Iterator[tuple[bytes, dict[str, Any]]]:
    try:
        with path.open("rb") as file:
            for number, said in enumerate(file, start=1):
                try:
                    value = json.loads(said)
                except ValueError:
                    value = None
                if not isinstance(value, dict) or (number == 1) != ("loopwright_ledger" in value):
                    raise _unusable(path, f"line {number} is not a line of a ledger's backup")
                if number == 1 and value["loopwright_ledger"] != FORMAT:
                    raise _unusable(
                        path, f"its format is {value['loopwright_ledger']}, and this release reads {FORMAT}"
                    )
                yield said, value
    except OSError as error:
        raise CannotRun("The backup cannot be read.", where=path, got=error.strerror) from error


def _event(path: Path, value: dict[str, Any]) -> Event:
    try:
        return Event(**{**value, "kind": Kind(value["kind"])})
    except (TypeError, ValueError, KeyError) as error:
        raise _unusable(path, f"an event of a kind that this release does not know: {error}") from error


def _require_same(path: Path, last: dict[str, Any], count: int, heads: dict[str, Event], digest: str) -> None:
    counted = {subject: [event.sequence, event.hash] for subject, event in heads.items()}
    if last.get("events") != count or last.get("heads") != counted:
        differing = sorted(s for s in counted.keys() | last["heads"].keys() if counted.get(s) != last["heads"].get(s))
        raise _unusable(
            path, f"events are missing or too many, of {shown_names(differing) or 'no subject in particular'}"
        )
    if last["sha256"] != digest:
        raise _unusable(path, "its bytes are not those that were written")


def _unusable(path: Path, why: str) -> BackupUnusable:
    return BackupUnusable(
        "The backup is not what was written, so nothing of it is used.",
        where=path,
        got=why,
        mend="Take an older backup, or find out who changed this one.",
    )
