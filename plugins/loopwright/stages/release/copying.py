"""The champion's files and card, copied to a path or an S3 prefix, where who serves it takes them from.

A version's folder is named by its digest and written once; ``champion.json`` beside it names the one to take, and is
replaced in one piece, last. So a reader finds the champion before or the champion after, and never half of one.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from loopwright.errors import CannotRun
from loopwright.lake.files import write_whole
from loopwright.lake.storage import is_local, opened
from loopwright.ledger.store import Ledger
from loopwright.stages.release.judged_files import judged_files
from loopwright.stages.release.model_card import card_for

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec, Workspace

POINTER = "champion.json"
_LAST = "model_card.html"
"""What is written last into a version's folder, and so says that it is whole."""
_ABANDONED = 3600.0
"""Seconds after which a part that did not grow is taken for left behind."""


def copy_champion(workspace: Workspace, model: ModelSpec, target: str) -> None:
    """Bring a place up to today's champion, whichever that is: twice leaves what once leaves.

    :param workspace: where everything is.
    :param model: the model's declaration.
    :param target: path or URL of the place for all models; a relative path is below the project, whoever runs this.
    :raises ArtifactTampered: if the registry's files are not those that were judged; nothing is copied then.
    :raises CannotRun: if the place cannot be written.
    """
    ledger = Ledger.of(workspace)
    place = target if "://" in target else str(Path(workspace.project, target))
    while True:
        champion = ledger.model(model.name).champion
        if champion is None:
            return
        folder = f"{champion['version']}-{champion['artifact_digest'][:12]}"
        root = f"{place.rstrip('/')}/{model.name}"
        try:
            _put(workspace, model, champion, f"{root}/{folder}")
            said = {"model": model.name, "version": champion["version"], "folder": folder, "since": champion["since"]}
            said["artifact_digest"] = champion["artifact_digest"]
            write_whole(f"{root}/{POINTER}", json.dumps(said, indent=1) + "\n", workspace.storage_options)
        except OSError as error:
            raise CannotRun("The place for copies cannot be written.", where=target, got=str(error)) from error
        now = ledger.model(model.name).champion or {}
        if now.get("version") == champion["version"]:
            return


def _put(workspace: Workspace, model: ModelSpec, champion: Mapping[str, Any], place: str) -> None:
    """Write a version's folder: its files, then its cards, the page last."""
    filesystem, path = opened(place, workspace.storage_options)
    if not filesystem.exists(f"{path}/{_LAST}"):
        _sweep(filesystem, path)
        if not (is_local(filesystem) and filesystem.exists(f"{path}/artifact")):  # else there whole: it was renamed
            with TemporaryDirectory(prefix="loopwright-") as scratch:
                files = judged_files(workspace, champion, Path(scratch))
                _upload(filesystem, files, path)
    _require_same(filesystem, path, champion["artifact_digest"])
    card = card_for(workspace, model, str(champion["version"]))
    for name, text in (("model_card.md", card.markdown()), (_LAST, card.html())):
        write_whole(f"{place}/{name}", text, workspace.storage_options)


def _upload(filesystem: Any, files: Path, path: str) -> None:
    """Copy the files, under another name first where a folder can be renamed."""
    if not is_local(filesystem):
        filesystem.put(f"{files}/", f"{path}/artifact/", recursive=True)
        return
    part = f"{path}/.{uuid4().hex}.part"
    try:
        filesystem.put(f"{files}/", f"{part}/", recursive=True)
        Path(part).rename(f"{path}/artifact")
    except OSError:
        shutil.rmtree(part, ignore_errors=True)
        if not filesystem.exists(f"{path}/artifact"):  # else another was first; what it wrote has the same digest
            raise


def _require_same(filesystem: Any, path: str, digest: str) -> None:
    """Refuse to point at files that are not those that were judged, whoever put them there or changed them since.

    :raises CannotRun: if they are not.
    """
    from loopwright.serving.artifact import artifact_digest

    with TemporaryDirectory(prefix="loopwright-") as scratch:
        there = Path(path) / "artifact" if is_local(filesystem) else Path(scratch) / "artifact"
        if not is_local(filesystem):
            filesystem.get(f"{path}/artifact/", f"{there}/", recursive=True)
        found = artifact_digest(there)
    if found != digest:
        raise CannotRun(
            "What lies at the place for copies is not the champion that was judged.",
            where=f"{path}/artifact",
            got=found,
            allowed=digest,
            mend="Find who changed it, and remove that folder: the next run writes it anew.",
        )


def _sweep(filesystem: Any, path: str) -> None:
    """Remove what copies that were killed left behind; one that is still at work is not that old."""
    if not is_local(filesystem):
        return
    for part in Path(path).glob(".*.part"):
        with suppress(OSError):
            if part.is_dir() and time.time() - part.stat().st_mtime > _ABANDONED:
                shutil.rmtree(part, ignore_errors=True)
