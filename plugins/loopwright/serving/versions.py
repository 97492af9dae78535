"""From a version in the ledger to a predictor: downloaded from the registry, loaded by the digest that was judged.

A process that asks for the same version again, batch after batch, downloads it once: bytes that are known by their
digest do not change. Each predictor still has a copy and an estimator of its own, checked anew.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from loopwright.serving.artifact import load
from loopwright.tracking import Tracking

if TYPE_CHECKING:
    from loopwright.declaration import Workspace
    from loopwright.serving.predictor import Predictor

KEPT = 2
"""Versions whose files stay on disk: a champion, and the candidate that is held against it."""
_Key = tuple[str, str, str]


def load_version(workspace: Workspace, entry: Mapping[str, Any], *, anew: bool = False) -> Predictor:
    """Load a registered version, or a trained candidate that is not registered yet.

    :param workspace: where MLflow is.
    :param entry: what the ledger holds of it: ``source`` and ``artifact_digest`` are used.
    :param anew: look at what the registry holds now, as whoever decides about a release must.
    :raises ArtifactTampered: if the bytes are not those that were judged.
    :raises TrackingUnavailable: if they cannot be downloaded.
    """
    key = (workspace.tracking, str(entry["source"]), str(entry["artifact_digest"]))
    if anew:
        _downloads.forget(key)
    try:
        return load(_downloads.copy(key), entry["artifact_digest"], Path(workspace.project))
    except BaseException:
        _downloads.forget(key)
        raise


class _Downloads:
    """The last downloads of this process, on its disk until others take their place or it ends. Not for threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, tuple[TemporaryDirectory[str], Path]] = OrderedDict()

    def copy(self, key: _Key) -> Path:
        """Return where a version's files are, downloaded if they are not there.

        :param key: tracking URI, source and digest.
        """
        if key not in self._kept or not self._kept[key][1].is_dir():
            folder = TemporaryDirectory(prefix="loopwright-")
            self._kept[key] = folder, Tracking(key[0]).download_source(key[1], Path(folder.name))
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return self._kept[key][1]

    def forget(self, key: _Key) -> None:
        """Download a version anew when it is asked for again."""
        self._kept.pop(key, None)


_downloads = _Downloads()
