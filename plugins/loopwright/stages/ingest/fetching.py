"""An arrival's bytes on this machine, with their digest, and proof that they stayed the same meanwhile."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from loopwright.lake.storage import is_local, opened
from loopwright.stages.ingest.arrivals import Arrival, ArrivalOutOfReach, signature_of


@dataclass(frozen=True)
class Fetched:
    """A local file with an arrival's bytes.

    :param path: the arrival itself where it is local, else a copy that lives as long as it is read.
    :param digest: SHA-256 of the bytes, 64 hexadecimal digits.
    """

    path: Path
    digest: str


@contextmanager
def fetched(arrival: Arrival, storage_options: Mapping[str, str]) -> Iterator[Fetched]:
    """Have an arrival at hand for the length of a ``with`` block.

    :param arrival: as it was listed.
    :param storage_options: for object stores.
    :raises ArrivalOutOfReach: if it cannot be fetched.
    """
    filesystem, name = opened(arrival.path, storage_options)
    with TemporaryDirectory(prefix="loopwright-") as folder:
        path = Path(name) if is_local(filesystem) else Path(folder) / PurePosixPath(name).name
        try:
            if not is_local(filesystem):
                filesystem.get_file(name, str(path))
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
        except Exception as error:
            raise ArrivalOutOfReach(
                "The arrival could not be fetched.",
                where=arrival.path,
                got=error,
                mend="Is it still there, may this user read it, and is there room for a copy?",
            ) from error
        yield Fetched(path, digest)


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
