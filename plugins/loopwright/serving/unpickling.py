"""Unpickling that makes only what was declared: an estimator's pickle names every type and function that it calls.

A digest says that the bytes are those that were judged; this says that they make estimators and not, say, processes.
Allowed are the libraries of every artifact, the model's own code, what that code imports, and what ``train.types``
names. Code that is pickled by value (a lambda, a class of a notebook) is the team's own, and is covered by the digest.
"""

from __future__ import annotations

import io
import pickle
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from loopwright.errors import UserCodeFailed, shown_names

LIBRARIES = ("cloudpickle", "joblib", "numpy", "pandas", "scipy", "sklearn")
"""Modules whose types any estimator may hold."""
_STANDARD = ("_codecs", "abc", "collections", "copy_reg", "copyreg", "dataclasses", "datetime", "decimal", "enum",
             "fractions", "functools", "itertools", "math", "numbers", "re", "string", "types", "typing", "uuid",
             "weakref", "zoneinfo")  # fmt: skip
"""Of Python's own: what holds values, and nothing that reaches outside of the process."""
_BUILTINS_REFUSED = frozenset({"__import__", "breakpoint", "compile", "eval", "exec", "input", "open"})
_LOADERS = frozenset({"eval", "exec", "load", "loads", "read_pickle", "runstring"})
"""Of allowed libraries: what would unpickle or run anything, unasked."""


def unpickled(content: bytes, *, declared: Collection[str], own: Collection[str], where: object) -> Any:
    """Return what a pickle holds.

    :param content: the pickle, whose digest was checked.
    :param declared: top-level modules that the model's code imports, or that its declaration names.
    :param own: the top-level modules of the model's own code.
    :param where: for errors.
    :raises UserCodeFailed: if it asks for anything else; nothing of that is imported or called.
    """
    return _Declared(io.BytesIO(content), {*LIBRARIES, *_STANDARD, *declared, *own}, where).load()


@contextmanager
def only_declared(declared: Collection[str], *, own: Collection[str], where: object) -> Iterator[None]:
    """Let whatever is unpickled meanwhile in this process, by whichever library, be made of what is declared alone.

    For a process of its own: Python calls back at each name that an unpickler looks up, and such a hook stays for ever.

    :param declared: as for :func:`unpickled`.
    :param own: likewise.
    :param where: for errors.
    :raises UserCodeFailed: if anything else was asked for, whatever the library made of that.
    """
    judge, over = _Declared(io.BytesIO(), {*LIBRARIES, *_STANDARD, *declared, *own}, where), list[bool]()
    resolving, refused = list[object](), list[UserCodeFailed]()

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event != "pickle.find_class" or over or resolving:
            return
        resolving.append(arguments)  # the judge looks the name up itself
        try:
            judge.find_class(*arguments)
        except UserCodeFailed as error:
            refused.append(error)
            raise
        finally:
            resolving.clear()

    sys.addaudithook(hook)
    try:
        yield
    except Exception:
        if refused:
            raise refused[0] from None
        raise
    finally:
        over.append(True)
    if refused:  # the library went on without it
        raise refused[0]


def require_declared(names: Collection[str], declared: Collection[str], *, own: Collection[str], where: object) -> None:
    """Refuse names of types and functions that nobody declared, for formats that list theirs.

    :param names: as ``module.name``.
    :param declared: as for :func:`unpickled`.
    :param own: likewise.
    :param where: for errors.
    :raises UserCodeFailed: at the first that may not be.
    """
    judge = _Declared(io.BytesIO(), {*LIBRARIES, *_STANDARD, *declared, *own}, where)
    for name in sorted(names):
        module, _, last = name.rpartition(".")
        judge.find_class(module, last)


class _Declared(pickle.Unpickler):
    def __init__(self, content: io.BytesIO, allowed: set[str], where: object) -> None:
        super().__init__(content)
        self._allowed, self._where = allowed, where

    def find_class(self, module: str, name: str) -> Any:
        """Return a global that the pickle names, if it may."""
        if not self._may(module, name):
            raise self._undeclared(f"{module}.{name}", module)
        found: Any = super().find_class(module, name.partition(".")[0])
        for part in name.split(".")[1:]:
            if isinstance(found, ModuleType):
                break
            found = getattr(found, part)
        if isinstance(found, ModuleType) or name.rpartition(".")[2] in _LOADERS:
            raise UserCodeFailed(
                "The estimator reaches through a module, or for what loads or runs more; it was not made.",
                where=self._where,
                got=f"{module}.{name}",
                allowed="types and functions by the name of their own module",
            )
        home, own_name = _home(found), str(getattr(found, "__name__", name))
        if not self._may(home, own_name):  # imported there from elsewhere: `from subprocess import run` is no cover
            raise self._undeclared(f"{module}.{name}, which is {home}.{own_name}", home)
        return found

    def _may(self, module: str, name: str) -> bool:
        top = module.partition(".")[0]
        if top in {"builtins", "__builtin__"}:
            return name.partition(".")[0] not in _BUILTINS_REFUSED
        return top in self._allowed

    def _undeclared(self, got: str, module: str) -> UserCodeFailed:
        return UserCodeFailed(
            "The estimator holds a type that is not declared; it was not made.",
            where=self._where,
            got=got,
            allowed=f"types of {shown_names(sorted(self._allowed - set(_STANDARD)))}",
            mend=f"If the team means it, declare train: {{types: [{module.partition('.')[0]}]}}, and do this again.",
        )


def _home(found: Any) -> str:
    """Return the module that something is of: its own, or that of what it is bound to, or that of its type."""
    bound = getattr(found, "__self__", None)
    holders = (found, getattr(found, "__objclass__", None), bound if isinstance(bound, type) else type(bound))
    home = next((said for holder in holders if isinstance(said := getattr(holder, "__module__", None), str)), "")
    top = home.partition(".")[0]
    return top[1:] if top.startswith("_") and top[1:] in _STANDARD else home  # `_functools` is `functools`, in C
