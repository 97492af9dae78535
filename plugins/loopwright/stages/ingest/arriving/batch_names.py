"""How a batch is named after its file. The name becomes a folder, a file and a partition, so it must lead nowhere."""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import PurePosixPath

from loopwright.errors import DataFault, DeclarationError

COMPRESSIONS = (".gz", ".bz2", ".xz")
"""Endings that say how a file is packed, not what it is."""

_PLACEHOLDER = re.compile(r"\{(\w*)\}")
_SAFE = re.compile(r"\w(?:[\w .=+@,()-]{0,198}[\w.=+@,()-])?")


def stem(name: str) -> str:
    """Return a file's name without its format and packing: ``2013-01.csv.gz`` gives ``2013-01``.

    :param name: the file's name, or its path.
    """
    path = PurePosixPath(name)
    if path.suffix.lower() in COMPRESSIONS:
        path = PurePosixPath(path.stem)
    return path.stem


def batch_name(template: str, path: str) -> str:
    """Return the batch id of a file.

    :param template: as declared; ``{stem}``, ``{name}`` and ``{parent}`` are filled in, and nothing is evaluated.
    :param path: the file's path.
    :raises DeclarationError: if the template has a placeholder that there is not.
    :raises DataFault: if what comes out is not safe to use as a name.
    """
    file = PurePosixPath(path)
    parts = {"stem": stem(path), "name": file.name, "parent": file.parent.name}
    unknown = [found for found in _PLACEHOLDER.findall(template) if found not in parts]
    if unknown:
        near = get_close_matches(unknown[0], parts, n=1)
        raise DeclarationError(
            "A batch cannot be named that way.",
            where="batch_id",
            got=template,
            allowed="{stem}, {name}, {parent}",
            mend=f"Did you mean {{{near[0]}}}?" if near else "Use the placeholders that there are.",
        )
    named = _PLACEHOLDER.sub(lambda match: parts[match[1]], template)
    if not _SAFE.fullmatch(named) or ".." in named:
        raise DataFault(
            "A file gives a batch id that is not safe to use as a name.",
            where=path,
            got=named,
            allowed="letters, digits and . _ - = + @ , ( ) or spaces between them, 200 at most, no '..'",
            mend="Rename the file, narrow the `arrivals` glob, or declare another `batch_id`.",
        )
    return named
