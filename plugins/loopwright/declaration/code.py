"""A team's own Python: loaded from its folder, by entrypoint, without two folders' ``features.py`` ever meeting.

Users write ``from features import build`` beside ``features.py``, as anyone would. Two models in one process both
have such a module, so a folder's modules live in ``sys.modules`` only while its code is in use.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from loopwright.declaration.quoting import cause, said
from loopwright.errors import DeclarationError, UserCodeFailed, shown_names

_NOT_CODE = ("tests", "__pycache__")
_SAID_ELSEWHERE = ("model.yaml", "dataset.yaml", "expectations.yaml")  # declarations have digests of their own


def code_files(folder: Path) -> list[Path]:
    """Return the Python files that make up a folder's code, its tests left out, sorted.

    :param folder: a dataset's or a model's folder.
    """
    return [path for path in source_files(folder) if path.suffix == ".py"]


def source_files(folder: Path) -> list[Path]:
    """Return all that a folder's code may depend on: its Python, and the small tables that it reads, sorted.

    :param folder: a dataset's or a model's folder; its tests, declarations and notes are left out.
    """
    return sorted(path for path in folder.rglob("*") if _is_source(path, path.relative_to(folder).parts))


def _is_source(path: Path, parts: tuple[str, ...]) -> bool:
    aside = set(parts) & set(_NOT_CODE) or any(part.startswith(".") for part in parts)
    said = path.name in _SAID_ELSEWHERE or path.suffix in {".md", ".pyc"}
    return not aside and not said and path.is_file() and not path.is_symlink()


def code_digest(folder: Path) -> str:
    """Return a digest over names and bytes of a folder's code, and of the tables that lie beside it.

    :param folder: a dataset's or a model's folder.
    :return: 64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for path in source_files(folder):
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def place_in(folder: Path, error: BaseException) -> str:
    """Return where in a folder's own code an error came from, such as ``features.py, line 12, in build``.

    :param folder: a dataset's or a model's folder, or a registered artifact's copy of it.
    :param error: what was raised, with its traceback.
    :return: empty where none of the folder's code was running.
    """
    root = folder.resolve()
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(root)]
    if not own:
        return ""
    last = own[-1]
    return f"{Path(last.filename).relative_to(root)}, line {last.lineno}, in {last.name}"


def raised_by(
    what: str, where: str | None, folder: Path, error: BaseException, *, mend: str | None = None
) -> UserCodeFailed:
    """Return the error for what a team's own code raised: with its file and line, where it has one.

    Raise it ``from`` :func:`loopwright.declaration.quoting.cause`: what was raised may quote a person's value.

    :param what: what raised, without its end, such as ``features:build``.
    :param where: the declaration that names it, and what it was given; ``None`` for the caller to add.
    :param folder: the folder of the code.
    :param error: what was raised.
    :param mend: what to do about it, where more can be said than to mend that line.
    """
    place = place_in(folder, error)
    return UserCodeFailed(
        f"{what} raised {type(error).__name__}{f' in {place}' if place else ''}.",
        where=where,
        got=said(error, folder),
        mend=mend or ("Mend that line; the folder's own tests are the place to try it." if place else None),
    )


@contextmanager
def code_of(folder: Path) -> Iterator[None]:
    """Make a folder's modules importable, by their own names, for the length of a ``with`` block.

    Everything that unpickles an object of the folder's own classes must happen inside. Not for threads.

    :param folder: a dataset's or a model's folder, or a registered artifact's copy of it.
    """
    root = str(folder.resolve())
    own = {path.stem for path in folder.glob("*.py")} | {path.parent.name for path in folder.glob("*/__init__.py")}
    shadowed = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] in own}
    sys.path.insert(0, root)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(root)
        for name in [name for name in sys.modules if name.partition(".")[0] in own]:
            del sys.modules[name]
        sys.modules.update(shadowed)


def load_function(entrypoint: str, folder: Path) -> Callable[..., Any]:
    """Return the function that ``module:function`` names. Call it inside :func:`code_of`.

    :param entrypoint: as declared.
    :param folder: where the module is.
    :raises DeclarationError: if module or function is not there.
    :raises UserCodeFailed: if importing the module raises.
    """
    module_name, _, function_name = entrypoint.partition(":")
    path = folder / f"{module_name.replace('.', '/')}.py"
    if not path.is_file():
        raise DeclarationError(
            f"There is no module {module_name!r} for the entrypoint {entrypoint!r}.",
            where=folder,
            allowed=shown_names([file.stem for file in folder.glob("*.py")]) or "no module is there yet",
            mend=f"Write {path}, or name another module.",
        )
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # noqa: BLE001 - raised again, in words that may be repeated
        raise raised_by(f"Importing {module_name!r}", str(path), folder, error) from cause(error, folder)
    function = getattr(module, function_name, None)
    if not callable(function):
        names = [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]
        near = get_close_matches(function_name, names, n=1)
        raise DeclarationError(
            f"The module {module_name!r} has no function {function_name!r}.",
            where=path,
            allowed=shown_names(names) or "it defines none",
            mend=f"Did you mean {near[0]!r}?" if near else "Write it there, or name one that there is.",
        )
    return function  # type: ignore[no-any-return]
