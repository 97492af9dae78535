"""What has arrived, and which of it waits: the one answer that triggers, sensors and the loop share.

Light on purpose (a trigger imports it): no frame library. It only lists and reads the ledger, and deletes nothing.
What must stay true: an arrival is told from a newer one under the same name by its signature, which is cheap (no
file is opened), and a batch is handled when the ledger says so for that very signature, never because a file is old.
A batch that was set aside waits again when it would be judged by something else, or beside others, today. A file that
can be no batch is refused by itself, and keeps no other from its turn.
"""

from __future__ import annotations

import errno
import hashlib
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from loopwright.errors import CannotRun, DataFault, DeclarationError, LoopwrightError, UnknownName, shown, shown_names
from loopwright.lake.storage import is_local, opened
from loopwright.ledger.state import DatasetState, natural
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.batch_names import batch_name
from loopwright.stages.ingest.beside import stands_as_before
from loopwright.stages.ingest.judged_by import judged_by

if TYPE_CHECKING:
    from loopwright.declaration import Workspace
    from loopwright.declaration.dataset import DatasetSpec

_UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".crdownload", ".filepart", ".swp", "~")
_MAGIC = re.compile(r"[*?\[]")
_MARKS = ("ETag", "etag", "md5Hash", "LastModified", "last_modified", "mtime", "updated", "created")


class ArrivalsMissing(CannotRun):
    """The place where arrivals are expected is not there: not mounted, not created, or misspelt."""


class ArrivalOutOfReach(CannotRun):
    """One arrival cannot be had now: it may not be read, or it changes meanwhile. The others may well be had."""


@dataclass(frozen=True)
class Arrival:
    """One file that arrived, or several that make one batch.

    :param batch_id: the batch it is, by its name.
    :param path: a local path, or a URL; the first, of several.
    :param signature: changes when a file changes; from its size and its time or ETag, without opening it.
    :param parts: all paths, where several files make the batch.
    """

    batch_id: str
    path: str
    signature: str
    parts: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """Every file."""
        return self.parts or (self.path,)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Refused:
    """A file, or several, that can be no batch: its name is not safe, or another file claims the same batch.

    :param name: the batch that is claimed; a file's name, where it gives none.
    :param fault: what is wrong, and how to mend it.
    """

    name: str
    fault: DataFault

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"name": self.name, "error": self.fault.to_dict()}


@dataclass(frozen=True)
class Listing:
    """What there is at the source.

    :param arrivals: in the natural order of their batch ids.
    :param refused: what can be no batch.
    """

    arrivals: tuple[Arrival, ...]
    refused: tuple[Refused, ...] = ()

    def only(self, batch_id: str, dataset: DatasetSpec) -> Listing:
        """Return what there is of one batch.

        :param batch_id: the batch, or the name of a refused file.
        :param dataset: for the message.
        :raises UnknownName: if there is nothing; the nearest is said.
        """
        refused = tuple(refused for refused in self.refused if refused.name == batch_id)
        return Listing((), refused) if refused else Listing((arrival_of(self, batch_id, dataset),))


def listed(
    pattern: str,
    batch_id: str = "{stem}",
    storage_options: Mapping[str, str] | None = None,
    *,
    many: bool = False,
    complete: str | None = None,
) -> Listing:
    """Return every file that a glob matches, in the natural order of the batch ids.

    Hidden files and files still being written by their name (``.x``, ``x.part``, ``x.tmp``, ``x~``) are no arrivals.
    An empty file is one.

    :param pattern: an absolute path or URL, with or without ``*``.
    :param batch_id: how a batch is named; ``{stem}``, ``{name}`` and ``{parent}`` are filled in.
    :param storage_options: for object stores.
    :param many: whether all files of one batch id make one batch, instead of being refused.
    :param complete: the name of a file that says, beside the others, that all of them are there.
    :raises ArrivalsMissing: if the folder (or bucket) above the glob does not exist.
    :raises DeclarationError: if batches cannot be named that way.
    :raises CannotRun: if the storage does not answer.
    """
    filesystem, path = opened(pattern, storage_options)
    try:
        filesystem.invalidate_cache()  # an object store's cached listing would hide what arrived since
        found: dict[str, dict[str, Any]] = filesystem.glob(path, detail=True)
        files = {name: mark for name, info in found.items() if (mark := _signature(filesystem, name, info))}
        if not found:
            _require_root(filesystem, path, pattern)
    except LoopwrightError:
        raise
    except Exception as error:
        raise CannotRun(
            "The arrivals could not be listed.",
            where=pattern,
            got=error,
            mend="Can this machine reach the storage, and may it list the folder?",
        ) from error
    root = _root(path)
    names = [name for name in files if not _passed_over(name.removeprefix(root))]
    arrivals, refused = [], []
    for name in names:
        try:
            _require_within(filesystem, name, root)
            arrivals.append(Arrival(batch_name(batch_id, name), _address(filesystem, name), files[name]))
        except DeclarationError:
            raise
        except DataFault as fault:
            refused.append(Refused(name.removeprefix(root), fault))
    arrivals.sort(key=lambda arrival: (natural(arrival.batch_id), natural(arrival.path)))
    if not many:
        return _distinct(arrivals, refused)
    own = [arrival for arrival in arrivals if PurePosixPath(arrival.path).name != complete]
    return Listing(tuple(one for one in _together(own) if _is_complete(filesystem, one, complete)), tuple(refused))


