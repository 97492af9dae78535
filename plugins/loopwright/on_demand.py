"""What a room hands on, imported when it is asked for: to name one thing of it needs none of what the others need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def on_demand(room: str, modules: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a package whose names come from its modules (PEP 562).

    :param room: the package's ``__name__``.
    :param modules: the module of each name.
    """

    def found(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {room!r} has no attribute {name!r}", name=name)
        return getattr(import_module(f"{room}.{modules[name]}"), name)

    return found
