"""Writes the folder that a team starts from. Nothing that is there already is ever overwritten."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from pydantic import TypeAdapter, ValidationError

from loopwright.declaration.fields import Name
from loopwright.errors import CannotRun, DeclarationError

SUFFIX = ".txt"
"""Templates of Python files carry it, for they are not Python yet."""

ESTIMATORS = {
    "binary_classification": ("HistGradientBoostingClassifier", "roc_auc", "at_least: 0.6"),
    "multiclass_classification": ("HistGradientBoostingClassifier", "balanced_accuracy", "at_least: 0.5"),
    "regression": ("HistGradientBoostingRegressor", "mean_absolute_error", "at_most: 10"),
}
"""Task to the estimator, the primary metric and an example of a bound that its template names."""


def write(kind: str, parent: Path, values: Mapping[str, str]) -> list[Path]:
    """Write the folder of a new dataset or model, whole or not at all.

    :param kind: ``dataset`` or ``model``.
    :param parent: the folder it is to be in.
    :param values: what the templates are filled with, its ``name`` among them.
    :return: the files written.
    :raises DeclarationError: if the name is none, or the folder is there already.
    :raises CannotRun: if it cannot be written.
    """
    _require_name(values["name"])
    target = parent / values["name"]
    if target.exists():
        raise DeclarationError(
            f"There is a {kind} called {target.name!r} already; nothing was written.",
            where=target,
            mend="Choose another name, or edit what is there.",
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise CannotRun("The folder could not be written.", where=target, got=error) from error
    try:
        _fill(resources.files("loopwright.cli").joinpath("templates", kind), aside, values)
        aside.chmod(0o777 & ~_umask())
        aside.rename(target)
    except OSError as error:
        shutil.rmtree(aside, ignore_errors=True)
        raise CannotRun("The folder could not be written; nothing was.", where=target, got=error) from error
    return sorted(path for path in target.rglob("*") if path.is_file())


def _require_name(name: str) -> None:
    try:
        TypeAdapter(Name).validate_python(name)
    except ValidationError as error:
        message = error.errors()[0]["msg"].removeprefix("Value error, ")
        mend = _proposed(name)
        raise DeclarationError("That is no name for a declaration.", got=name, allowed=message, mend=mend) from None


def _proposed(name: str) -> str | None:
    """Return the nearest name that would do, if there is any."""
    near = re.sub(r"[^a-z0-9_]+", "_", name.lower()).lstrip("_0123456789").rstrip("_")[:63]
    return f"Did you mean {near!r}?" if near else None


def _fill(template: Traversable, folder: Path, values: Mapping[str, str]) -> None:
    folder.mkdir(exist_ok=True)
    for part in template.iterdir():
        if part.is_dir():
            _fill(part, folder / part.name, values)
        else:
            text = Template(part.read_text(encoding="utf-8")).substitute(values)
            (folder / part.name.removesuffix(SUFFIX)).write_text(text, encoding="utf-8")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