def _together(arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Return the files of each batch as one arrival, whose signature changes when any of them does, or one comes."""
    batches: dict[str, list[Arrival]] = {}
    for arrival in arrivals:
        batches.setdefault(arrival.batch_id, []).append(arrival)
    return [
        Arrival(batch_id, files[0].path, _sum_of([one.signature for one in files]), tuple(one.path for one in files))
        for batch_id, files in batches.items()
    ]


def _sum_of(signatures: Sequence[str]) -> str:
    return f"{len(signatures)}:{hashlib.sha256(chr(10).join(signatures).encode()).hexdigest()[:32]}"


def _is_complete(filesystem: Any, arrival: Arrival, complete: str | None) -> bool:
    if complete is None:
        return True
    folder = arrival.path.rpartition("/")[0]
    return bool(filesystem.exists(f"{folder}/{complete}"))


def listed_for(workspace: Workspace, dataset: DatasetSpec) -> Listing:
    """Return every arrival of a dataset, handled or not, in the natural order of the batch ids.

    :param workspace: where the arrivals' root is.
    :param dataset: the dataset.
    """
    if dataset.query is None:
        return listed(
            workspace.arrivals_glob(dataset.arrivals),
            dataset.batch_id,
            workspace.storage_options,
            many=dataset.files == "many",
            complete=dataset.complete,
        )
    try:
        return listed(fetched_glob(workspace.lake, dataset.name), "{stem}", workspace.storage_options)
    except ArrivalsMissing:  # nothing was asked for yet
        return Listing(())


def fetched_glob(lake: str, dataset: str) -> str:
    """Return where what a query gave lies, each result a file."""
    return f"{lake}/datasets/{dataset}/fetched/*.parquet"


def waiting(workspace: Workspace, dataset: DatasetSpec, *, batch_id: str | None = None, force: bool = False) -> Listing:
    """Return the arrivals that ingest has still to handle, in order, and what it cannot handle.

    :param workspace: where arrivals and ledger are.
    :param dataset: the dataset.
    :param batch_id: only this one; if it was set aside, it is listed, so that its verdict is said again.
    :param force: also those that were handled.
    :raises UnknownName: if no arrival gives ``batch_id``; the nearest is said.
    :raises DeclarationError: if batches were set aside, and what they would be judged by today cannot be read.
    """
    found = listed_for(workspace, dataset)
    if batch_id is not None:
        found = found.only(batch_id, dataset)
    if force:
        return found
    state = Ledger.of(workspace).dataset(dataset.name)
    if batch_id is not None and _is_set_aside(state, batch_id):
        return found
    today = judged_by(workspace.project, dataset) if state.set_aside() else None
    return Listing(tuple(unhandled(state, found.arrivals, today, ruled=batch_id is None)), found.refused)


def unhandled(
    state: DatasetState, listed: Sequence[Arrival], today: str | None, *, ruled: bool = True
) -> list[Arrival]:
    """Return what the ledger has no answer for, in the natural order of the batch ids.

    :param state: the dataset's state.
    :param listed: what there is at the source.
    :param today: as for :func:`is_handled`.
    :param ruled: also batches that a person decided about and whose file is gone.
    """
    waits = [one for one in listed if not is_handled(state, one, today)]
    return sorted([*waits, *(_ruled_about(state, listed) if ruled else [])], key=lambda one: natural(one.batch_id))


def is_handled(state: DatasetState, arrival: Arrival, today: str | None) -> bool:
    """Tell whether the ledger has an answer for this very file, and one that still stands.

    :param state: the dataset's state.
    :param arrival: the file.
    :param today: the digest of what a batch would be judged by; ``None`` where that is not known.
    """
    known = state.arrival(arrival.batch_id)
    ruling = state.ruling(arrival.batch_id)
    if known is None or known["signature"] != arrival.signature or (ruling and not ruling["done"]):
        return False
    if known["status"] != "quarantined" or today is None:
        return True
    return known.get("judged_by") == today and stands_as_before(state, known)


def _ruled_about(state: DatasetState, listed: Sequence[Arrival]) -> list[Arrival]:
    """Return the batches that a person decided about and whose file is gone: what was held of them is there."""
    there = {one.batch_id for one in listed}
    known = [(ruling, state.arrival(ruling["batch_id"])) for ruling in state.open_rulings()]
    return [
        Arrival(ruling["batch_id"], str(ruling["held"]), arrival["signature"])
        for ruling, arrival in known
        if arrival and ruling["batch_id"] not in there
    ]


def _is_set_aside(state: DatasetState, batch_id: str) -> bool:
    return any(known["batch_id"] == batch_id for known in state.set_aside())


def arrival_of(found: Listing, batch_id: str, dataset: DatasetSpec) -> Arrival:
    """Return the arrival of one batch.

    :param found: what there is.
    :param batch_id: the batch.
    :param dataset: for the message.
    :raises UnknownName: if there is none.
    :raises DataFault: if its file is refused.
    """
    by_id = {arrival.batch_id: arrival for arrival in found.arrivals}
    if batch_id in by_id:
        return by_id[batch_id]
    for refused in found.refused:
        if refused.name == batch_id:
            raise refused.fault
    near = get_close_matches(batch_id, by_id, n=1)
    raise UnknownName(
        f"No file has arrived for the batch {shown(batch_id)!r}.",
        where=f"dataset {dataset.name}: {dataset.arrivals}",
        allowed=shown_names(list(by_id)) or "nothing has arrived yet",
        mend=f"Did you mean {near[0]!r}?" if near else "Name a batch whose file is there, or bring the file back.",
    )


def signature_of(arrival: Arrival, storage_options: Mapping[str, str] | None = None) -> str | None:
    """Return the signature that an arrival's file has now; ``None`` if it is gone.

    :param arrival: the file as it was listed.
    :param storage_options: for object stores.
    """
    found = [_signature_now(path, storage_options) for path in arrival.paths]
    known = [one for one in found if one is not None]
    if len(known) < len(found):
        return None
    return _sum_of(known) if arrival.parts else known[0]


def _signature_now(path: str, storage_options: Mapping[str, str] | None) -> str | None:
    filesystem, name = opened(path, storage_options)
    try:
        filesystem.invalidate_cache()
        return _signature(filesystem, name, {} if is_local(filesystem) else filesystem.info(name))
    except FileNotFoundError:
        return None


def _signature(filesystem: Any, name: str, info: Mapping[str, Any]) -> str | None:
    if is_local(filesystem):
        return _local_signature(name)
    if info.get("type") != "file" or name.endswith("/"):
        return None
    mark = next((str(info[key]) for key in _MARKS if info.get(key) is not None), "")
    return f"{info.get('size')}:{mark.strip(chr(34))}"


def _local_signature(name: str) -> str | None:
    """Ask the disk itself: it follows links, and keeps the whole of the time that fsspec rounds to a float."""
    try:
        found = Path(name).stat()
    except FileNotFoundError:  # a dangling link, or gone between two looks
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:  # a link to itself
            return None
        raise
    return f"{found.st_size}:{found.st_mtime_ns}" if stat.S_ISREG(found.st_mode) else None


def _root(path: str) -> str:
    """Return the part of a glob above its first folder with a wildcard."""
    magic = _MAGIC.search(path)
    return path[: path.rfind("/", 0, magic.start() if magic else len(path)) + 1]


def _require_root(filesystem: Any, path: str, pattern: str) -> None:
    root = _root(path)
    place = root if is_local(filesystem) else root.strip("/").partition("/")[0]  # a bucket has no empty folders
    if place and not filesystem.exists(place):
        raise ArrivalsMissing(
            "The place where arrivals are expected does not exist.",
            where=pattern,
            got=place,
            mend="Create it (or mount it), or mend `arrivals` in dataset.yaml, or say where with LOOPWRIGHT_ARRIVALS.",
        )


def _require_within(filesystem: Any, name: str, root: str) -> None:
    """Refuse a link that leads out of the folder: who may put files there need not be one who may read the rest."""
    if not is_local(filesystem) or not Path(name).is_symlink():
        return
    leads_to, folder = Path(name).resolve(), Path(root).resolve()
    if not leads_to.is_relative_to(folder):
        raise DataFault(
            "A link among the arrivals leads out of their folder.",
            where=name,
            got=leads_to,
            allowed=f"files below {folder}",
            mend="Put the file itself there; or declare the folder that it leads to as the place of the `arrivals`.",
        )


def _passed_over(relative: str) -> bool:
    return any(part.startswith(".") for part in relative.split("/")) or relative.lower().endswith(_UNFINISHED)


def _address(filesystem: Any, name: str) -> str:
    return name if is_local(filesystem) else str(filesystem.unstrip_protocol(name))


def _distinct(arrivals: Sequence[Arrival], refused: Sequence[Refused]) -> Listing:
    """Refuse every batch that several files claim: which of them is meant, nobody here can tell."""
    files: dict[str, list[str]] = {}
    for arrival in arrivals:
        files.setdefault(arrival.batch_id, []).append(arrival.path)
    claimed = [
        Refused(
            batch_id,
            DataFault(
                f"{'Two' if len(paths) == 2 else len(paths)} files give the one batch id {batch_id!r}.",
                where=paths[0],
                got=paths[1],
                mend="Declare a `batch_id` that tells them apart, such as '{parent}-{stem}', or remove one of them.",
            ),
        )
        for batch_id, paths in files.items()
        if len(paths) > 1
    ]
    alone = tuple(arrival for arrival in arrivals if len(files[arrival.batch_id]) == 1)
    return Listing(alone, (*refused, *claimed))
