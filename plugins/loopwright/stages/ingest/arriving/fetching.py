"""An arrival's bytes on this machine, with their digest, and proof that they stayed the same meanwhile."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from loopwright.lake.storage import is_local, opened
from loopwright.stages.ingest.arriving.arrival import Arrival, ArrivalOutOfReach
from loopwright.stages.ingest.arriving.signatures import signature_of
from loopwright.stages.ingest.scratch import scratch


@dataclass(frozen=True)
class Fetched:
    """Local files with an arrival's bytes.

    :param path: the arrival itself where it is local, else a copy that lives as long as it is read.
    :param digest: SHA-256 of the bytes, 64 hexadecimal digits; of several files, over the digests of all.
    :param parts: every file, where several make the batch.
    """

    path: Path
    digest: str
    parts: tuple[Path, ...] = ()

    @property
    def paths(self) -> tuple[Path, ...]:
        """Every file."""
        return self.parts or (self.path,)

    def bytes(self) -> bytes:
        """Return the bytes as they are, of several files one after the other."""
        return b"".join(path.read_bytes() for path in self.paths)


@contextmanager
def fetched(arrival: Arrival, storage_options: Mapping[str, str]) -> Iterator[Fetched]:
    """Have an arrival at hand for the length of a ``with`` block.

    :param arrival: as it was listed.
    :param storage_options: for object stores.
    :raises ArrivalOutOfReach: if it cannot be fetched.
    """
    place = scratch()
    try:
        found = [_brought(path, place.path / str(n), storage_options) for n, path in enumerate(arrival.paths)]
        paths, digests = [path for path, _ in found], [digest for _, digest in found]
        if not arrival.parts:
            yield Fetched(paths[0], digests[0])
            return
        whole = hashlib.sha256("\n".join(digests).encode()).hexdigest()
        yield Fetched(paths[0], whole, tuple(paths))
    finally:
        place.erase()


def _brought(address: str, folder: Path, storage_options: Mapping[str, str]) -> tuple[Path, str]:
    """Return a file on this machine, and its digest."""
    filesystem, name = opened(address, storage_options)
    path = Path(name) if is_local(filesystem) else folder / PurePosixPath(name).name
    try:
        if not is_local(filesystem):
            folder.mkdir(exist_ok=True)
            filesystem.get_file(name, str(path))
        with path.open("rb") as stream:
            return path, hashlib.file_digest(stream, "sha256").hexdigest()
    except Exception as error:
        raise ArrivalOutOfReach(
            "The arrival could not be fetched.",
            where=address,
            got=error,
            mend="Is it still there, may this user read it, and is there room for a copy?",
        ) from error


def require_unchanged(arrival: Arrival, storage_options: Mapping[str, str]) -> None:
    """Refuse what was read if the file is not the one that was listed any more.

    :param arrival: as it was listed.
    :param storage_options: for object stores.
    :raises ArrivalOutOfReach: if it changed or went away meanwhile.
    """
    now = signature_of(arrival, storage_options)
    if now != arrival.signature:
        raise ArrivalOutOfReach(
            f"The arrival of batch {arrival.batch_id!r} changed while it was read.",
            where=arrival.path,
            got=now or "the file is gone",
            allowed=arrival.signature,
            mend="Let the source write under another name and rename when done; the next run reads it again.",
        )
