"""What there is at the source, by one look. It opens no file, deletes nothing, and follows no link out of the folder.

Light on purpose (a trigger imports it): no frame library. A file that can be no batch is refused by itself, and keeps
no other from its turn.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from loopwright.errors import CannotRun, DataFault, DeclarationError, LoopwrightError
from loopwright.lake.storage import is_local, opened
from loopwright.ledger.state import natural
from loopwright.stages.ingest.arriving.arrival import Arrival, ArrivalsMissing, Listing, Refused
from loopwright.stages.ingest.arriving.batch_names import batch_name
from loopwright.stages.ingest.arriving.signatures import signature, sum_of

if TYPE_CHECKING:
    from loopwright.declaration import Workspace
    from loopwright.declaration.dataset import DatasetSpec

_UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".crdownload", ".filepart", ".swp", "~")
_MAGIC = re.compile(r"[*?\[]")


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
        files = {name: mark for name, info in found.items() if (mark := signature(filesystem, name, info))}
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
        claimed = name.removeprefix(root)
        try:
            batch = batch_name(batch_id, name)
            claimed = batch if many else claimed
            _require_within(filesystem, name, root)
            arrivals.append(Arrival(batch, _address(filesystem, name), files[name]))
        except DeclarationError:
            raise
        except DataFault as fault:
            refused.append(Refused(claimed, fault))
    arrivals.sort(key=lambda arrival: (natural(arrival.batch_id), natural(arrival.path)))
    if not many:
        return _distinct(arrivals, refused)
    torn = {one.name for one in refused}  # without the file that is refused, the batch is not what was sent
    own = [one for one in arrivals if PurePosixPath(one.path).name != complete and one.batch_id not in torn]
    refused = list({one.name: one for one in refused}.values())
    return Listing(tuple(one for one in _together(own) if _is_complete(filesystem, one, complete)), tuple(refused))


def _together(arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Return the files of each batch as one arrival, whose signature changes when any of them does, or one comes."""
    batches: dict[str, list[Arrival]] = {}
    for arrival in arrivals:
        batches.setdefault(arrival.batch_id, []).append(arrival)
    return [
        Arrival(batch_id, files[0].path, sum_of([one.signature for one in files]), tuple(one.path for one in files))
        for batch_id, files in batches.items()
    ]


def _is_complete(filesystem: Any, arrival: Arrival, complete: str | None) -> bool:
    if complete is None:
        return True
    folder = arrival.path.rpartition("/")[0]
    return bool(filesystem.exists(f"{folder}/{complete}"))


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
