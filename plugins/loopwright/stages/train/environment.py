"""What a training ran in: Python, the pinned distributions that the model's code uses, the commit it came from.

Read from metadata and from the code's syntax, without importing any of it: deciding must stay cheap.
"""

from __future__ import annotations

import ast
import platform
import sys
from importlib import metadata
from pathlib import Path

from loopwright.declaration.code import code_files

ALWAYS = ("cloudpickle", "numpy", "pandas", "scikit-learn")
"""What every artifact needs, whatever its own code imports."""


def requirements_of(folder: Path) -> list[str]:
    """Return the distributions that a model's code needs, pinned as they are here.

    :param folder: the model's folder; a ``requirements.txt`` in it is added as it stands.
    """
    names = {*ALWAYS, *_distributions(imported_modules(folder))}
    found = {name: _pinned(name) for name in sorted(names, key=str.lower)}
    given = folder / "requirements.txt"
    lines = given.read_text(encoding="utf-8").splitlines() if given.is_file() else []
    own = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    return [*[pin for pin in found.values() if pin], *own]


def environment_of(folder: Path) -> dict[str, object]:
    """Return what a result may depend on besides data, code and parameters."""
    return {"python": platform.python_version(), "machine": platform.machine(), "requirements": requirements_of(folder)}


def imported_modules(folder: Path) -> set[str]:
    """Return the top-level modules that a folder's code imports and that are neither its own nor Python's.

    :param folder: the model's folder. Code that is no Python names nothing here; running it says what is wrong.
    """
    found: set[str] = set()
    for path in code_files(folder):
        try:
            tree = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    own = {path.relative_to(folder).parts[0].removesuffix(".py") for path in code_files(folder)}
    return found - own - sys.stdlib_module_names


def git_commit(folder: Path) -> str | None:
    """Return the commit that is checked out around a folder; ``None`` where there is none to be read."""
    for parent in (folder, *folder.parents):
        head = parent / ".git" / "HEAD"
        if head.is_file():
            return _resolved(head)
    return None


def _distributions(modules: set[str]) -> set[str]:
    unknown = modules - {"numpy", "pandas", "sklearn", "cloudpickle"}
    if not unknown:
        return set()
    known = metadata.packages_distributions()
    return {known[module][0] for module in unknown if module in known}


def _pinned(name: str) -> str | None:
    try:
        return f"{name}=={metadata.version(name)}"
    except metadata.PackageNotFoundError:
        return None


def _resolved(head: Path) -> str | None:
    said = head.read_text(encoding="utf-8").strip()
    name = said.removeprefix("ref: ")
    if name == said:
        return said
    loose = head.parent / name
    if loose.is_file():
        return loose.read_text(encoding="utf-8").strip()
    packed = head.parent / "packed-refs"
    lines = packed.read_text(encoding="utf-8").splitlines() if packed.is_file() else []
    return next((line.split()[0] for line in lines if line.endswith(f" {name}")), None)
